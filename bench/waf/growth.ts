/**
 * How time and memory grow with hostile bodies. For each reader of bodies the worst of many shapes is doubled: 2 is linear,
 * 4 quadratic. Memory is what is kept after a collection, read every megabyte while a body of twelve flows through.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { inspectPlain, type RequestParts, readOptions, receive } from '@thingwall/waf'
import type { Measured } from '../rows.ts'
import { benignTexts } from './benign.ts'
import { hostileBodies, hostilePieces } from './hostile.ts'

const limits = { holdBytes: 16_777_216, fields: 10_000_000, names: 16_777_216, parts: 1_000_000 }
// As long as it takes: with the limits that there are by default most of these are refused at once.
const settings = readOptions({ limits: { ...limits, work: Number.POSITIVE_INFINITY } })
/** What judging may take is what it is by default. */
const bounded = readOptions({ limits })
const head = (type: string): RequestParts => ({
  method: 'POST',
  target: '/readings',
  headers: [
    ['host', 'api.volcano.example'],
    ['content-type', type],
  ],
  body: null,
})

/** CPU milliseconds of the best of some runs. */
export function best(runs: number, work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

interface Timed {
  readonly what: string
  readonly ratio: number
  /** As long as it takes, and with the bound on it. */
  readonly megabyteMs: number
  readonly boundedMs: number
}

function timed(what: string, type: string, bodyOf: (length: number) => string): Timed {
  const time = (length: number, runs: number, by = settings): number => {
    const request = { ...head(type), body: new TextEncoder().encode(bodyOf(length)) }
    return best(runs, () => inspectPlain(request, by))
  }
  // Long enough that nothing but the length tells them apart, and compiled by then.
  time(131_072, 3)
  const [once, twice] = [time(524_288, 3), time(1_048_576, 3)]
  const boundedMs = time(1_048_576, 3, bounded) / 1.048576
  return { what, ratio: twice / Math.max(2, once), megabyteMs: twice / 1.048576, boundedMs }
}

/** Rows for each reader, and for one value with each of the pieces that are bad for detectors. */
export function* growthRows({ isBrief }: { readonly isBrief: boolean }): Generator<Measured> {
  const readers = new Map<string, Timed[]>()
  for (const { reader, what, type, bodyOf } of hostileBodies)
    readers.set(reader, [...(readers.get(reader) ?? []), timed(what, type, bodyOf)])
  for (const [reader, all] of readers) yield growthRow(`growth when the worst body of ${reader} doubles`, all)
  const pieces = isBrief ? hostilePieces.filter((_, at) => at % 4 === 0) : hostilePieces
  const values = pieces.map((piece) =>
    timed(JSON.stringify(piece), 'application/json', (length) =>
      JSON.stringify(piece.repeat(Math.ceil(length / piece.length)).slice(0, length)),
    ),
  )
  yield growthRow('growth when the worst value doubles', values)
  const all = [...readers.values()].flat()
  yield slowestRow('the worst body of 1 MB', all)
  yield slowestRow('the worst value of 1 MB', values)
  yield* benignRows()
}

function growthRow(measure: string, all: readonly Timed[]): Measured {
  const sorted = all.toSorted((a, b) => b.ratio - a.ratio)
  return {
    measure,
    value: sorted[0]?.ratio ?? null,
    unit: '×',
    bar: { op: '<=', value: 3 },
    note: `0.5 to 1 MB, the worst of ${all.length}: ${sorted
      .slice(0, 3)
      .map(({ what, ratio }) => `${what} ${ratio.toFixed(1)}`)
      .join(', ')}`,
  }
}

function slowestRow(measure: string, all: readonly Timed[]): Measured {
  const sorted = all.toSorted((a, b) => b.boundedMs - a.boundedMs)
  const longest = Math.max(...all.map(({ megabyteMs }) => megabyteMs))
  return {
    measure,
    value: sorted[0]?.boundedMs ?? null,
    unit: 'ms',
    bar: { op: '<=', value: 60 },
    note: `of ${all.length}: ${sorted
      .slice(0, 5)
      .map(({ what, boundedMs }) => `${what} ${boundedMs.toFixed(0)}`)
      .join(', ')}; without the bound ${longest.toFixed(0)}`,
  }
}

/** A megabyte of what people and devices send, in one value of JSON: how long it takes, and whether it is refused for that. */
function* benignRows(): Generator<Measured> {
  const texts = [...benignTexts(1_000_000)].map(([what, text]) => {
    const request = { ...head('application/json'), body: new TextEncoder().encode(JSON.stringify(text)) }
    const { finding } = inspectPlain(request, bounded).decision
    return { what, ms: best(3, () => inspectPlain(request, bounded)), rule: finding?.rule ?? null }
  })
  const sorted = texts.toSorted((a, b) => b.ms - a.ms)
  yield {
    measure: 'the slowest benign value of 1 MB',
    value: sorted[0]?.ms ?? null,
    unit: 'ms',
    bar: { op: '<=', value: 60 },
    note: `of ${texts.length}: ${sorted.map(({ what, ms }) => `${what} ${ms.toFixed(0)}`).join(', ')}`,
  }
  const refused = texts.filter(({ rule }) => rule === 'protocol/limit-work')
  yield {
    measure: 'benign values of 1 MB refused for what they take',
    value: refused.length,
    unit: '',
    bar: { op: '<=', value: 0 },
    note: `of ${texts.length}${refused.map(({ what }) => `, ${what}`).join('')}`,
  }
}

/** What a value is at most judged in at once, in bytes where a character is one. */
const windowBytes = 131_072
const megabyte = 1_048_576

/** What is kept while bodies flow, above what was kept after their first megabyte, in windows. */
export async function* memoryRows(): AsyncGenerator<Measured> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const flowing = readOptions({
    limits: { ...settings.limits, holdBytes: 65_536 },
    bodies: { stream: true },
  })
  const grown: { what: string; windows: number }[] = []
  // Each twice: the first time the runtime compiles, and keeps what it compiled.
  for (const { what, type, begin, more } of flows.flatMap((flow) => [flow, flow])) {
    const kept: number[] = []
    async function* body(): AsyncGenerator<Uint8Array, void> {
      yield new TextEncoder().encode(begin)
      for (let sent = 0, next = megabyte; sent < 12 * megabyte; ) {
        const chunk = new TextEncoder().encode(more(sent))
        sent += chunk.length
        yield chunk
        if (sent < next) continue
        next += megabyte
        collect()
        const { heapUsed, external } = process.memoryUsage()
        kept.push(heapUsed + external)
      }
    }
    const received = await receive({ ...head(type), body: body() }, flowing)
    if (received.kind !== 'flowing') throw new Error(`${what}: ${received.decision.finding?.why}`)
    let passed = 0
    // The end is missing on purpose: what counts is what was kept until then.
    for await (const chunk of received.stream) {
      passed += chunk.length
      if (passed >= 11 * megabyte) break
    }
    const windows = (Math.max(...kept) - (kept[0] ?? 0)) / windowBytes
    if (grown.at(-1)?.what === what) grown.pop()
    grown.push({ what, windows })
  }
  const sorted = grown.toSorted((a, b) => b.windows - a.windows)
  yield {
    measure: 'memory that 12 MB need more than 1 MB, flowing',
    value: Math.max(0, sorted[0]?.windows ?? 0),
    unit: 'windows',
    bar: { op: '<=', value: 2 },
    note: `a window is 128 KiB; ${sorted.map(({ what, windows }) => `${what} ${windows.toFixed(2)}`).join(', ')}`,
  }
}

const line = 'a line of a journal that goes on, '.repeat(500)
const flows: readonly {
  readonly what: string
  readonly type: string
  readonly begin: string
  readonly more: (sent: number) => string
}[] = [
  {
    what: 'JSON, many values',
    type: 'application/json',
    begin: '[',
    more: (sent) => Array.from({ length: 500 }, (_, i) => `{"t":${sent + i},"v":"s-${i}"},`).join(''),
  },
  { what: 'JSON, one value', type: 'application/json', begin: '{"log":"', more: () => line },
  {
    what: 'a form',
    type: 'application/x-www-form-urlencoded',
    begin: 'a=1',
    more: (sent) => `&f${sent}=${line}`,
  },
  {
    what: 'a form, one value',
    type: 'application/x-www-form-urlencoded',
    begin: 'a=',
    more: () => line.replaceAll(' ', '+'),
  },
  {
    what: 'a file in parts',
    type: 'multipart/form-data; boundary=x',
    begin: '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n',
    more: () => `${line}\r\n`,
  },
  { what: 'XML', type: 'application/xml', begin: '<a>', more: () => `<b c="d">${line}</b>` },
  { what: 'text', type: 'text/plain', begin: 'x ', more: () => line },
  { what: 'firmware', type: 'application/octet-stream', begin: 'x', more: () => line },
]
