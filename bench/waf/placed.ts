/**
 * Attacks and harmless texts, each taken out of its case and put into every other place of a request, and into codings: what is
 * found in one place has to be found in all of them, and no place may make an attack of a harmless text. The figure beside
 * each rate is that of the same texts as a plain value in a query.
 */
import { inspect, type RequestParts } from '@thingwall/waf'
import { prose } from '../../packages/waf/src/detect/fixtures/prose.ts'
import type { Measured } from '../rows.ts'
import { type Case, dataFolder, readCases } from './cases.ts'
import { codings } from './codings.ts'
import { type PlaceOfValue, places, queryName, queryValue } from './places.ts'
import { names, vectors } from './vectors.ts'

interface Text {
  readonly kind: string
  readonly part: 'name' | 'value'
  readonly text: string
}

const suites = ['openappsec-malicious.dev', 'blazehttp.dev', 'coreruleset.dev', 'libinjection.dev']
/** Of one class of one suite; they resemble each other. */
const mostOfKind = 60
const mostBenign = 1500

/** Tells what was judged wrongly. */
export type Miss = (miss: readonly string[]) => void

export async function* placedRows(miss: Miss): AsyncGenerator<Measured> {
  const cases = suites.flatMap((suite) => readCases(suite)?.map((one) => ({ suite, ...one })) ?? [])
  const without = cases.length === 0 ? `; without the suites: none in ${dataFolder()}` : ''
  const attacks = [...attacksOf(cases), ...ownAttacks()]
  const found = await foundWhere(attacks)
  yield* attackRows(attacks, found, without, miss)
  yield* benignRows([...benignOf(cases), ...prose.map((text) => textOf('prose', text))], without, miss)
}

const textOf = (kind: string, text: string): Text => ({ kind, part: 'value', text })

/** Those that are found in a query: the others are misses of the detectors, and counted with the suites. */
async function foundWhere(attacks: readonly Text[]): Promise<ReadonlySet<Text>> {
  const found = new Set<Text>()
  for (const attack of attacks) {
    const parts = (attack.part === 'name' ? queryName : queryValue).put(attack.text)
    if (parts !== null && (await isRefused(parts)) !== null) found.add(attack)
  }
  return found
}

async function* attackRows(
  attacks: readonly Text[],
  found: ReadonlySet<Text>,
  without: string,
  miss: Miss,
): AsyncGenerator<Measured> {
  const row = async (
    measure: string,
    put: (attack: Text) => RequestParts | null,
    lost = mostLost,
  ): Promise<Measured> => {
    let [all, refused, refusedInQuery] = [0, 0, 0]
    for (const attack of attacks) {
      const parts = put(attack)
      if (parts === null) continue
      all++
      const rule = await isRefused(parts)
      if (found.has(attack)) refusedInQuery++
      if (rule !== null) refused++
      else if (found.has(attack)) miss([measure, 'attack', attack.kind, JSON.stringify(attack.text)])
    }
    const inQuery = (100 * refusedInQuery) / all
    return {
      measure,
      value: (100 * refused) / all,
      unit: '%',
      bar: { op: '>=', value: Math.floor(inQuery - lost) },
      peers: { 'in a query': inQuery },
      note: `${refused} of ${all} refused${without}`,
    }
  }
  for (const place of places)
    yield await row(
      `attacks: ${place.name}`,
      ({ part, text }) => (part === place.part ? place.put(text) : null),
      place.lost,
    )
  for (const { name, encode } of codings)
    yield await row(`attacks: ${name}`, ({ part, text }) => {
      const encoded = part === 'value' ? encode(text) : null
      return encoded === null ? null : inJson.put(encoded)
    })
}

/** In points of per cent. */
const mostLost = 2
/** Where codings are tried: a target has no room for long texts in two of them. */
const inJson = places.find(({ name }) => name === 'JSON') as PlaceOfValue

async function* benignRows(texts: readonly Text[], without: string, miss: Miss): AsyncGenerator<Measured> {
  const row = async (measure: string, put: (text: string) => RequestParts | null): Promise<Measured> => {
    let [all, refused] = [0, 0]
    for (const { kind, text } of texts) {
      const parts = put(text)
      if (parts === null) continue
      all++
      const rule = await isRefused(parts)
      if (rule === null) continue
      refused++
      miss([measure, 'benign', kind, rule, JSON.stringify(text.slice(0, 300))])
    }
    return {
      measure,
      value: (100 * refused) / all,
      unit: '%',
      bar: { op: '<=', value: 0.5 },
      note: `${refused} of ${all} refused${without}`,
    }
  }
  for (const place of places)
    if (place.part === 'value')
      yield await row(`harmless: ${place.name}`, (text) =>
        place.holds?.test(text) === false ? null : place.put(text),
      )
  for (const { name, encode } of codings)
    yield await row(`harmless: ${name}`, (text) => {
      const encoded = encode(text)
      return encoded === null ? null : inJson.put(encoded)
    })
}

/** The rule, or null. */
async function isRefused(parts: RequestParts): Promise<string | null> {
  return (await inspect(parts)).finding?.rule ?? null
}

function* ownAttacks(): Generator<Text> {
  for (const [kind, texts] of Object.entries(vectors)) for (const text of texts) yield textOf(kind, text)
  for (const [kind, texts] of Object.entries(names))
    for (const text of texts) yield { kind, part: 'name', text }
}

type SuiteCase = Case & { readonly suite: string }

/** The values of attacks that have one value, or one that is found by itself; evenly from all of each class. */
function attacksOf(cases: readonly SuiteCase[]): Text[] {
  const byKind = Map.groupBy(
    cases.filter(({ label, kind }) => label === 'attack' && !/^R\w+-9[0124][0-24]|^RESPONSE/.test(kind)),
    ({ suite, kind }) => `${suite.split('.')[0]} ${kind}`,
  )
  return [...byKind].flatMap(([kind, all]) =>
    evenly(unique(all.flatMap((one) => valuesOf(one).slice(0, 1))), mostOfKind).map((text) =>
      textOf(kind, text),
    ),
  )
}

/** What people put into forms and addresses, of recorded requests. */
function benignOf(cases: readonly SuiteCase[]): Text[] {
  const texts = cases
    .filter(({ label, suite }) => label === 'benign' && suite.startsWith('blazehttp'))
    .flatMap(valuesOf)
    .filter((text) => !/^[\w.:-]*$/.test(text))
  return evenly(unique(texts), mostBenign).map((text) => textOf('blazehttp', text))
}

/** Values in the query and in the form, longest first, of those that are text. */
function valuesOf({ request: { target, body, headers } }: Case): string[] {
  const isForm = headers.some(([, value]) => /urlencoded/i.test(value))
  const form = body === null || !isForm ? '' : Buffer.from(body).toString('latin1')
  const mark = target.indexOf('?')
  return [mark < 0 ? '' : target.slice(mark + 1).trim(), form]
    .flatMap((text) => text.split('&'))
    .map((pair) => decoded(pair.slice(pair.indexOf('=') + 1)))
    .filter((text) => text !== null)
    .filter((text) => text.length > 1 && text.length < 4000)
    .toSorted((left, right) => right.length - left.length)
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' ')).trim()
  } catch {
    return null
  }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

function evenly<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most)
  return Array.from({ length: Math.min(all.length, most) }, (_, at) => all[Math.floor(at * step)] as T)
}
