/**
 * The child gives up what it still may, before it reads a policy: files it inherited, its user, the right to read and
 * write. Whatever cannot be given up is an error, and then nothing is evaluated.
 */
import { closeSync, promises, readdirSync, readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'

/** stdin, stdout, stderr and the channel. */
const KEPT_FILES = 4
/** From `asm-generic/fcntl.h`, the same on every architecture Node runs on. */
const O_CLOEXEC = 0o2000000

/** Throws where a right remains. */
export async function giveUpRights(becomeId: number | null): Promise<void> {
  // The threads that do its work in the background: later it may start none.
  await promises.stat(process.execPath).catch(() => {})
  flushCompileCache()
  const onLinux = process.platform === 'linux'
  if (onLinux) closeInherited()
  if (becomeId !== null) become(becomeId)
  if (onLinux) requireNoCapabilities()
  const { permission } = process as unknown as {
    readonly permission: { has(scope: string): boolean; drop(scope: string): void }
  }
  permission.drop('fs.read')
  permission.drop('fs.write')
  for (const scope of ['fs.read', 'fs.write', 'child', 'worker', 'wasi', 'addon', 'inspector']) {
    if (permission.has(scope)) throw new Error(`it kept the right to ${scope}`)
  }
}

function become(id: number): void {
  process.setgroups?.([])
  process.setgid?.(id)
  process.setuid?.(id)
  const [users, groups] = [process.getuid?.(), process.getgroups?.()]
  if (users !== id || process.geteuid?.() !== id) throw new Error(`it is user ${users}, not ${id}`)
  if (groups?.some((group) => group !== id)) throw new Error(`it is in the groups ${groups.join(', ')}`)
}

/** Files that a program before this one left open; Node's own all close at the next program. */
function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd < KEPT_FILES) continue
    const flags = /^flags:\s*(\d+)$/m.exec(infoOf(name))?.[1]
    if (flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0) closeSync(fd)
  }
}

/** Empty for the file that listed the others, which is closed by now. */
function infoOf(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  } catch {
    return ''
  }
}

function requireNoCapabilities(): void {
  const status = readFileSync('/proc/self/status', 'utf8')
  for (const [line, , value] of status.matchAll(/^(Cap(?:Prm|Eff|Amb)):\s*([0-9a-f]+)$/gm)) {
    if (!/^0+$/.test(value as string)) throw new Error(`it kept capabilities: ${line}`)
  }
}
