/**
 * Why a machine does not let an ordinary user make namespaces, in words, and what to do about it. It only
 * reads the kernel's own switches and what the refused program said; it changes nothing.
 */
import { readFileSync } from 'node:fs'

/** Explains a refused `unshare`; `said` is what it printed. */
export function explainRefusal(said: string): { readonly reason: string; readonly fix: string } {
  const orAsRoot = 'or run the command as root'
  if (process.platform !== 'linux') {
    return { reason: `network namespaces are Linux's; this is ${process.platform}`, fix: 'run it on Linux' }
  }
  if (/ENOENT|No such file|not found/.test(said)) {
    return {
      reason: `a program is missing: ${said}`,
      fix: 'install util-linux (unshare, setpriv, mount) and iproute2 (ip)',
    }
  }
  if (switchedTo('/proc/sys/user/max_user_namespaces', '0')) {
    return {
      reason: 'this machine allows no user namespaces (user.max_user_namespaces is 0)',
      fix: `sysctl -w user.max_user_namespaces=1000, ${orAsRoot}`,
    }
  }
  if (switchedTo('/proc/sys/kernel/unprivileged_userns_clone', '0')) {
    return {
      reason: 'this machine allows user namespaces to root only (kernel.unprivileged_userns_clone is 0)',
      fix: `sysctl -w kernel.unprivileged_userns_clone=1, ${orAsRoot}`,
    }
  }
  if (switchedTo('/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1')) {
    return {
      reason:
        'AppArmor takes all rights away in user namespaces (apparmor_restrict_unprivileged_userns is 1)',
      fix: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, ${orAsRoot}`,
    }
  }
  return {
    reason: `this machine or container refuses namespaces: ${said || 'no reason given'}`,
    fix: `in a container, start it with --privileged; elsewhere allow user namespaces, ${orAsRoot}`,
  }
}

function switchedTo(file: string, value: string): boolean {
  try {
    return readFileSync(file, 'utf8').trim() === value
  } catch {
    return false
  }
}
