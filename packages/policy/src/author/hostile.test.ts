/**
 * Hostile strings in every place of a policy that takes a text. Names, hosts and interfaces go on into the kernel and
 * onto command lines: there everything but their own characters is refused. Prose goes to people: there it is refused
 * what a terminal would act on. No refusal repeats the text as it was.
 */
import { describe, expect, test } from 'vitest'
import { links, siteOf, why } from '../fixtures/site.ts'
import { allow, api, deny, list, network, profile, test as state, validate } from './index.ts'

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

function sound(): { [key: string]: Json } {
  const hosts = list('hosts', { why, entries: { '198.51.100.7': { why }, 'c2.example': { why } } })
  const sensor = profile('sensor', {
    why,
    rules: { readings: allow.out({ to: 'api.volcano.example', service: 'https', why, ticket: 'GEO-12' }) },
  })
  const written = siteOf({
    networks: {
      things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24', gateway: '10.20.0.254' }),
      uplink: network({ role: 'uplink', interface: 'wan0' }),
    },
    devices: {
      vent: sensor.device({ mac: links.vent1, ip: '10.20.0.11', network: 'things', labels: { site: 'rim' } }),
    },
    rules: {
      botnets: deny.both({ who: { label: { site: 'rim' } }, peer: hosts, why, source: 'abuse feed' }),
      text: allow.out({
        who: 'vent',
        to: 'uplink',
        service: 'https',
        why,
        when: { hours: '08:00-18:00' },
        expires: '2030-01-01',
      }),
    },
    quarantine: { vent: { why } },
    apis: { backend: api({ host: 'api.volcano.example', routes: {} }) },
    tests: [state.denies('vent', '203.0.113.9:22/tcp')],
  })
  return JSON.parse(JSON.stringify(written)) as { [key: string]: Json }
}

const LONG = 'x'.repeat(10_000)
/** Never part of a name. */
const hostileNames: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  'a/b',
  'a b',
  'a\tb',
  'a\nb',
  'a\r\nb',
  'a\u0000b',
  '\u001b[31ma',
  'a\u007f',
  'a\u0085b',
  'a\u2028b',
  'a"b',
  "a'b",
  'a`b',
  'a\\b',
  'a$b',
  '$(reboot)',
  'a;b',
  '; flush ruleset',
  'a{b',
  'a}b',
  'a#b',
  'a|b',
  'a&b',
  'a<b',
  'a>b',
  'a*',
  'a?',
  'a%s',
  '-rf',
  '--help',
  'а',
  'vеnt',
  'ｖent',
  'vent\u200b',
  'vent\u202e',
  'vent\u00ad',
  'véñt',
  '🌋',
  '\ud83d',
  '__proto__',
  'constructor',
  'any"; drop',
  LONG,
]
/** Never part of prose. */
const hostileProse: readonly string[] = [
  '',
  ' ',
  'a\nb',
  'a\rb',
  'a\tb',
  'a\u0000',
  '\u001b[2J',
  'a\u0085b',
  'a\u2028b',
  'a\u2029b',
  '\u202exe.txt',
  'a\u2066b',
  '\u061cx',
  '\ud83d',
  LONG,
]

type Path = readonly (string | number)[]
const names: readonly (readonly [what: string, path: Path])[] = [
  ['the policy', ['name']],
  ['the network of a device', ['devices', 'vent', 'network']],
  ['the profile of a device', ['devices', 'vent', 'profile']],
  ['a label', ['devices', 'vent', 'labels', 'site']],
  ['an interface', ['networks', 'things', 'interface', 0]],
  ['a label a rule speaks of', ['rules', 'botnets', 'who', 0, 'labels', 'site']],
  ['a list a rule speaks of', ['rules', 'botnets', 'peer', 0, 'name']],
  ['a word a rule speaks of', ['rules', 'text', 'who', 0, 'text']],
  ['a host', ['apis', 'backend', 'host']],
  ['an address', ['devices', 'vent', 'ip', 0]],
  ['a prefix', ['networks', 'things', 'cidrs', 0]],
  ['an address of the gateway', ['networks', 'things', 'gateway', 0]],
  ['a link address', ['devices', 'vent', 'mac']],
  ['a service', ['rules', 'text', 'service', 0]],
  ['hours', ['rules', 'text', 'when', 'hours']],
  ['a date', ['rules', 'text', 'expires']],
  ['a role', ['networks', 'things', 'role']],
  ['an effect', ['rules', 'text', 'effect']],
]
const keys: readonly (readonly [what: string, path: Path])[] = [
  ['a network', ['networks', 'things']],
  ['a profile', ['profiles', 'sensor']],
  ['a rule of a profile', ['profiles', 'sensor', 'rules', 'readings']],
  ['a list', ['lists', 'hosts']],
  ['an entry', ['lists', 'hosts', 'entries', 'c2.example']],
  ['a device', ['devices', 'vent']],
  ['the key of a label', ['devices', 'vent', 'labels', 'site']],
  ['a rule', ['rules', 'text']],
  ['a quarantine', ['quarantine', 'vent']],
  ['an API', ['apis', 'backend']],
  ['a property', ['rules', 'text', 'why']],
]
const prose: readonly (readonly [what: string, path: Path])[] = [
  ['the owner of the policy', ['owner']],
  ['why there is a profile', ['profiles', 'sensor', 'why']],
  ['why there is a rule', ['rules', 'text', 'why']],
  ['a ticket', ['profiles', 'sensor', 'rules', 'readings', 'ticket']],
  ['a source', ['rules', 'botnets', 'source']],
  ['why an entry is on a list', ['lists', 'hosts', 'entries', 'c2.example', 'why']],
  ['why a device is cut off', ['quarantine', 'vent', 'why']],
  ['the name of a test', ['tests', 0, 'name']],
  ['who a test is about', ['tests', 0, 'from']],
  ['where a test goes', ['tests', 0, 'to']],
]

function parentOf(document: Json, path: Path): { [key: string]: Json } {
  let at = document
  for (const key of path.slice(0, -1)) at = (at as { [key: string]: Json })[key] as Json
  return at as { [key: string]: Json }
}
function put(at: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Refused, with no fault that repeats what a terminal would act on, and none that is long. */
function expectRefused(document: Json): void {
  const [read, diagnostics] = validate(document)
  expect(read).toBeNull()
  for (const { message, path, value, hint } of diagnostics) {
    for (const text of [message, path, value ?? '', hint]) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(text.length).toBeLessThan(1000)
    }
  }
}

test('without them it is sound', () => {
  expect(validate(sound())[1]).toEqual([])
})

describe.each(names)('as %s', (what, path) => {
  // What a label stands for is never a key.
  const texts = what.startsWith('a label')
    ? hostileNames.filter((text) => text !== 'constructor')
    : hostileNames
  test.each(texts)('%j', (text) => {
    const document = sound()
    put(parentOf(document, path), String(path.at(-1)), text)
    expectRefused(document)
  })
})

describe.each(keys)('as the name of %s', (_, path) => {
  test.each(hostileNames)('%j', (text) => {
    const document = sound()
    const parent = parentOf(document, path)
    put(parent, text, parent[path.at(-1) as string] as Json)
    expectRefused(document)
  })
})

describe.each(prose)('as %s', (_, path) => {
  test.each(hostileProse)('%j', (text) => {
    const document = sound()
    put(parentOf(document, path), String(path.at(-1)), text)
    expectRefused(document)
  })
  test('quotes and braces are prose', () => {
    const document = sound()
    put(parentOf(document, path), String(path.at(-1)), `"it's" {fine}; $(really) 🌋`)
    expect(validate(document)[1]).toEqual([])
  })
})

test('a name that only looks like another is refused before it can be mistaken', () => {
  for (const [ours, theirs] of [
    ['vent', 'vеnt'],
    ['vent', 'VENT'],
    ['vent', 'vent '],
  ] as const) {
    const document = sound()
    const devices = document['devices'] as { [key: string]: Json }
    put(devices, theirs, devices[ours] as Json)
    expectRefused(document)
  }
})
