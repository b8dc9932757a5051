/**
 * Reads policies written as data: a YAML or JSON file and the files it includes, each value with its place.
 *
 * Data runs no code, so it is read here and not in a child. `include` follows names and patterns below the project's
 * folder only, so that nothing else of the machine is ever shown in a message. What the data means is `fromWritten`'s.
 */
import { globSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { type Diagnostic, diagnose, fromWritten, type Origin, type WrittenFile } from '@thingwall/policy'
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml'
import type { Locator } from './locate.ts'
import { isBelow } from './project.ts'

type Keys = readonly (string | number)[]

export interface Written {
  /** For `validate`. */
  readonly input: unknown
  readonly diagnostics: readonly Diagnostic[]
  readonly locator: Locator
}

const LARGEST_BYTES = 64 << 20
const MOST_FILES = 1000
/** Aliases let a short file say much; what they may multiply to is bounded. */
const MOST_ALIASES = 100

/** Whether a policy of this name is data. */
export function isWritten(file: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(file)
}

/** The policy that a file and all it includes come to. */
export function readWritten(file: string, project: string): Written {
  const diagnostics: Diagnostic[] = []
  const trees = new Map<string, Tree>()
  const waiting: { readonly path: string; readonly from: Origin | null }[] = [{ path: file, from: null }]
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (trees.has(next.path)) continue
    if (trees.size >= MOST_FILES) {
      diagnostics.push(fault(`a policy of more than ${MOST_FILES} files`, next.from, 'Include fewer files.'))
      break
    }
    const tree = treeOf(next.path, next.from, diagnostics)
    if (tree === null) continue
    trees.set(next.path, tree)
    waiting.push(...includesOf(tree, project, diagnostics))
  }
  const files = [...trees.values()]
  const input = canonicalOf(files)
  if (input !== null) return { input, diagnostics, locator: { locate: (origin) => origin } }
  const [written, found] = fromWritten(files)
  return { input: written, diagnostics: [...diagnostics, ...found], locator: locatorOf(trees) }
}

/** A canonical document, which places itself, is what other commands print: it is taken as it is. */
function canonicalOf(files: readonly Tree[]): unknown {
  const [first] = files
  const data = first?.data
  const isCanonical = typeof data === 'object' && data !== null && 'format' in data
  return files.length === 1 && isCanonical ? data : null
}

/** One file, parsed; null where it cannot be, which is then among the diagnostics. */
export function readTree(file: string, diagnostics: Diagnostic[]): WrittenFile | null {
  return treeOf(file, null, diagnostics)
}

interface Tree extends WrittenFile {
  readonly file: string
  readonly nodeAt: (origin: Origin) => Node | null
  readonly originOfKeys: (from: Node | null, keys: Keys) => Origin | null
}

function treeOf(file: string, from: Origin | null, diagnostics: Diagnostic[]): Tree | null {
  const text = textOf(file, from, diagnostics)
  if (text === null) return null
  const lines = new LineCounter()
  const document = parse(text, lines)
  if (document === null) {
    diagnostics.push(fault('this is nested too deep', { file, line: 1, column: 1 }, 'Flatten it.'))
    return null
  }
  const place = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const faults = [...document.errors, ...document.warnings]
  for (const error of faults.slice(0, 20)) {
    const message = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not YAML'
    diagnostics.push(fault(message, place(error.pos[0]), 'Mend the syntax, then run this again.'))
  }
  if (faults.length > 0) return null
  const before = diagnostics.length
  refuseEqualKeys(document, place, diagnostics)
  if (diagnostics.length > before) return null
  const data = dataOf(document, file, diagnostics)
  return data === undefined ? null : treeWith(file, document, data, place)
}

/** Null where it nests so deep that the parser's own recursion ends. */
function parse(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    // The parser's own look for equal keys compares each with each.
    return parseDocument(text, { lineCounter, uniqueKeys: false, version: '1.2' })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function treeWith(
  file: string,
  document: Document.Parsed,
  data: unknown,
  place: (offset: number) => Origin,
): Tree {
  const nodes = new Map<string, Node>()
  const remember = (node: Node, offset: number): Origin => {
    const origin = place(offset)
    nodes.set(`${origin.line}:${origin.column}`, node)
    return origin
  }
  const top = document.contents
  const originOfKeys = (from: Node | null, keys: Keys): Origin | null => {
    let node: Node | null = from
    let found: Origin | null = null
    for (const key of keys) {
      const step = node === null ? null : stepInto(document, node, key)
      if (step === null) break
      node = step.value
      found = remember(step.value ?? step.key, step.key.range?.[0] ?? 0)
    }
    return found
  }
  const start = top === null ? { file, line: 1, column: 1 } : remember(top, top.range[0])
  return {
    file,
    data,
    originOf: (keys) => originOfKeys(top, keys) ?? start,
    nodeAt: ({ line, column }) => nodes.get(`${line}:${column}`) ?? null,
    originOfKeys,
  }
}

function stepInto(
  document: Document,
  node: Node,
  key: string | number,
): { readonly key: Node; readonly value: Node | null } | null {
  const here = isAlias(node) ? node.resolve(document) : node
  if (isSeq(here) && typeof key === 'number') {
    const item = here.items[key] as Node | undefined
    return item === undefined ? null : { key: item, value: item }
  }
  if (!isMap(here)) {
    // One thing where several may stand.
    return key === 0 && here !== undefined ? { key: node, value: node } : null
  }
  for (const pair of here.items) {
    const name = pair.key as Node & { readonly value?: unknown }
    if (String(name.value) === String(key)) return { key: name, value: (pair.value as Node | null) ?? null }
  }
  return null
}

function dataOf(document: Document.Parsed, file: string, diagnostics: Diagnostic[]): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {}
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const origin = { file, line: 1, column: 1 }
    diagnostics.push(fault(message, origin, 'Write repeated parts out, or use fewer aliases.'))
    return undefined
  }
}

/** The last of two equal keys would count, and nobody would know. */
function refuseEqualKeys(
  document: Document,
  place: (offset: number) => Origin,
  diagnostics: Diagnostic[],
): void {
  const open: unknown[] = [document.contents]
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    if (!isCollection(node)) continue
    if (!isMap(node)) {
      open.push(...node.items)
      continue
    }
    const seen = new Map<string, Node>()
    for (const pair of node.items) {
      const key = pair.key as Node & { readonly value?: unknown }
      const name = String(key.value)
      const first = seen.get(name)
      if (first === undefined) seen.set(name, key)
      else {
        const there = place(first.range?.[0] ?? 0)
        diagnostics.push(
          diagnose('TW1016', {
            message: `\`${name}\` stands here twice`,
            path: '',
            hint: 'Keep one of them.',
            origin: place(key.range?.[0] ?? 0),
            related: there,
          }),
        )
      }
      open.push(pair.value)
    }
  }
}

function includesOf(
  tree: Tree,
  project: string,
  diagnostics: Diagnostic[],
): { readonly path: string; readonly from: Origin | null }[] {
  const data = tree.data as { readonly include?: unknown } | null
  const given = typeof data === 'object' && data !== null ? data.include : undefined
  if (given === undefined || given === null) return []
  const folder = dirname(tree.file)
  return (Array.isArray(given) ? given : [given]).flatMap((name: unknown, at) => {
    const from = tree.originOf(['include', at])
    const stop = (message: string, hint: string): [] => {
      diagnostics.push(fault(message, from, hint))
      return []
    }
    if (typeof name !== 'string' || name === '') {
      return stop('`include` takes names of files', 'write include: [lists/botnets.yaml, kinds/*.yaml]')
    }
    const paths = /[*?[{]/.test(name) ? globSync(name, { cwd: folder }).sort() : [name]
    if (paths.length === 0) return stop(`no file is like ${name}`, 'Mend the pattern, or leave it out.')
    return paths.flatMap((one) => {
      const path = resolve(folder, one)
      if (!isThere(path)) return stop(`there is no file ${one}`, `It is looked for in ${folder}.`)
      if (!isBelow(project, path)) {
        return stop(`${one} is outside the policy's project`, `Move it below ${project}.`)
      }
      if (!isWritten(path))
        return stop(`${one} is neither YAML nor JSON`, 'Only .yaml, .yml and .json are included.')
      return [{ path: realpathSync(path), from }]
    })
  })
}

function locatorOf(trees: ReadonlyMap<string, Tree>): Locator {
  return {
    locate(origin, keys) {
      const tree = trees.get(origin.file)
      const node = tree?.nodeAt(origin) ?? null
      return (node === null ? null : tree?.originOfKeys(node, keys)) ?? origin
    },
  }
}

function textOf(file: string, from: Origin | null, diagnostics: Diagnostic[]): string | null {
  try {
    const { size } = statSync(file)
    if (size > LARGEST_BYTES) {
      diagnostics.push(
        fault(`${relative(dirname(file), file)} is larger than ${LARGEST_BYTES >> 20} MB`, from, 'Split it.'),
      )
      return null
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const why = error instanceof TypeError ? 'is not UTF-8 text' : 'cannot be read'
    diagnostics.push(fault(`${file} ${why}`, from ?? { file, line: 1, column: 1 }, 'Look at the file.'))
    return null
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function fault(message: string, origin: Origin | null, hint: string): Diagnostic {
  return diagnose('TW1022', { message, path: '', hint, origin })
}
