/**
 * Finds the remote connection that a command was called from: what SSH told its session, or, where sudo has stripped
 * that, the socket of the sshd among the parent processes. A connection of another network namespace is none of ours.
 */
import { type Address, parseAddress } from '@thingwall/policy'
import type { Machine } from './machine.ts'
import { parseConnections, type TcpConnection } from './sockets.ts'

/** The connection, seen from this machine. */
export type Caller = Omit<TcpConnection, 'inode'> & {
  /** How it was found: the variable, or the process. */
  readonly foundBy: string
}

export interface CallerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The process to start from; its parents are looked at. */
  readonly pid: number
  /** The machine's addresses: a connection to another is another namespace's. */
  readonly own: readonly Address[]
}

/** Programs that give people a terminal over TCP, as the kernel names their processes. */
const SERVERS: ReadonlySet<string> = new Set([
  'sshd',
  'sshd-session',
  'dropbear',
  'in.telnetd',
  'telnetd',
  'ttyd',
])
const DEEPEST = 64

/** The connection that this command would cut if it cut its caller off; null when called from nowhere else. */
export async function findCaller(machine: Machine, options: CallerOptions): Promise<Caller | null> {
  const told = toldBySsh(options.env.SSH_CONNECTION)
  if (told !== null && options.own.includes(told.local)) return told
  const found = await throughParents(machine, options.pid)
  return found !== null && options.own.includes(found.local) ? found : null
}

/** `SSH_CONNECTION`: client address, client port, server address, server port. */
function toldBySsh(text: string | undefined): Caller | null {
  const [client = '', clientPort, server = '', serverPort] = (text ?? '').split(' ')
  const [peer, local] = [client, server].map((one) => parseAddress(one.replace(/%.*$/, '')))
  const [peerPort, localPort] = [Number(clientPort), Number(serverPort)]
  if (peer == null || local == null || !isPort(peerPort) || !isPort(localPort)) return null
  return { local, localPort, peer, peerPort, foundBy: 'SSH_CONNECTION' }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

async function throughParents(machine: Machine, start: number): Promise<Caller | null> {
  const [home] = await machine.links(`/proc/${start}/ns/net`)
  let pid = start
  for (let depth = 0; depth < DEEPEST && pid > 1; depth++) {
    const process = parseStat(await machine.read(`/proc/${pid}/stat`))
    if (process === null) return null
    if (SERVERS.has(process.name)) {
      const [namespace] = await machine.links(`/proc/${pid}/ns/net`)
      const connection = namespace === home ? await connectionOf(machine, pid) : null
      if (connection !== null) return { ...connection, foundBy: `${process.name} (process ${pid})` }
    }
    pid = process.parent
  }
  return null
}

/** Name and parent from `/proc/PID/stat`. The name stands in brackets and may hold any character. */
export function parseStat(text: string | null): { readonly name: string; readonly parent: number } | null {
  const match = /^\d+ \((.*)\) \S (\d+) /s.exec(text ?? '')
  return match === null ? null : { name: match[1] as string, parent: Number(match[2]) }
}

async function connectionOf(machine: Machine, pid: number): Promise<Omit<TcpConnection, 'inode'> | null> {
  const [files, four, six] = await Promise.all([
    machine.links(`/proc/${pid}/fd`),
    machine.read(`/proc/${pid}/net/tcp`),
    machine.read(`/proc/${pid}/net/tcp6`),
  ])
  const inodes = new Set(files.flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []))
  const open = [...parseConnections(four ?? ''), ...parseConnections(six ?? '')]
  const connection = open.find(({ inode }) => inodes.has(inode))
  if (connection === undefined) return null
  const { inode: _, ...rest } = connection
  return rest
}
