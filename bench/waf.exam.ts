/**
 * `npm run exam -- waf`: the application firewall, with the one setting it has by default, on the cases of four public
 * suites. Every suite says how many cases ran; one that is not there is said to be not measured. THINGWALL_DATA names
 * the folder of the data; THINGWALL_EXAM_MISSES=FILE writes every case that was judged wrongly there, a line each.
 *
 * The peers' figures were measured on the whole suites with the same requests (CRS on nginx with ModSecurity, easy-waf in
 * Node) and cannot be taken in this run; they are there to compare with.
 */
import { writeFileSync } from 'node:fs'
import { inspect } from '@thingwall/waf'
import type { Measured } from './rows.ts'
import { type Case, dataFolder, readCases } from './waf/cases.ts'
import { deviceRequests } from './waf/devices.ts'

interface Row {
  readonly measure: string
  readonly suite: string
  readonly label: 'attack' | 'benign'
  readonly bar: Measured['bar']
  readonly peers: Measured['peers']
  readonly only?: (one: Case) => boolean
}

const rows: readonly Row[] = [
  {
    measure: 'openappsec-malicious, detected',
    suite: 'openappsec-malicious.dev',
    label: 'attack',
    bar: { op: '>=', value: 97 },
    peers: { 'CRS 3 PL1': 87.2, 'CRS 4 PL1': 91.3, 'CRS 4 PL2': 96.1, 'easy-waf': 91.6 },
  },
  {
    measure: 'blazehttp, false positives',
    suite: 'blazehttp.dev',
    label: 'benign',
    bar: { op: '<=', value: 0.5 },
    peers: { 'CRS 3 PL1': 12.5, 'CRS 4 PL1': 14.9, 'CRS 4 PL2': 33.3, 'easy-waf': 5.9 },
  },
  {
    measure: 'blazehttp, detected',
    suite: 'blazehttp.dev',
    label: 'attack',
    bar: { op: '>=', value: 76 },
    peers: { 'CRS 3 PL1': 68.0, 'CRS 4 PL1': 70.6, 'CRS 4 PL2': 86.7, 'easy-waf': 57.4 },
  },
  {
    measure: 'coreruleset attacks, detected',
    suite: 'coreruleset.dev',
    label: 'attack',
    bar: { op: '>=', value: 85 },
    peers: { 'CRS 4 PL1': 69 },
  },
  {
    measure: 'libinjection, false positives',
    suite: 'libinjection.dev',
    label: 'benign',
    bar: { op: '<=', value: 2 },
    peers: { libinjection: 5 },
  },
  {
    measure: 'libinjection, SQL injection detected',
    suite: 'libinjection.dev',
    label: 'attack',
    bar: null,
    peers: {},
    only: ({ kind }) => kind === 'sqli',
  },
  {
    measure: 'libinjection, XSS detected',
    suite: 'libinjection.dev',
    label: 'attack',
    bar: null,
    peers: {},
    only: ({ kind }) => kind === 'xss',
  },
]

export default async function* exam(): AsyncGenerator<Measured> {
  const suites = new Map(
    [...new Set(rows.map(({ suite }) => suite))].map((suite) => [suite, readCases(suite)]),
  )
  const misses: string[] = []
  for (const row of rows) yield await measure(row, suites.get(row.suite) ?? null, misses)
  yield await devices(misses)
  const file = process.env['THINGWALL_EXAM_MISSES']
  if (file !== undefined) writeFileSync(file, `${misses.join('\n')}\n`)
}

async function measure(
  { measure, suite, label, bar, peers, only }: Row,
  all: readonly Case[] | null,
  misses: string[],
): Promise<Measured> {
  const shape = { measure, unit: '%', bar: bar ?? null, peers: peers ?? {} } as const
  if (all === null)
    return { ...shape, value: null, note: `no ${suite} in ${dataFolder()}: set THINGWALL_DATA` }
  const cases = all.filter((one) => one.label === label && (only?.(one) ?? true))
  let refused = 0
  for (const one of cases) {
    const { finding } = await inspect(one.request)
    if (finding !== null) refused++
    if ((finding !== null) === (label === 'benign'))
      misses.push(
        [
          suite,
          label,
          one.kind,
          one.id,
          finding?.rule ?? '',
          finding?.name ?? '',
          JSON.stringify(finding?.excerpt ?? ''),
        ].join('\t'),
      )
  }
  const counted = `${refused} of ${cases.length} refused`
  return {
    ...shape,
    value: (100 * refused) / cases.length,
    note: cases.length === 0 ? 'no cases of this kind' : counted,
  }
}

/** Our own: requests as devices send them, of a fixed seed. */
async function devices(misses: string[]): Promise<Measured> {
  const requests = deviceRequests(10_000, 20_261_122)
  let refused = 0
  for (const [index, request] of requests.entries()) {
    const { finding } = await inspect(request)
    if (finding === null) continue
    refused++
    misses.push(
      [
        'devices',
        'benign',
        'devices',
        String(index),
        finding.rule,
        finding.name,
        JSON.stringify(finding.excerpt),
      ].join('\t'),
    )
  }
  return {
    measure: 'device traffic of our own, false positives',
    value: (100 * refused) / requests.length,
    unit: '%',
    bar: { op: '<=', value: 0 },
    note: `${refused} of ${requests.length} refused`,
  }
}
