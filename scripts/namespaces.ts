/**
 * Wraps a command so that it runs as root inside fresh network, mount and (where possible) process
 * namespaces with an empty /run: `ip netns add` and `nft` work without being root outside, and everything
 * vanishes with the processes. It deliberately builds no network inside; that is the lab's part.
 */
import { spawnSync } from 'node:child_process'

type Wrapped = { readonly program: string; readonly args: readonly string[] }
export type Wrap = (program: string, args: readonly string[]) => Wrapped

/** What runs first inside. The shell stays as the first process, because it reaps orphans and Node does not. */
const inside = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up && "$@"; exit $?'

const base = ['--net', '--mount', '--propagation', 'private', '--fork', '--kill-child']
const asUser = ['--user', '--map-root-user']
const ownProcesses = ['--pid', '--mount-proc']

/**
 * Finds the strongest isolation that this machine grants. Returns the wrapping function, or the reason why
 * there is none, as the operating system worded it.
 */
export function findNamespaces(): Wrap | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: `namespaces are Linux's, this is ${process.platform}` }
  const root = process.getuid?.() === 0
  const candidates = [
    ...(root ? [[...base, ...ownProcesses], base] : []),
    [...asUser, ...base, ...ownProcesses],
    [...asUser, ...base],
  ]
  let said = ''
  for (const flags of candidates) {
    const wrap = (program: string, args: readonly string[]): Wrapped => ({
      program: 'unshare',
      args: [...flags, 'sh', '-c', inside, 'sh', program, ...args],
    })
    const probe = wrap('sh', ['-c', 'ip netns add probe && ip netns exec probe true'])
    const { status, stderr, error } = spawnSync(probe.program, probe.args, {
      encoding: 'utf8',
      timeout: 20_000,
    })
    if (status === 0) return wrap
    said ||= error?.message ?? stderr.trim()
  }
  return { missing: `no network namespaces here, neither as root nor by user namespaces: ${said}` }
}
