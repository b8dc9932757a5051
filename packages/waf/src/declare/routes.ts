/**
 * Which declared route a request meets: a tree of segments, walked once, the most specific template first. A path whose
 * segments do not read in one way only meets no route. It deliberately judges no value; it hands them on.
 */
import { readable } from '../request/query.ts'
import type { Template } from './template.ts'

/** The values that the path's templates stand for, by name. */
export type PathValues = ReadonlyMap<string, string>

export type RouteMatch<Route> =
  | { readonly kind: 'route'; readonly route: Route; readonly values: PathValues }
  /** The path is declared, for other methods. */
  | { readonly kind: 'method'; readonly allow: readonly string[] }
  /** No declared path, but a server that is less strict would take it for one. */
  | { readonly kind: 'spelling' }
  | { readonly kind: 'unknown' }

export type MatchRoute<Route> = (method: string, path: string) => RouteMatch<Route>

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>
  value: Node<Route> | null
  /** By method: what ends here, and what takes the rest from here. */
  readonly ends: Map<string, Ending<Route>>
  readonly rests: Map<string, Ending<Route>>
}

interface Ending<Route> {
  readonly route: Route
  readonly template: Template
}

/** Makes the tree. The templates are known not to cross one another. */
export function routesOf<Route>(
  declared: readonly { readonly template: Template; readonly route: Route }[],
): MatchRoute<Route> {
  const exact = nodeOf<Route>()
  const folded = nodeOf<Route>()
  for (const { template, route } of declared) {
    insert(exact, template, route, (text) => text)
    insert(folded, withoutSlashAtEnd(template), route, (text) => text.toLowerCase())
  }
  return (method, path) => {
    const segments = segmentsOf(path)
    if (segments !== null) {
      const allow = new Set<string>()
      const found = walk(exact, segments, 0, method, allow)
      if (found !== null)
        return { kind: 'route', route: found.route, values: valuesOf(found.template, segments) }
      if (allow.size > 0) return { kind: 'method', allow: [...allow].toSorted() }
    }
    const lenient = foldedSegmentsOf(path)
    const allow = new Set<string>()
    const spelt = walk(folded, lenient, 0, method, allow) !== null || allow.size > 0
    return { kind: spelt ? 'spelling' : 'unknown' }
  }
}

function nodeOf<Route>(): Node<Route> {
  return { literals: new Map(), value: null, ends: new Map(), rests: new Map() }
}

function insert<Route>(
  root: Node<Route>,
  template: Template,
  route: Route,
  spell: (text: string) => string,
): void {
  let node = root
  for (const segment of template.segments) {
    switch (segment.kind) {
      case 'literal': {
        const text = spell(segment.text)
        const next = node.literals.get(text) ?? nodeOf<Route>()
        node.literals.set(text, next)
        node = next
        break
      }
      case 'value':
        node.value ??= nodeOf<Route>()
        node = node.value
        break
      case 'rest':
        node.rests.set(template.method, { route, template })
        return
      default:
        segment satisfies never
    }
  }
  node.ends.set(template.method, { route, template })
}

/** The most specific ending for this method; the methods of all other endings go into `allow`. */
function walk<Route>(
  node: Node<Route>,
  segments: readonly string[],
  at: number,
  method: string,
  allow: Set<string>,
): Ending<Route> | null {
  const segment = segments[at]
  if (segment === undefined) return endingFor(node.ends, method, allow)
  const literal = node.literals.get(segment)
  const byName = literal === undefined ? null : walk(literal, segments, at + 1, method, allow)
  if (byName !== null || segment === '') return byName
  const byValue = node.value === null ? null : walk(node.value, segments, at + 1, method, allow)
  return byValue ?? endingFor(node.rests, method, allow)
}

/** A server answers HEAD wherever it answers GET (RFC 9110 9.3.2). */
function endingFor<Route>(
  endings: ReadonlyMap<string, Ending<Route>>,
  method: string,
  allow: Set<string>,
): Ending<Route> | null {
  const found = endings.get(method) ?? (method === 'HEAD' ? endings.get('GET') : undefined)
  if (found !== undefined) return found
  for (const other of endings.keys()) {
    allow.add(other)
    if (other === 'GET') allow.add('HEAD')
  }
  return null
}

function valuesOf({ segments }: Template, texts: readonly string[]): PathValues {
  const values = new Map<string, string>()
  for (const [at, segment] of segments.entries()) {
    if (segment.kind === 'value') values.set(segment.name, texts[at] ?? '')
    else if (segment.kind === 'rest') values.set(segment.name, texts.slice(at).join('/'))
  }
  return values
}

/** The segments with their escapes resolved; null where servers differ in how they would cut or resolve them. */
function segmentsOf(path: string): readonly string[] | null {
  if (path.charCodeAt(0) !== 0x2f) return null
  const segments = path.slice(1).split('/')
  for (const [at, raw] of segments.entries()) {
    const text = raw.includes('%') || !isAscii(raw) ? readable(raw, 'plus') : raw
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (text === '.' || text === '..' || /[/\\\u0000-\u001f\u007f]/.test(text)) return null
    segments[at] = text
  }
  return segments
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** As the most lenient server reads it: any case, either slash, empty segments and parameters of segments dropped. */
function foldedSegmentsOf(path: string): readonly string[] {
  let text = path
  for (let layer = 0; layer < 3 && text.includes('%'); layer++) text = readable(text, 'plus')
  const segments: string[] = []
  for (const part of text.toLowerCase().split(/[/\\]/)) {
    const segment = part.split(';', 1)[0] ?? ''
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments
}

function withoutSlashAtEnd(template: Template): Template {
  const last = template.segments.at(-1)
  return last?.kind === 'literal' && last.text === ''
    ? { ...template, segments: template.segments.slice(0, -1) }
    : template
}
