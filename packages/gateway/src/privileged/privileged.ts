/**
 * nftables for a process without rights, and the few other things that need them: through the privileged process where
 * koffi and libnftables are there, otherwise through the program `nft`. The same `Nft` either way; a file is read here
 * and its text handed over, so the privileged side never opens one.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ThingwallError } from '../error.ts'
import type { Machine } from '../machine/machine.ts'
import { type Filler, type Filling, type Nft, type NftObject, openNft, refusalOf } from '../nft/program.ts'
import { type Connection, openConnection, type Question } from './connection.ts'
import { receiveSocket } from './descriptors.ts'
import { type ElementChange, writeChanges } from './element-changes.ts'
import { type Launch, spawned } from './launch.ts'
import type { Setting, SocketRequest } from './request.ts'
import type { Answer } from './serve.ts'

export interface Privileged extends Nft {
  /** Which of the two is in use, for people to read where it is the slower one. */
  readonly backend: Backend
  /** Changes elements of sets of ours in one transaction. Throws TW4007 where the kernel does not take it. */
  readonly elements: (changes: readonly ElementChange[]) => Promise<void>
  /** Sets a kernel setting; false where the kernel has no such setting or does not take it. */
  readonly setting: (setting: Setting, value: number) => Promise<boolean>
  /**
   * A netlink socket: non-blocking, to be read with `recv` and closed with `closeSync`, and of no other use without
   * rights. Throws TW4021.
   */
  readonly openSocket: (request: SocketRequest) => Promise<number>
  readonly close: () => void
}

export type Backend =
  | { readonly kind: 'library'; readonly pid: () => number | null; readonly restarts: () => number }
  | { readonly kind: 'program'; readonly because: string }

export interface PrivilegedOptions {
  /** How the process is started; default: by this one, which then needs the rights itself. */
  readonly launch?: Launch
}

/** A rule set of 100,000 devices takes some seconds on a slow machine; much longer means that nothing comes any more. */
const CHANGE_WITHIN_MS = 300_000
const LOOK_WITHIN_MS = 120_000

/** Throws TW4002 or TW4003 where there is neither a usable library nor a usable nft. */
export async function openPrivileged(machine: Machine, options: PrivilegedOptions = {}): Promise<Privileged> {
  const launch = options.launch ?? spawned()
  const connection = openConnection({ launch, purpose: 'rules' })
  try {
    await connection.ready()
  } catch (error) {
    connection.close()
    return byProgram(machine, launch, error instanceof Error ? error.message : String(error))
  }
  // Debian 12's and what came after: the library's own version is not told, and the program comes from the same source.
  const version = await openNft(machine).then(
    (program) => program.version,
    (error: unknown) => {
      if (error instanceof ThingwallError && error.code === 'TW4002') return 'library'
      connection.close()
      throw error
    },
  )
  return byLibrary(connection, launch, version)
}

function byLibrary(connection: Connection, launch: Launch, version: string): Privileged {
  const change = async (head: object, payload?: Buffer): Promise<void> => {
    const question = { head, changes: 'something', withinMs: CHANGE_WITHIN_MS } as const
    const { answer } = await connection.ask(payload === undefined ? question : { ...question, payload })
    if (answer.kind !== 'done') throw refused(answer, 'the kernel did not take the rule set')
  }
  const look = (head: object): Promise<string> => lookBy(connection, head)
  const own = onConnection(connection)
  return {
    version,
    backend: { kind: 'library', pid: connection.pid, restarts: connection.restarts },
    command: (text) => change({ op: 'load' }, Buffer.from(text)),
    load: async (file) => change({ op: 'load' }, await readFile(file)),
    check: async (file) => change({ op: 'check' }, await readFile(file)),
    rules: () => look({ op: 'rules' }),
    objects: async () =>
      (JSON.parse(await look({ op: 'objects' })) as { readonly nftables: readonly NftObject[] }).nftables,
    table: (family, table) => look({ op: 'table', family, table }),
    timer: (family, table, set) => look({ op: 'timer', family, table, set }),
    set: own.set,
    filler: async () => ({ ...own, close: () => {} }),
    elements: (changes) => change({ op: 'elements', changes }),
    setting: (setting, value) => setByProcess(launch, setting, value),
    openSocket: (request) => receiveSocket(launch, request),
    close: connection.close,
  }
}

async function lookBy(connection: Connection, head: object): Promise<string> {
  const question: Question = { head, changes: 'nothing', withinMs: LOOK_WITHIN_MS }
  const { answer, payload } = await connection.ask(question)
  if (answer.kind === 'listing') return payload.toString('utf8')
  if (answer.kind === 'refused' && /No such file or directory/.test(answer.said)) return ''
  throw refused(answer, 'nft did not answer')
}

function onConnection(connection: Connection): Omit<Filler, 'close'> {
  return {
    fill: (filling) => fill(connection, filling),
    set: (kind, family, table, set) => lookBy(connection, { op: kind, family, table, set }),
  }
}

async function fill(
  connection: Connection,
  { family, table, set, marker, elements }: Filling,
): Promise<boolean> {
  const head = { op: 'fill', family, table, set, marker }
  const payload = Buffer.from(elements, 'latin1')
  const { answer } = await connection.ask({ head, payload, changes: 'something', withinMs: CHANGE_WITHIN_MS })
  if (answer.kind === 'refused') return false
  if (answer.kind !== 'done') throw refused(answer, 'the kernel did not take the elements')
  return true
}

/** For who else has no privileged process: one is started for large sets, and ends with its work. */
export function fillerBy(launch: Launch): Nft['filler'] {
  return async () => {
    const connection = openConnection({ launch, purpose: 'rules' })
    try {
      await connection.ready()
    } catch {
      connection.close()
      return null
    }
    return { ...onConnection(connection), close: connection.close }
  }
}

/** A process of its own, because the one for rules cannot write to files. */
async function setByProcess(launch: Launch, setting: Setting, value: number): Promise<boolean> {
  const connection = openConnection({ launch, purpose: 'kernel' })
  try {
    const head = { op: 'setting', setting, value }
    // To set the same value twice is to set it once.
    const { answer } = await connection.ask({ head, changes: 'nothing', withinMs: LOOK_WITHIN_MS })
    if (answer.kind === 'forbidden') throw refused(answer, 'the setting was not made')
    return answer.kind === 'done'
  } finally {
    connection.close()
  }
}

async function byProgram(machine: Machine, launch: Launch, because: string): Promise<Privileged> {
  const nft = await openNft(machine)
  return {
    ...nft,
    backend: { kind: 'program', because },
    elements: async (changes) => {
      const folder = await mkdtemp(join(tmpdir(), 'thingwall-'))
      try {
        const file = join(folder, 'elements.nft')
        await writeFile(file, writeChanges(changes), { mode: 0o600 })
        await nft.load(file)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    setting: (setting, value) => machine.write(`/proc/sys/${setting}`, `${value}\n`),
    openSocket: (request) => receiveSocket(launch, request),
    close: () => {},
  }
}

function refused(answer: Answer, what: string): ThingwallError {
  switch (answer.kind) {
    case 'refused':
      return refusalOf(answer.said, what)
    case 'forbidden':
      return new ThingwallError('TW4007', `${what}: ${answer.because}`, {
        hint: 'what was in force still is; the privileged process only takes changes of tables of ours',
      })
    case 'hello':
    case 'done':
    case 'listing':
      return refusalOf(`the answer was ${answer.kind}`, what)
    default:
      return answer satisfies never
  }
}
