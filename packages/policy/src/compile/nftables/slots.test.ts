/**
 * Numbers that flows carry: in their range, unique, and the same for as long as the rule says the same, so that a
 * change elsewhere in the policy cuts no open flow. And the digest: of what the policy means, not of the moment.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allow, type DeviceValue, deny, device, list, profile } from '../../author/index.ts'
import { readBindings } from '../../evaluate/bindings.ts'
import { prepared, randomPolicy } from '../../fixtures/random.ts'
import { links, lowered, NOW, networks, siteOf, why } from '../../fixtures/site.ts'
import type { Bindings } from '../../model/flow.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import { compileFor } from '../driver.ts'
import type { Artifact } from '../target.ts'
import { nftables } from './index.ts'
import { FIRST_LIVE, MARK_MASK, NO_RANK } from './options.ts'
import { assignSlots, type Slot } from './slots.ts'

const https = { to: '203.0.113.0/24', service: 'https', why } as const
const base = {
  devices: {
    'vent-01': profile('sensor', { why, rules: { readings: allow.out(https) } }).device({
      mac: links.vent1,
      ip: '10.20.0.11',
      labels: { site: 'rim' },
    }),
  },
  rules: {
    known: allow.out({ ...https, who: 'vent-01', service: 'ssh' }),
    site: allow.out({ ...https, who: { label: { site: 'rim' } }, service: 'ntp', expires: '2030-01-01' }),
  },
}

const valuesOf = ({ numbers }: Slot): readonly number[] => numbers.map(({ value }) => value)
const rulesetOf = (parts: object): Ruleset => lowered(siteOf(parts))
/** The numbers of the author's own rules. */
function numbers(parts: object): Readonly<Record<string, readonly number[]>> {
  const own = assignSlots(rulesetOf(parts)).all.filter(({ rule }) => rule.tier === 'allow')
  return Object.fromEntries(
    own.map(({ rule }) => [rule.id, own.filter((one) => one.rule.id === rule.id).flatMap(valuesOf)]),
  )
}

test('ranks are below the first number, numbers between it and "no rank"; none twice, none for a deny', () => {
  expect([NO_RANK, MARK_MASK]).toEqual([0x0fffffff, 0x0fffffff])
  fc.assert(
    fc.property(randomPolicy, (document) => {
      const [ruleset] = prepared(document, { format: 1 })
      const { all } = assignSlots(ruleset)
      expect(all.map(({ rank }) => rank)).toEqual(all.map((_, at) => at + 1))
      expect(all.length).toBeLessThan(FIRST_LIVE)
      const given = all.flatMap(valuesOf)
      expect(new Set(given).size).toBe(given.length)
      for (const number of given) {
        expect(number).toBeGreaterThanOrEqual(FIRST_LIVE)
        expect(number).toBeLessThan(NO_RANK)
      }
      for (const { rule, numbers } of all) expect(numbers.length > 0).toBe(rule.effect === 'allow')
      expect(new Set(all.map(({ chain }) => chain)).size).toBe(all.length)
    }),
    { numRuns: 60 },
  )
})

test('thousands of rules have a number each', () => {
  const rules = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`r${at}`, allow.out(https)]))
  const slots = assignSlots(
    rulesetOf({ devices: { vent: device({ mac: links.vent1, ip: '10.20.0.11', rules }) } }),
  )
  const given = slots.all.filter(({ rule }) => rule.tier === 'allow').flatMap(valuesOf)
  expect(given.length).toBe(5000)
  expect(new Set(given).size).toBe(5000)
})

describe('while exceptions from a deny end, an allow has a number for each time between', () => {
  const entries = {
    '198.51.100.1': { why, expires: '2027-01-01' },
    '198.51.100.2': { why, expires: '2027-03-01' },
    '198.51.100.3': { why },
  }
  const slotsOf = (more: object): readonly Slot[] => {
    const hosts = list('hosts', { why, entries })
    const no = deny.out({ who: 'any', to: { of: 'any', except: hosts }, why } as never)
    return assignSlots(rulesetOf({ ...base, ...more, rules: { ...base.rules, no } })).all
  }
  const [first, second] = ['2027-01-01', '2027-03-01'].map(Date.parse)
  const endsOf = (id: string, more: object = {}): unknown =>
    slotsOf(more)
      .filter(({ rule }) => rule.id === id)
      .map(({ numbers }) => numbers.map(({ endsAt }) => endsAt))

  test('which ends where the deny grows; the last with the rule', () => {
    expect(endsOf('known')).toEqual([[first, second, null]])
    expect(endsOf('site')).toEqual([[first, second, Date.parse('2030-01-01')]])
    expect(endsOf('default/trusted-to-uplink')).toEqual([[first, second, null]])
  })
  test('none for what nothing overrules, and for a deny', () => {
    expect(endsOf('fixed/dhcp')).toEqual([[null]])
    expect(endsOf('no')).toEqual([[]])
  })
  test('all of them different, and the same whenever it is made', () => {
    const all = slotsOf({}).flatMap(valuesOf)
    expect(new Set(all).size).toBe(all.length)
    expect(slotsOf({}).flatMap(valuesOf)).toEqual(all)
  })
})

describe('a rule keeps its number', () => {
  const before = numbers(base)
  const vent = base.devices['vent-01']
  const other = device({ mac: links.vent2, ip: '10.20.0.12', rules: { a: allow.out(https) } })
  const richer = profile('sensor', {
    why: 'Another reason',
    owner: 'someone-else',
    limits: { egress: '64 kB/s' },
    rules: {
      clock: allow.out({ to: 'gateway', service: 'ntp', why }),
      readings: allow.out({ ...https, ticket: 'GEO-12', why: 'Else' }),
    },
  })
  const again = { mac: links.vent1, ip: '10.20.0.11', labels: { site: 'rim' } }
  const changes: readonly [what: string, parts: object][] = [
    ['when nothing changes', base],
    [
      'when a rule comes before it',
      { ...base, rules: { aaa: allow.out({ ...https, who: 'station' }), ...base.rules } },
    ],
    [
      'when rules change places',
      { ...base, rules: Object.fromEntries(Object.entries(base.rules).reverse()) },
    ],
    ['when a device comes', { ...base, devices: { another: other, ...base.devices } }],
    ['when a device has another address', { ...base, devices: { 'vent-01': vent, x: other } }],
    [
      'when its reasons change, and its profile does more',
      { ...base, devices: { 'vent-01': richer.device(again) } },
    ],
    [
      'when networks change places',
      { ...base, networks: Object.fromEntries(Object.entries(networks).reverse()) },
    ],
  ]
  test.each(changes)('%s', (_, parts) => {
    expect(numbers(parts)).toMatchObject(before)
  })

  test('when another rule speaks of the same devices by another name', () => {
    const spoken = (rules: object): object => ({
      devices: { 'vent-01': profile('sensor', { why, rules } as never).device(again) },
      rules: { known: allow.out({ ...https, who: 'vent-01' }) },
    })
    const more = { a: allow.out({ ...https, service: 'ntp' }) }
    expect(numbers(spoken(more)).known).toEqual(numbers(spoken({})).known)
  })
})

function same(one: DeviceValue): ReturnType<typeof profile> {
  return one().profile as ReturnType<typeof profile>
}

describe('what could change the verdict on its flows gives a rule another number, so that they are judged anew', () => {
  const numberOf = (parts: object): unknown => numbers(parts).known
  const vent = base.devices['vent-01']
  const hosts = list('hosts', { why, entries: { '192.0.2.7': { why } } })
  const another = device({ mac: links.vent2, ip: '10.20.0.12' })
  const known = allow.out({ ...https, who: { label: { site: 'rim' } } })
  const labelled = (...names: readonly string[]): object => ({
    devices: Object.fromEntries(
      names.map((name, at) => [
        name,
        device({ mac: `02:00:00:00:00:0${at + 1}`, ip: `10.20.0.${at + 11}`, labels: { site: 'rim' } }),
      ]),
    ),
    rules: { known },
  })
  const changes: readonly [what: string, before: object, after: object][] = [
    [
      'a deny comes',
      { ...base, rules: { known } },
      { ...base, rules: { known, no: deny.both({ who: 'any', peer: hosts, why }) } },
    ],
    [
      'a device is held',
      { ...base, rules: { known } },
      { ...base, rules: { known }, quarantine: { 'vent-01': { why } } },
    ],
    ['a device comes to it', labelled('one'), labelled('one', 'two')],
    ['a device leaves it', labelled('one', 'two'), labelled('one')],
  ]
  test.each(changes)('%s', (_, one, other) => {
    expect(numberOf(one)).toBeDefined()
    expect(numberOf(other)).not.toEqual(numberOf(one))
  })
  test('a device of another kind changes nothing', () => {
    const devices = { 'vent-01': vent }
    expect(numberOf({ devices: { ...devices, another }, rules: { known } })).toEqual(
      numberOf({ devices, rules: { known } }),
    )
  })
})

describe('a rule that says something else has another number, so that its flows are judged anew', () => {
  const withRule = (rule: object) =>
    numbers({
      devices: { vent: device({ mac: links.vent1, ip: '10.20.0.11', rules: { a: rule } as never }) },
    })['vent/a']
  const before = withRule(allow.out(https))
  test.each([
    ['service', allow.out({ ...https, service: 'http' })],
    ['peer', allow.out({ ...https, to: '203.0.113.0/25' })],
    ['direction', allow.in({ from: https.to, service: 'https', why })],
    ['end', allow.out({ ...https, expires: '2030-01-01' })],
    ['hours', allow.out({ ...https, when: { hours: '08:00-18:00' } })],
    ['exception', allow.out({ ...https, to: 'any', except: '10.0.0.0/8' })],
  ])('%s', (_, rule) => {
    expect(withRule(rule)).not.toEqual(before)
  })
})

describe('the digest', () => {
  const emit = (parts: object, given: object = {}, at = NOW): Artifact => {
    const ruleset = rulesetOf(parts)
    const [bindings] = readBindings({ format: 1, ...given }, ruleset)
    return compileFor(nftables, ruleset, { bindings: bindings as Bindings, at, log: null })[0] as Artifact
  }
  const named = {
    ...base,
    rules: { ...base.rules, api: allow.out({ ...https, who: 'vent-01', to: 'api.volcano.example' }) },
  }
  const before = emit(named)
  const told = { device: 'vent-01', name: 'api.volcano.example', addresses: ['203.0.113.10', '2001:db8::10'] }

  test('is 32 hexadecimal digits, and in the text of both tables', () => {
    expect(before.digest).toMatch(/^[0-9a-f]{32}$/)
    expect(before.text.split(`comment "thingwall ${before.digest}"`).length).toBe(3)
  })
  test('stays, whatever devices are given and told', () => {
    const one = emit(named, {
      names: [told],
      addresses: [{ device: 'vent-01', address: '10.20.0.57' }],
      gateway: ['192.0.2.2'],
    })
    expect(one.digest).toBe(before.digest)
    expect(one.text).not.toBe(before.text)
    const brief = emit(named, { names: [{ ...told, until: '2026-11-22T12:05:00Z' }] })
    expect(brief.digest).toBe(before.digest)
  })
  test('stays, whenever it is made', () => {
    for (const at of [0, NOW + 1, Date.parse('2029-12-31T23:59:59Z'), Date.parse('2031-01-01T00:00:00Z')]) {
      expect(emit(named, {}, at).digest).toBe(before.digest)
    }
  })
  test('stays when only reasons change', () => {
    const rules = {
      ...named.rules,
      known: allow.out({ ...https, who: 'vent-01', service: 'ssh', why: 'Another' }),
    }
    expect(emit({ ...named, rules }).digest).toBe(before.digest)
  })

  const vent = base.devices['vent-01']
  const plain = { mac: links.vent1, ip: '10.20.0.11', labels: { site: 'rim' } }
  test.each<readonly [string, object]>([
    ['a rule comes', { ...named, rules: { ...named.rules, x: allow.out({ ...https, who: 'station' }) } }],
    [
      'a rule has another service',
      { ...named, rules: { ...named.rules, known: allow.out({ ...https, who: 'vent-01' }) } },
    ],
    [
      'an end moves',
      {
        ...named,
        rules: {
          ...named.rules,
          site: allow.out({
            ...https,
            who: { label: { site: 'rim' } },
            service: 'ntp',
            expires: '2030-01-02',
          }),
        },
      },
    ],
    [
      'a device has another address',
      { ...named, devices: { 'vent-01': same(vent).device({ ...plain, ip: '10.20.0.12' }) } },
    ],
    [
      'a device has another link address',
      { ...named, devices: { 'vent-01': same(vent).device({ ...plain, mac: links.vent2 }) } },
    ],
    [
      'a device comes',
      { ...named, devices: { ...named.devices, x: device({ mac: links.vent2, network: 'things' }) } },
    ],
    ['a device is held', { ...named, quarantine: { 'vent-01': { why } } }],
    [
      'a network has another interface',
      { ...named, networks: { ...networks, things: { ...networks.things, interface: ['wlan1'] } } },
    ],
    [
      'a network grows',
      { ...named, networks: { ...networks, visitors: { ...networks.visitors, cidrs: ['10.40.0.0/23'] } } },
    ],
    [
      'an administrator leaves',
      { ...named, networks: { ...networks, station: { ...networks.station, admin: ['10.30.0.5'] } } },
    ],
    [
      'the uplink translates no more',
      { ...named, networks: { ...networks, uplink: { ...networks.uplink, masquerade: false } } },
    ],
  ])('changes when %s', (_, parts) => {
    expect(emit(parts).digest).not.toBe(before.digest)
  })
})
