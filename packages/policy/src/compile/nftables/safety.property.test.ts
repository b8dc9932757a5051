/**
 * Nothing that an author wrote as prose reaches the kernel, whatever it says; names do, and may say what they like
 * within their characters: words of nftables, words of the compiler, the longest there are. Each object of a table is
 * declared once.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, network, policy, profile } from '../../author/index.ts'
import { readBindings } from '../../evaluate/bindings.ts'
import { prepared, randomBindings, randomPolicy } from '../../fixtures/random.ts'
import { lowered, NOW } from '../../fixtures/site.ts'
import type { Bindings } from '../../model/flow.ts'
import type { PolicyDocument } from '../../model/policy.ts'
import { compileFor } from '../driver.ts'
import type { Artifact } from '../target.ts'
import { nftables } from './index.ts'

const log = { group: 5, verdicts: 'all' } as const

function emitted(document: PolicyDocument, given: unknown = { format: 1 }): Artifact {
  const ruleset = lowered(document)
  const [bindings] = readBindings(given, ruleset)
  const [artifact, diagnostics] = compileFor(nftables, ruleset, {
    bindings: bindings as Bindings,
    at: NOW,
    log,
  })
  expect(diagnostics).toEqual([])
  return artifact as Artifact
}

/** Everything the compiler ever writes. No backslash, backtick, dollar, hash or single quote; nothing beyond ASCII. */
const CHARACTERS = /^[A-Za-z0-9 \t\n{}()"@.,:;_/<>=!&|*-]*$/

/** What people put into prose, and what a shell or nft would make of it. */
const hostile = fc.constantFrom(
  '"; flush ruleset; "',
  '" } table inet thingwall { chain x { accept } }',
  '$(reboot)',
  '`reboot`',
  "'; rm -rf / #",
  '\\"',
  'include "/etc/passwd"',
  '# nothing follows',
  '@live',
  'ünïcödé 你好 🌋',
)
/** A word that no name holds, so that any prose found in the text is found by it. */
const MARK = 'zqjx'
const prose = (most: number): fc.Arbitrary<string> =>
  fc
    .array(hostile, { minLength: 1, maxLength: 12 })
    .map((parts) => [...`${MARK}${parts.join(MARK)}`].slice(0, most).join(''))

function withProse(document: PolicyDocument, texts: readonly string[]): PolicyDocument {
  let next = 0
  const spoken = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => spoken(one, ''))
    if (typeof value === 'object' && value !== null) {
      const inner = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoken(one, name)]))
      const isDocumented = 'why' in value && 'owner' in value
      return isDocumented ? { ...inner, ticket: texts[next++ % texts.length], source: texts[0] } : inner
    }
    return key === 'why' || key === 'owner' ? texts[next++ % texts.length] : value
  }
  return spoken(document, '') as PolicyDocument
}

describe('prose', () => {
  test('never appears, and the text keeps to its characters', () => {
    fc.assert(
      fc.property(
        randomPolicy,
        randomBindings,
        fc.array(prose(110), { minLength: 3, maxLength: 3 }),
        (document, given, texts) => {
          const { text } = emitted(withProse(document, texts), given)
          expect(text).not.toContain(MARK)
          expect(text).toMatch(CHARACTERS)
          expect(text).toBe(emitted(document, given).text)
        },
      ),
      { numRuns: 25 },
    )
  })
})

/** Identifiers that mean something to nft, to the compiler, or to JavaScript. */
const words = [
  'accept',
  'drop',
  'table',
  'inet',
  'ip',
  'ip6',
  'arp',
  'tcp',
  'th',
  'ct',
  'meta',
  'lo',
  'jump',
  'goto',
  'set',
  'map',
  'leases',
  'unspecified',
  'discovery',
  'claim',
  'general',
  'part-1',
  'through',
  'inward',
  'outward',
  'identity',
  'route',
  'network',
  'tracked',
  'translate',
  'traffic',
  'admission',
  'live',
  'decide',
  'class',
  'claimed',
  'rule',
  '0',
  '1',
  '4',
  '6',
  'tostring',
  'valueof',
  'x'.repeat(48),
  `a${'-'.repeat(46)}z`,
  'a..b',
  'a--b',
  '0.0.0.0a',
]

/** `table kind name` of every object declared in a text. */
function declared(text: string): readonly string[] {
  let table = ''
  return text.split('\n').flatMap((line) => {
    table = /^table (\w+ \w+) \{$/.exec(line)?.[1] ?? table
    const object = /^\t(chain|set|map|counter) (\S+) \{$/.exec(line)
    return object === null ? [] : [`${table} ${object[1] === 'map' ? 'set' : object[1]} ${object[2]}`]
  })
}

/** A policy in which everything that has a name is called by one of these. */
function named(
  networkNames: readonly [string, string, string],
  kind: string,
  ruleNames: readonly string[],
): PolicyDocument {
  const hosts = list(kind, {
    why: 'x',
    owner: 'ops',
    entries: { '198.51.100.1': { why: 'x', expires: '2027-01-01' }, '198.51.100.2': { why: 'x' } },
  })
  const rules = Object.fromEntries(
    ruleNames.map((name) => [name, allow.out({ to: hosts, service: 'https', why: 'x' })]),
  )
  const one = profile(kind, { why: 'x', rules, limits: { egress: '1 kB/s', newConnections: '1/s' } })
  const [things, trusted, uplink] = networkNames
  const other = words.find((word) => !networkNames.includes(word)) as string
  const wide = ruleNames.map((name) => [
    name,
    deny.both({ who: { network: things }, peer: hosts, service: 'ssh', why: 'x' }),
  ])
  const wider = ruleNames.map((name) => [
    `${name.slice(0, 46)}.a`,
    allow.out({ who: { network: trusted }, to: hosts, service: 'ssh', why: 'x' }),
  ])
  return policy(kind, {
    owner: 'ops',
    networks: {
      [things]: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'] }),
      [trusted]: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] }),
      [uplink]: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
    },
    devices: {
      [other]: one.device({ mac: '24:6f:28:aa:00:01', ip: ['10.20.0.11', 'fd20::11'] }),
      plain: device({ mac: '24:6f:28:aa:00:02', ip: '10.20.0.12' }),
    },
    rules: Object.fromEntries([...wide, ...wider]),
    quarantine: { plain: { why: 'x' } },
  } as never)
}

describe('names', () => {
  test('of whatever meaning declare every object once, in the same characters', () => {
    const several = fc.uniqueArray(fc.constantFrom(...words), { minLength: 3, maxLength: 3 })
    const ruleNames = fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(several, fc.constantFrom(...words), ruleNames, (networks, kind, rules) => {
        const { text, places } = emitted(named(networks as unknown as [string, string, string], kind, rules))
        const all = declared(text)
        expect(all.length).toBeGreaterThan(50)
        expect(all.filter((one, at) => all.indexOf(one) !== at)).toEqual([])
        expect(text).toMatch(CHARACTERS)
        for (const place of Object.values(places).flat())
          expect(all).toContain(place.replace(/^(\w+) (\w+ \w+)/, '$2 $1'))
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    [
      'a network called as a chain of the compiler',
      named(['leases', 'unspecified', 'discovery'], 'x', ['y']),
    ],
    ['a profile called as a rule that has parts', partly()],
  ])('%s', (_, document) => {
    const all = declared(emitted(document).text)
    expect(all.filter((one, at) => all.indexOf(one) !== at)).toEqual([])
  })
})

/** The rule `known` falls into parts that end apart; the profile `known` has a rule `part-1`. */
function partly(): PolicyDocument {
  const hosts = list('hosts', {
    why: 'x',
    entries: { '198.51.100.1': { why: 'x', expires: '2027-01-01' }, '198.51.100.2': { why: 'x' } },
  })
  const known = profile('known', {
    why: 'x',
    rules: { 'part-1': allow.out({ to: 'any', service: 'ssh', why: 'x' }) },
  })
  return policy('parts', {
    owner: 'ops',
    networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) },
    devices: { vent: known.device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.11' }) },
    rules: { known: allow.out({ who: 'vent', to: hosts, service: 'https', why: 'x' }) },
  })
}

test('every rule and limit of a policy has its place', () => {
  fc.assert(
    fc.property(randomPolicy, (document) => {
      const [ruleset] = prepared(document, { format: 1 })
      const { places } = emitted(document)
      expect(Object.keys(places).sort()).toEqual(
        [...ruleset.rules, ...ruleset.limits].map(({ id }) => id).sort(),
      )
    }),
    { numRuns: 30 },
  )
})
