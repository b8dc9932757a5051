/**
 * Finds the line of what has no call of its own: entries of a list or of `quarantine`, items of `tests`, and
 * properties such as a network's `interface`. The enclosing call's place is known; the key is looked up inside
 * that call's arguments. What is spread or computed keeps the place of what encloses it.
 */
import type { Origin } from '@thingwall/policy'
import type { AnyNode, CallExpression, Expression, Program, SpreadElement } from 'acorn'
import { nodesOf, treeOf } from './syntax.ts'

/** Answers places; reads and parses each file once. */
export interface Locator {
  /** The place of the value under `keys` inside the call written at `origin`; else the nearest that is known. */
  readonly locate: (origin: Origin, keys: readonly (string | number)[]) => Origin
}

interface Source {
  readonly calls: ReadonlyMap<string, CallExpression>
  /** What top-level and other names were declared as, for `entries: botnets`. */
  readonly declared: ReadonlyMap<string, Expression>
}

/** A locator for the files below one folder; what a policy claims to stand elsewhere is not opened. */
export function locatorFor(
  isReadable: (file: string) => boolean,
  stripped: Readonly<Record<string, string>>,
): Locator {
  const sources = new Map<string, Source | null>()
  const sourceOf = (file: string): Source | null => {
    let source = sources.get(file)
    if (source === undefined) {
      const tree = isReadable(file) ? treeOf(file, stripped[file]) : null
      source = tree === null ? null : readSource(tree)
      sources.set(file, source)
    }
    return source
  }
  return {
    locate(origin, keys) {
      const source = sourceOf(origin.file)
      const call = source?.calls.get(`${origin.line}:${origin.column}`)
      if (source === null || call === undefined) return origin
      const found = descend(source, call, keys)
      return found === null ? origin : { file: origin.file, line: found.line, column: found.column + 1 }
    },
  }
}

function readSource(tree: Program): Source {
  const calls = new Map<string, CallExpression>()
  const declared = new Map<string, Expression>()
  for (const node of nodesOf(tree)) {
    if (node.type === 'CallExpression') {
      // V8 places a call at its callee's name: `list(`, or `out` in `allow.out(`; but behind it where the name is a
      // keyword, as in `allow.in(`.
      const callee = node.callee.type === 'MemberExpression' ? node.callee.property : node.callee
      for (const at of [callee.loc?.start, callee.loc?.end]) {
        if (at !== undefined) calls.set(`${at.line}:${at.column + 1}`, node)
      }
    } else if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.init) {
      declared.set(node.id.name, node.init)
    }
  }
  return { calls, declared }
}

interface Place {
  readonly line: number
  readonly column: number
}

/** The deepest place on the way along `keys`; null where not even the first is written out. */
function descend(source: Source, call: CallExpression, keys: readonly (string | number)[]): Place | null {
  let values: readonly (Expression | SpreadElement)[] = call.arguments
  let place: Place | null = null
  for (const key of keys) {
    const step = stepInto(source, values, key)
    if (step === null) break
    place = step.place
    values = [step.value]
  }
  return place
}

function stepInto(
  source: Source,
  values: readonly (Expression | SpreadElement)[],
  key: string | number,
): { readonly place: Place; readonly value: Expression } | null {
  for (const written of values) {
    const value = meaningOf(source, written)
    if (value?.type === 'ArrayExpression' && typeof key === 'number') {
      const spread = value.elements.findIndex((element) => element?.type === 'SpreadElement')
      const item = spread === -1 || spread > key ? value.elements[key] : null
      if (item && item.type !== 'SpreadElement' && item.loc) return { place: item.loc.start, value: item }
    }
    if (value?.type !== 'ObjectExpression') continue
    // The last of two equal keys is the one that counts.
    for (const property of value.properties.toReversed()) {
      if (property.type === 'SpreadElement') {
        const inner = stepInto(source, [property.argument], key)
        if (inner !== null) return inner
      } else if (keyOf(property.key, property.computed) === String(key) && property.loc) {
        return { place: property.loc.start, value: property.value }
      }
    }
  }
  return null
}

/** A name stands for what it was declared as; `x as T` has lost its type already, `Object.freeze(x)` is not read. */
function meaningOf(source: Source, node: AnyNode): Expression | null {
  if (node.type === 'SpreadElement') return null
  if (node.type === 'Identifier') return source.declared.get(node.name) ?? null
  return node.type === 'ParenthesizedExpression' ? meaningOf(source, node.expression) : (node as Expression)
}

function keyOf(key: AnyNode, computed: boolean): string | null {
  if (key.type === 'Literal') return String(key.value)
  return key.type === 'Identifier' && !computed ? key.name : null
}
