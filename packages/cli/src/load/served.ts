/**
 * What the child may read, decided and read by the process that started it: regular files below the policy's project
 * that are no more secret than the policy itself. The child is hostile, and may ask for anything.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Ask } from './message.ts'
import { formatOf, resolveFor } from './resolve.ts'

export interface Served {
  readonly answer: Answer
  readonly body?: Uint8Array
}

/** Questions about files. */
export type Question = Extract<Ask, { readonly kind: 'resolve' | 'read' | 'look' | 'list' }>

/** One file at most this large; a list of a million addresses has 40 MB. */
const FILE_BYTES = 128 << 20

/** Answers the questions of a child that evaluates `file`, which lies in `project`; both real paths. */
export function servantOf(file: string, project: string): (question: Question) => Served {
  const ruleFor = guardOf(file, project)
  return (question) => {
    try {
      return answerTo(question, ruleFor)
    } catch (error) {
      return { answer: refusal(error) }
    }
  }
}

/** The real path of what may be read; throws where it may not. */
type Guard = (path: string) => { readonly path: string; readonly stats: Stats }

function answerTo(question: Question, guard: Guard): Served {
  switch (question.kind) {
    case 'resolve': {
      const importer = String(question.importer)
      guard(fileURLToPath(importer))
      return {
        answer: { kind: 'resolved', url: resolveFor(String(question.specifier), importer, question.manner) },
      }
    }
    case 'read': {
      const { path } = guard(String(question.path))
      const body = readRegular(path)
      return { answer: { kind: 'file', format: formatOf(path, body, question.manner) }, body }
    }
    case 'look': {
      const { path, stats } = guard(String(question.path))
      return { answer: { kind: 'look', path, what: whatIs(stats, path), sizeBytes: stats.size } }
    }
    case 'list': {
      const { path } = guard(String(question.path))
      return { answer: { kind: 'list', entries: entriesOf(path, guard) } }
    }
    default:
      return question satisfies never
  }
}

/**
 * Below the project, links resolved; nothing hidden, where keys and tokens live; and only what everybody may read, or
 * what is kept as close as the policy itself. So a policy that root evaluates learns nothing that its readers could not.
 */
function guardOf(policy: string, project: string): Guard {
  const policyStats = statSync(policy)
  const isPrivate = (path: string, stats: Stats): boolean => {
    const wanted = stats.isDirectory() ? 0o005 : 0o004
    if ((stats.mode & wanted) !== wanted) return true
    for (let folder = dirname(path); folder.length > project.length; folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return true
    }
    return false
  }
  const policyIsPrivate = isPrivate(policy, policyStats)
  return (asked) => {
    if (asked.includes('\0')) throw coded('ENOENT', 'a path holds no null byte')
    const path = realpathSync(asked)
    const inside = relative(project, path)
    if (inside === '..' || inside.startsWith(`..${sep}`) || inside.startsWith(sep)) {
      throw coded('ERR_ACCESS_DENIED', `a policy may not read outside its project: ${asked}`)
    }
    const names = inside.split(sep)
    // Where pnpm keeps packages.
    if (
      names.some(
        (name, at) => name.startsWith('.') && !(name === '.pnpm' && names[at - 1] === 'node_modules'),
      )
    ) {
      throw coded('ERR_ACCESS_DENIED', `a policy may not read hidden files: ${asked}`)
    }
    const stats = lstatSync(path)
    const isKeptAlike = policyIsPrivate && stats.uid === policyStats.uid && stats.gid === policyStats.gid
    if (path !== policy && isPrivate(path, stats) && !isKeptAlike) {
      throw coded('ERR_ACCESS_DENIED', `a policy may not read what is more private than itself: ${asked}`)
    }
    return { path, stats }
  }
}

function readRegular(path: string): Buffer {
  // What was a file a moment ago may be a pipe now, and opening a pipe waits.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    whatIs(stats, path)
    if (stats.size > FILE_BYTES) throw coded('EFBIG', `${path} has more than ${FILE_BYTES >> 20} MB`)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

function entriesOf(folder: string, guard: Guard): (readonly [name: string, what: 'file' | 'folder'])[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      try {
        const { path, stats } = guard(join(folder, name))
        return [[name, whatIs(stats, path)] as const]
      } catch {
        return []
      }
    })
}

function whatIs(stats: Stats, path: string): 'file' | 'folder' {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  throw coded('ERR_ACCESS_DENIED', `a policy may not read what is neither file nor folder: ${path}`)
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

function refusal(error: unknown): Extract<Answer, { kind: 'refused' }> {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return { kind: 'refused', code: code ?? 'ERR', message: message ?? String(error) }
}
