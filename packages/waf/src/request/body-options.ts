/**
 * What a developer says of bodies that are still coming: which may flow on while they are judged, and what becomes of those
 * that are too long to be held or that nobody here can read. Wrong options throw. It deliberately knows no sizes; those
 * are limits.
 */
import type { Decoders } from './coding.ts'

/** `report` lets it pass unjudged and tells, `pass` lets it pass unjudged. */
export type Unjudged = 'refuse' | 'report' | 'pass'

export interface BodyOptions {
  /**
   * Bodies above `holdBytes` flow on while they are judged: of all routes, or of those that are named as they are declared.
   * What is found then breaks the body off, and says how much had passed. Not for bodies whose values are declared.
   */
  readonly stream?: boolean | readonly string[]
  /** A body above `holdBytes` that may not flow on. `refuse` by default. */
  readonly onOverflow?: Unjudged
  /** A body in a coding that nobody here can undo. `refuse` by default. */
  readonly onUnread?: Unjudged
  /** A request that takes more to judge than `limits.work`; what came before was judged. `refuse` by default. */
  readonly onWork?: Unjudged
  /** Decoders for codings that the runtime does not know, by their names in Content-Encoding. */
  readonly decoders?: Decoders
}

/** Options, checked and complete. */
export interface BodySettings {
  /** `route` is null where none is declared. */
  flows(route: string | null): boolean
  readonly onOverflow: Unjudged
  readonly onUnread: Unjudged
  readonly onWork: Unjudged
  readonly decoders: Decoders
}

const known: ReadonlySet<string> = new Set([
  'stream',
  'onOverflow',
  'onUnread',
  'onWork',
  'decoders',
] satisfies (keyof BodyOptions)[])

/** Throws a TypeError that names what is wrong. `routes`: those that are declared. */
export function readBodyOptions(options: BodyOptions, routes: readonly string[]): BodySettings {
  const strange = Object.keys(options).find((key) => !known.has(key))
  if (strange !== undefined)
    throw new TypeError(
      `waf: bodies has no option ${JSON.stringify(strange)}; there are: ${[...known].join(', ')}`,
    )
  const {
    stream = false,
    onOverflow = 'refuse',
    onUnread = 'refuse',
    onWork = 'refuse',
    decoders = {},
  } = options
  for (const [name, value] of Object.entries({ onOverflow, onUnread, onWork }))
    if (value !== 'refuse' && value !== 'report' && value !== 'pass')
      throw new TypeError(`waf: ${name} is "refuse", "report" or "pass", not ${JSON.stringify(value)}`)
  for (const [name, decoder] of Object.entries(decoders))
    if (typeof decoder !== 'function' || name !== name.toLowerCase())
      throw new TypeError(
        `waf: the decoder ${JSON.stringify(name)} is no function under a name in lower case`,
      )
  return { flows: flowsBy(stream, routes), onOverflow, onUnread, onWork, decoders }
}

function flowsBy(stream: unknown, routes: readonly string[]): BodySettings['flows'] {
  if (typeof stream === 'boolean') return () => stream
  if (!Array.isArray(stream)) throw new TypeError('waf: stream is true, false or a list of routes')
  const unknown = stream.find((route) => !routes.includes(route))
  if (unknown !== undefined)
    throw new TypeError(`waf: stream names ${JSON.stringify(unknown)}, which is no route that is declared`)
  const flowing = new Set(stream)
  return (route) => route !== null && flowing.has(route)
}
