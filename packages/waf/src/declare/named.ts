/**
 * Names and values against what is declared of them, wherever they stand, and what is wrong with them as findings. It
 * deliberately knows no route.
 */
import type { Finding } from '../model/decision.ts'
import type { Place, RequestParts } from '../model/request.ts'
import type { DeclaredValue, ValueFault } from './value.ts'

/** Names that are declared for all routes at once. */
export type Elsewhere = ReadonlyMap<string, unknown>

type Pairs = readonly (readonly [name: string, value: string])[]

/** The values of one place as they come, against what is declared of them. It lives for one request. */
export class NamedValues {
  readonly #place: Place
  readonly #declared: ReadonlyMap<string, DeclaredValue>
  readonly #elsewhere: Elsewhere | null
  readonly #counts: Map<string, number> = new Map()
  /** The declared names as lenient servers read them; made when it is first needed. */
  #folded: ReadonlySet<string> | null = null

  /** `elsewhere` are further names that may be there; null where any may. */
  constructor(place: Place, declared: ReadonlyMap<string, DeclaredValue>, elsewhere: Elsewhere | null) {
    this.#place = place
    this.#declared = declared
    this.#elsewhere = elsewhere
  }

  /** The next value under a name. */
  value(name: string, text: string): Finding | null {
    const declared = this.#declared.get(name)
    if (declared === undefined) return this.undeclared(name)
    const { separator, maxItems } = declared
    const texts = separator === null ? [text] : text.split(separator, maxItems + 1)
    const count = (this.#counts.get(name) ?? 0) + texts.length
    if (count > maxItems)
      return findingOf('declared/maxItems', this.#place, name, text, `there more than ${times(maxItems)}`)
    this.#counts.set(name, count)
    for (const piece of texts) {
      const fault = declared.judge(piece)
      if (fault !== null) return faultFinding(this.#place, name, piece, fault)
    }
    return null
  }

  /** A name that nothing declares. */
  undeclared(name: string): Finding | null {
    if (this.#elsewhere === null) return this.#otherSpelling(name)
    if (this.#elsewhere.has(name)) return null
    const why = 'no such name is declared for this route'
    return findingOf('routes/undeclared', this.#place, name, name, why, 'name')
  }

  /**
   * Some servers take `Echo`, `echo[]` and ` echo` for `echo` too: where what is not declared is let through, that must not be a
   * way around what is.
   */
  #otherSpelling(name: string): Finding | null {
    if (this.#declared.size === 0 || !lenient.has(this.#place)) return null
    this.#folded ??= new Set([...this.#declared.keys()].map(folded))
    return this.#folded.has(folded(name))
      ? findingOf('routes/spelling', this.#place, name, name, 'another spelling of a declared name', 'name')
      : null
  }

  /** There are no more. */
  end(): Finding | null {
    for (const [name, { required, minItems }] of this.#declared) {
      const count = this.#counts.get(name) ?? 0
      if (count === 0 && required)
        return findingOf('declared/required', this.#place, name, '', 'it must be there and is not')
      if (count > 0 && count < minItems)
        return findingOf('declared/minItems', this.#place, name, '', `there less than ${times(minItems)}`)
    }
    return null
  }
}

/** Where servers are lenient with names. */
const lenient: ReadonlySet<Place> = new Set(['query', 'body'])

/** PHP cuts brackets off and makes `_` of dots and spaces; ASP.NET and others know no case. */
function folded(name: string): string {
  const bracket = name.indexOf('[', 1)
  return (bracket < 0 ? name : name.slice(0, bracket)).trim().toLowerCase().replace(/[.\s]/g, '_')
}

/** All values of one place. `elsewhere` as for `NamedValues`. */
export function judgeNamed(
  place: Place,
  pairs: Pairs,
  declared: ReadonlyMap<string, DeclaredValue>,
  { elsewhere }: { readonly elsewhere: Elsewhere | null },
): Finding | null {
  if (declared.size === 0 && (elsewhere === null || pairs.length === 0)) return null
  const values = new NamedValues(place, declared, elsewhere)
  for (const [name, text] of pairs) {
    const finding = values.value(name, text)
    if (finding !== null) return finding
  }
  return values.end()
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

export function cookiesOf(headers: RequestParts['headers']): Pairs {
  return headers
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) =>
      value.split(';').map((part) => {
        const equals = part.indexOf('=')
        return equals < 0
          ? ([part.trim(), ''] as const)
          : ([part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const)
      }),
    )
}

/** What a value is that it was declared not to be, as a finding. */
export function faultFinding(place: Place, name: string, text: string, fault: ValueFault): Finding {
  const { decoded } = fault
  return decoded === undefined
    ? findingOf(`declared/${fault.rule}`, place, name, text, fault.why)
    : {
        ...findingOf(`declared/${fault.rule}`, place, name, decoded.text.slice(decoded.at), fault.why),
        offset: decoded.at,
        layers: decoded.layers,
      }
}

export function findingOf(
  rule: string,
  place: Place,
  name: string,
  text: string,
  why: string,
  part: 'name' | 'value' = 'value',
): Finding {
  return {
    rule,
    place,
    name: name.slice(0, 200),
    part,
    excerpt: text.slice(0, 80),
    offset: 0,
    layers: [],
    why,
  }
}
