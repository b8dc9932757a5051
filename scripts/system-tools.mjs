/**
 * The one table of programs that this repository needs from the operating system, and how they get there:
 * by apt-get where we are root on Debian or Ubuntu, otherwise as the exact line for a person to run.
 * Plain JavaScript for old Nodes; it deliberately never calls sudo and never touches package sources.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {{ command: string, debian: string, why: string, only?: 'machine' | 'peers' }} SystemTool
 * command: the program, or the path of a file; debian: the package that brings it on Debian and Ubuntu; why: what it is
 * for here; only: the one thing that needs it, which fetches it itself: the test machine because it is big, the peers of a
 * benchmark because nothing else has a use for them.
 */

/** @type {readonly SystemTool[]} */
const systemTools = [
  { command: 'unshare', debian: 'util-linux', why: 'fresh namespaces around the kernel tests and the demo' },
  { command: 'nsenter', debian: 'util-linux', why: 'starts programs inside a namespace that exists' },
  { command: 'setpriv', debian: 'util-linux', why: 'ends the lab with the process that started it' },
  { command: 'mount', debian: 'mount', why: 'a private /run inside those namespaces' },
  { command: 'ip', debian: 'iproute2', why: 'network namespaces, links, addresses, routes' },
  { command: 'nft', debian: 'nftables', why: 'loads rule sets and reads them back' },
  { command: 'conntrack', debian: 'conntrack', why: 'looks at live flows and ends them' },
  { command: 'nmap', debian: 'nmap', why: "the attacker's scans" },
  { command: 'tcpdump', debian: 'tcpdump', why: 'sees what really crossed a link' },
  { command: 'curl', debian: 'curl', why: 'a real HTTPS client' },
  { command: 'ping', debian: 'iputils-ping', why: 'echo over both families' },
  { command: 'arping', debian: 'iputils-arping', why: 'ARP from a chosen address' },
  { command: 'ndisc6', debian: 'ndisc6', why: 'neighbour discovery by hand' },
  { command: 'dnsmasq', debian: 'dnsmasq-base', why: 'a real DHCP server for the kernel tests' },
  { command: 'busybox', debian: 'busybox', why: 'a real DHCP client, udhcpc' },
  { command: 'pgrep', debian: 'procps', why: 'finds the way into a demo that stays up' },
  { command: 'zsh', debian: 'zsh', why: 'completion is tried in the real shell' },
  { command: 'fish', debian: 'fish', why: 'completion is tried in the real shell' },
  { command: 'openssl', debian: 'openssl', why: 'certificates for the HTTPS servers of the demo' },
  { command: 'qemu-system-x86_64', debian: 'qemu-system-x86', why: 'the test machine', only: 'machine' },
  { command: 'qemu-img', debian: 'qemu-utils', why: 'disks of the test machine', only: 'machine' },
  { command: 'mmdebstrap', debian: 'mmdebstrap', why: 'Debian on the test machine', only: 'machine' },
  { command: 'mkfs.ext4', debian: 'e2fsprogs', why: 'the root disk of the test machine', only: 'machine' },
  { command: 'xz', debian: 'xz-utils', why: 'unpacks the kernel of the test machine', only: 'machine' },
  { command: 'nginx', debian: 'nginx', why: 'a peer of the application firewall', only: 'peers' },
  {
    command: '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so',
    debian: 'libnginx-mod-http-modsecurity',
    why: 'ModSecurity in nginx',
    only: 'peers',
  },
  {
    command: '/usr/share/modsecurity-crs/owasp-crs.load',
    debian: 'modsecurity-crs',
    why: 'the Core Rule Set',
    only: 'peers',
  },
]

/**
 * The Debian packages of the tools that every test may use: what a machine needs to run the kernel tests.
 * @returns {string[]}
 */
export function packagesForKernelTests() {
  return packagesOf(systemTools.filter(({ only }) => only === undefined))
}

/**
 * PATH with the sbin directories, which Debian leaves out for everybody but root.
 * @param {string | undefined} path
 * @returns {string}
 */
export function pathWithSbin(path) {
  const parts = (path ?? '').split(delimiter).filter((part) => part !== '')
  for (const sbin of ['/usr/local/sbin', '/usr/sbin', '/sbin']) if (!parts.includes(sbin)) parts.push(sbin)
  return parts.join(delimiter)
}

/**
 * The tools of the table that no directory of `path` has.
 * @param {string} path
 * @param {'machine' | 'peers' | undefined} stage
 * @returns {SystemTool[]}
 */
function missingTools(path, stage) {
  const directories = path.split(delimiter)
  return systemTools.filter(
    ({ command, only }) =>
      only === stage &&
      !(command.startsWith('/')
        ? existsSync(command)
        : directories.some((directory) => isProgram(join(directory, command)))),
  )
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Installs what is missing if that is ours to do. Returns null when everything is there, else what to tell
 * the person: which programs are missing and the line that brings them. Without a stage those that all need.
 * @param {string} path
 * @param {'machine' | 'peers'} [stage]
 * @returns {string | null}
 */
export function ensureSystemTools(path, stage) {
  if (process.platform !== 'linux') return null
  let missing = missingTools(path, stage)
  if (missing.length === 0) return null
  const hasApt = existsSync('/usr/bin/apt-get')
  if (hasApt && process.getuid?.() === 0) {
    process.stderr.write(`installing ${packagesOf(missing).join(' ')} with apt-get\n`)
    if (!aptInstall(missing)) {
      // A fresh image has no package lists yet, or old ones.
      apt(['update', '-q'])
      aptInstall(missing)
    }
    missing = missingTools(path, stage)
    if (missing.length === 0) return null
  }
  const list = missing.map(({ command, debian, why }) => `  ${command.padEnd(10)} ${why} (package ${debian})`)
  const packages = packagesOf(missing).join(' ')
  const advice = hasApt
    ? `run:\n\n  sudo apt-get install -y --no-install-recommends ${packages}\n`
    : `install them with this system's package manager; on Debian the packages are: ${packages}`
  return `programs missing on this machine:\n${list.join('\n')}\n${advice}`
}

/** @param {readonly SystemTool[]} tools */
function packagesOf(tools) {
  return [...new Set(tools.map(({ debian }) => debian))]
}

/** @param {readonly SystemTool[]} tools */
function aptInstall(tools) {
  return apt(['install', '-q', '-y', '--no-install-recommends', ...packagesOf(tools)])
}

/** @param {readonly string[]} args */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Standard output belongs to the command that was asked for (`--json`), so all of this goes to stderr.
  return spawnSync('/usr/bin/apt-get', args, { env, stdio: ['ignore', 2, 2] }).status === 0
}
