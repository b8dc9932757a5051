/**
 * The privileged process: reads one request after the other from the socket it was given, does it, answers, and ends when
 * the other side does. It has no event loop, no timers and no other input; whoever started it decides what it may be
 * asked, by `purpose`: rules are changed by a process that cannot change files.
 */
import { existsSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { Refused } from './checked.ts'
import { type DirectElements, openDirectElements } from './direct-elements.ts'
import { writeSteps } from './element-changes.ts'
import { type Frame, FrameReader, writeFrame } from './frame.ts'
import { JSON_OUTPUT, type Library, openLibrary, STATELESS, TERSE } from './library.ts'
import { type Request, readRequest, type SocketRequest } from './request.ts'
import { dropRights } from './rights.ts'
import { requireRuleText } from './rule-text.ts'
import { openSocket } from './sockets.ts'
import { makeBlocking, openSystem, type System, sendDescriptor } from './system.ts'

/** What a process is for, which it is told when it is started. */
export type Purpose = 'rules' | 'kernel'

/** Every answer's head. `hello` is said once, unasked, when the process is ready. */
export type Answer =
  | { readonly kind: 'hello' }
  | { readonly kind: 'done' }
  /** The payload is what was listed. */
  | { readonly kind: 'listing' }
  /** nft or the kernel said no, in its own words. Nothing was changed. */
  | { readonly kind: 'refused'; readonly said: string }
  /** The request is none that is served here. */
  | { readonly kind: 'forbidden'; readonly because: string }

interface Service {
  readonly fd: number
  readonly purpose: Purpose
  readonly system: System
  readonly library: Library | null
  readonly direct: DirectElements
}

const PIECE_BYTES = 1024 * 1024
const SAID_LENGTH = 4000

/** Never returns: the process ends with its socket. */
export function serve(options: {
  readonly fd: number
  readonly purpose: Purpose
  readonly uid: number
  readonly gid: number
}): never {
  const { fd, purpose, uid, gid } = options
  const system = openSystem()
  makeBlocking(system, fd)
  // Both bind native code, so before the rights for that are gone.
  const library = purpose === 'rules' ? openLibrary() : null
  dropRights(system, { uid, gid, files: purpose === 'rules' ? 'read' : 'change' })
  const service: Service = { fd, purpose, system, library, direct: openDirectElements(system) }
  say(fd, { kind: 'hello' })
  const reader = new FrameReader()
  for (;;) {
    const piece = Buffer.allocUnsafe(Math.max(4096, Math.min(PIECE_BYTES, reader.missing)))
    const count = readSync(fd, piece)
    if (count === 0) process.exit(0)
    for (const frame of reader.push(piece.subarray(0, count))) answer(service, frame)
  }
}

function answer(service: Service, frame: Frame): void {
  try {
    perform(service, readRequest(frame.head), frame.payload)
  } catch (error) {
    if (error instanceof Refused) say(service.fd, { kind: 'forbidden', because: error.message })
    else refuse(service.fd, error instanceof Error ? error.message : String(error))
  }
}

function perform(service: Service, request: Request, payload: Buffer): void {
  const { fd, system, library } = service
  switch (request.op) {
    case 'setting':
      requirePurpose(service, 'kernel')
      set(request)
      say(fd, { kind: 'done' })
      return
    case 'socket':
      requirePurpose(service, 'kernel')
      handOver(system, fd, request.socket)
      return
    default:
      if (library === null) throw new Refused('this process changes no rules')
      changeOrList(service, library, request, payload)
  }
}

function requirePurpose({ purpose }: Service, wanted: Purpose): void {
  if (purpose !== wanted) throw new Refused('this process is for something else')
}

function changeOrList(
  { fd, direct }: Service,
  library: Library,
  request: Exclude<Request, { readonly op: 'setting' | 'socket' }>,
  payload: Buffer,
): void {
  switch (request.op) {
    case 'load':
    case 'check':
      requireRuleText(payload.toString('latin1'))
      change(fd, library, payload, request.op === 'check')
      return
    case 'elements':
      // What is not done without a text is done with one, which also says what is wrong with it.
      if (attempt(() => direct.change(request.steps))) say(fd, { kind: 'done' })
      else change(fd, library, Buffer.from(writeSteps(request.steps)), false)
      return
    case 'fill':
      if (attempt(() => direct.fill(request, payload))) say(fd, { kind: 'done' })
      else refuse(fd, `${request.set} is to be filled by nft`)
      return
    case 'rules':
      list(fd, library, 'list ruleset', TERSE | STATELESS)
      return
    case 'objects':
      list(fd, library, 'list ruleset', TERSE | JSON_OUTPUT)
      return
    case 'table':
      list(fd, library, `list table ${request.family} ${request.table}`, STATELESS)
      return
    case 'set':
    case 'map':
      list(fd, library, `list ${request.op} ${request.family} ${request.table} ${request.set}`, STATELESS)
      return
    case 'timer':
      list(fd, library, `list set ${request.family} ${request.table} ${request.set}`, 0)
      return
    default:
      request satisfies never
  }
}

/** Where nobody knows whether it was done it is not done: adding and renewing may be done again. */
function attempt(work: () => boolean): boolean {
  try {
    return work()
  } catch {
    return false
  }
}

function change(fd: number, library: Library, commands: Buffer, isDry: boolean): void {
  const { isDone, errors } = library.run(commands, { flags: 0, isDry })
  if (isDone) say(fd, { kind: 'done' })
  else refuse(fd, errors)
}

function list(fd: number, library: Library, command: string, flags: number): void {
  const { isDone, output, errors } = library.run(Buffer.from(command), { flags, isDry: false })
  if (isDone) say(fd, { kind: 'listing' }, output)
  else refuse(fd, errors)
}

function handOver(system: System, fd: number, request: SocketRequest): void {
  const opened = openSocket(system, request)
  try {
    sendDescriptor(system, fd, Buffer.concat(writeFrame({ kind: 'done' } satisfies Answer)), opened)
  } finally {
    system.close(opened)
  }
}

/** net.* settings are open to CAP_NET_ADMIN of the namespace, whoever owns the file. */
function set({ setting, value }: Request & { readonly op: 'setting' }): void {
  const path = `/proc/sys/${setting}`
  if (!existsSync(path)) throw new Error(`${setting} is not there`)
  writeFileSync(path, `${value}\n`)
}

function refuse(fd: number, said: string): void {
  say(fd, { kind: 'refused', said: said.slice(0, SAID_LENGTH) })
}

function say(fd: number, head: Answer, payload?: Buffer): void {
  for (const bytes of writeFrame(head, payload)) {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent)
  }
}
