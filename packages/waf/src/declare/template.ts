/**
 * `GET /v1/devices/{id}/readings` read into a method and segments, and two of them compared: whether a request could meet
 * both, and which of the two says more. It deliberately matches no request; `routes.ts` does.
 */

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string }
  /** The rest of the path, at least one segment: `{name*}`, only as the last. */
  | { readonly kind: 'rest'; readonly name: string }

export interface Template {
  readonly method: string
  readonly segments: readonly Segment[]
}

/** Longer paths than this are nobody's; it bounds what matching costs. */
const MOST_SEGMENTS = 64

/** The template, or why it is none. */
export function readTemplate(key: string): Template | string {
  const parts = /^([A-Z][A-Z-]{0,19}) (\/.*)$/.exec(key)
  if (parts === null) return "a route is a method in capitals, a space and a path: 'GET /v1/devices/{id}'"
  const [, method = '', path = ''] = parts
  const texts = path.slice(1).split('/')
  if (texts.length > MOST_SEGMENTS) return `a path of more than ${MOST_SEGMENTS} segments`
  const segments: Segment[] = []
  const names = new Set<string>()
  for (const [at, text] of texts.entries()) {
    const isLast = at === texts.length - 1
    const segment = segmentOf(text, isLast)
    if (typeof segment === 'string') return segment
    if (segment.kind !== 'literal') {
      if (names.has(segment.name)) return `the path names ${JSON.stringify(segment.name)} twice`
      names.add(segment.name)
    }
    segments.push(segment)
  }
  return { method, segments }
}

function segmentOf(text: string, isLast: boolean): Segment | string {
  const [, name, star] = /^\{([A-Za-z_][\w.-]{0,63})(\*?)\}$/.exec(text) ?? []
  if (name !== undefined) {
    if (star === '') return { kind: 'value', name }
    return isLast ? { kind: 'rest', name } : '`{name*}` can only stand at its end'
  }
  if (/[{}]/.test(text)) return 'a template is a whole segment: `{id}`'
  if (/[?#]/.test(text)) return 'queries are declared under `query`'
  if (text === '' && !isLast) return 'an empty segment in the middle of a path'
  if (text === '.' || text === '..') return 'a path with `.` or `..`, which no client sends'
  if (/%/.test(text)) return 'write the path without `%`'
  if (/[\\\s\p{C}]/u.test(text)) return 'a path with a space, a `\\` or a control character'
  return { kind: 'literal', text }
}

/** What two templates of one method have to do with each other. */
export type Relation = 'apart' | 'same' | 'narrower' | 'wider' | 'crossing'

/**
 * `narrower`: whatever meets `one` meets `other` too, and `one` is the one that is meant. `crossing`: some paths meet both and
 * neither says more, so that routers differ in what they choose.
 */
export function compareTemplates(one: Template, other: Template): Relation {
  let isNarrower = false
  let isWider = false
  const longest = Math.max(one.segments.length, other.segments.length)
  for (let at = 0; at < longest; at++) {
    const left = one.segments[at]
    const right = other.segments[at]
    if (left?.kind === 'rest' || right?.kind === 'rest') {
      // A path that ends before the rest begins does not meet it.
      if (left === undefined || right === undefined) return 'apart'
      if (isEmpty(left) || isEmpty(right)) return 'apart'
      if (left.kind === right.kind) break
      if (right.kind === 'rest') isNarrower = true
      else isWider = true
      break
    }
    if (left === undefined || right === undefined) return 'apart'
    if (left.kind === 'literal' && right.kind === 'literal') {
      if (left.text !== right.text) return 'apart'
    } else if (isEmpty(left) || isEmpty(right)) {
      return 'apart'
    } else if (left.kind === 'literal') {
      isNarrower = true
    } else if (right.kind === 'literal') {
      isWider = true
    }
  }
  return isNarrower ? (isWider ? 'crossing' : 'narrower') : isWider ? 'wider' : 'same'
}

/** What follows a slash at the end; no value is empty. */
function isEmpty(segment: Segment): boolean {
  return segment.kind === 'literal' && segment.text === ''
}
