/**
 * What a policy becomes: rules in the order in which they win, groups of devices, classes of devices that no rule tells
 * apart, networks with what lives on them, and the parts a rule falls into.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allow, deny, device, forward, list, network, profile } from '../author/index.ts'
import { prepared, randomPolicy } from '../fixtures/random.ts'
import { links, lowered, networks, siteOf, why } from '../fixtures/site.ts'
import { formatInterval } from '../model/address.ts'
import { type Ruleset, tiers } from '../model/ruleset.ts'

const rulesetOf = (parts: object): Ruleset => lowered(siteOf(parts))
const peer = { to: '203.0.113.0/24', service: 'https', why } as const
const mac = (at: number): string => `02:00:00:00:01:${at.toString(16).padStart(2, '0')}`

describe('the order in which rules win', () => {
  test('tier, then the longer life, then the id; what refuses the rest is last', () => {
    const devices = { vent: device({ mac: links.vent1, ip: '10.20.0.11' }) }
    const rules = {
      z: allow.out({ ...peer, who: 'vent' }),
      a: allow.out({ ...peer, who: 'vent', expires: '2030-01-01' }),
      b: allow.out({ ...peer, who: 'vent', expires: '2031-01-01' }),
      m: allow.out({ ...peer, who: 'vent' }),
      y: deny.out({ who: 'vent', to: 'any', why, expires: '2020-01-01' }),
      x: deny.out({ who: 'vent', to: 'any', why, expires: '2030-01-01', onExpiry: 'lift' }),
    }
    const forwards = {
      f: forward({ at: 'uplink', service: '22/tcp', to: 'vent', why, expires: '2027-01-01' }),
    }
    const { rules: ordered } = rulesetOf({ devices, rules, quarantine: { vent: { why } }, forwards })
    const own = ordered.filter(({ tier }) => tier !== 'fixed' && tier !== 'default').map(({ id }) => id)
    expect(own).toEqual(['quarantine/vent', 'y', 'x', 'forward/f', 'default/no-forward', 'm', 'z', 'b', 'a'])
    expect(ordered.at(-1)?.id).toBe('default/deny')
    expect(ordered.filter(({ id }) => id.startsWith('default/')).map(({ id }) => id)).toEqual([
      'default/no-forward',
      'default/admin',
      'default/gateway-services',
      'default/gateway-to-uplink',
      'default/guest-to-uplink',
      'default/names',
      'default/trusted-to-uplink',
      'default/deny',
    ])
  })

  test('holds for any policy, and every id is there once', () => {
    fc.assert(
      fc.property(randomPolicy, (document) => {
        const [{ rules }] = prepared(document, { format: 1 })
        const keys = rules
          .filter(({ id }) => id !== 'default/deny' && id !== 'default/no-forward')
          .map((rule) => [tiers.indexOf(rule.tier), -(rule.endsAt ?? Number.MAX_SAFE_INTEGER), rule.id])
        const sorted = [...keys].sort(
          ([a, b, c], [x, y, z]) =>
            Number(a) - Number(x) || Number(b) - Number(y) || (String(c) < String(z) ? -1 : 1),
        )
        expect(keys).toEqual(sorted)
        expect(rules.at(-1)?.id).toBe('default/deny')
        expect(rules.findLast(({ tier }) => tier === 'forward')?.id).toBe('default/no-forward')
        expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
      }),
      { numRuns: 60 },
    )
  })
})

describe('groups and classes', () => {
  const many = (count: number, kind: { device: (options: never) => unknown }): object =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `d${at}`,
        kind.device({ mac: mac(at), network: 'things' } as never),
      ]),
    )
  const sensor = profile('sensor', { why, rules: { a: allow.out(peer) } })

  test('a hundred devices of one kind are one class', () => {
    const { classes, devices } = rulesetOf({ devices: many(100, sensor) })
    expect([devices.length, classes.length]).toEqual([100, 1])
  })
  test('a rule about one of them makes it a class of its own', () => {
    const rules = { one: allow.out({ ...peer, who: 'd7', service: 'ssh' }) }
    const { classes, devices } = rulesetOf({ devices: many(100, sensor), rules })
    expect(classes.length).toBe(2)
    expect(devices.filter((one) => one.class === devices[7]?.class).map(({ name }) => name)).toEqual(['d7'])
  })
  test('devices no rule speaks of are one class without groups', () => {
    const { classes, devices } = rulesetOf({ devices: many(3, { device: device as never }) })
    expect(devices.map((one) => one.class)).toEqual([0, 0, 0])
    expect(classes[0]?.groups.size).toBe(0)
  })
  test('two devices are of one class exactly if they are in the same groups', () => {
    fc.assert(
      fc.property(randomPolicy, (document) => {
        const { devices, groups, classes } = prepared(document, { format: 1 })[0]
        const groupsOf = devices.map((_, at) =>
          groups.flatMap((group, index) => (group.devices.includes(at) ? [index] : [])),
        )
        for (const [at, one] of devices.entries()) {
          expect([...(classes[one.class]?.groups ?? [])]).toEqual(groupsOf[at])
          for (const [other, two] of devices.entries())
            expect(one.class === two.class).toBe(String(groupsOf[at]) === String(groupsOf[other]))
        }
      }),
      { numRuns: 60 },
    )
  })
  test('one label, one group; differences and unions are groups of their own', () => {
    const rules = {
      a: allow.out({ ...peer, who: sensor }),
      b: allow.out({ ...peer, who: { profile: 'sensor' }, service: 'ntp' }),
      less: allow.out({ ...peer, who: { profile: 'sensor', except: 'd1' }, service: 'ssh' }),
      both: allow.out({ ...peer, who: ['d2', 'd0'], service: 'coap' }),
    }
    const { groups } = rulesetOf({ devices: many(3, sensor), rules })
    const byLabel = Object.fromEntries(groups.map(({ label, devices }) => [label, devices]))
    expect(groups.length).toBe(Object.keys(byLabel).length)
    expect(byLabel).toMatchObject({
      'profile sensor': [0, 1, 2],
      'profile sensor except device d1': [0, 2],
      'device d0 and device d2': [0, 2],
    })
  })
})

describe('matches', () => {
  const hosts = list('hosts', {
    why,
    entries: {
      '198.51.100.1': { why },
      '198.51.100.2': { why, expires: '2030-01-01' },
      '198.51.100.3': { why, expires: '2030-01-01' },
      '198.51.100.4': { why, expires: '2031-01-01', onExpiry: 'lift' },
    },
  })
  const matchesOf = (rule: unknown) =>
    rulesetOf({
      devices: {
        vent: device({ mac: links.vent1, ip: '10.20.0.11' }),
        d1: device({ mac: links.vent2, ip: '10.20.0.12' }),
      },
      rules: { r: rule },
    }).rules.find(({ id }) => id === 'r')?.matches ?? []
  const ends = (rule: unknown): readonly (number | null)[] => matchesOf(rule).map(({ endsAt }) => endsAt)
  const [soon, late] = ['2030-01-01', '2031-01-01'].map((text) => Date.parse(text))

  test('one for each direction and each end of its list entries', () => {
    expect(matchesOf(allow.out({ ...peer, who: 'vent' })).length).toBe(1)
    expect(matchesOf(allow.both({ who: 'vent', peer: 'any', service: 'any', why })).length).toBe(2)
    expect(ends(allow.out({ ...peer, who: 'vent', to: hosts }))).toEqual([null, soon, late])
    expect(ends(deny.out({ who: 'vent', to: hosts, why }))).toEqual([null, late])
  })
  test('devices stand apart from addresses, so that each match has one place', () => {
    for (const match of matchesOf(
      allow.both({ who: ['vent', 'station'], peer: ['d1', '203.0.113.0/24'], service: 'any', why }),
    )) {
      for (const { include } of [match.from, match.to]) {
        const groups = include.filter(({ kind }) => kind === 'group').length
        expect(groups === 0 || include.length === 1).toBe(true)
      }
    }
  })
  test('an exception of the same kind is taken out at once, of another kind it is kept', () => {
    const [same] = matchesOf(
      allow.out({ ...peer, who: 'vent', to: '10.30.0.0/24', except: '10.30.0.128/25' }),
    )
    expect(same?.to).toMatchObject({ except: [], include: [{ kind: 'addresses' }] })
    const [other] = matchesOf(
      allow.out({ ...peer, who: 'vent', to: 'any', except: ['10.30.0.128/25', 'd1'] }),
    )
    expect(other?.to.except.map(({ kind }) => kind).sort()).toEqual(['addresses', 'group'])
  })
  test('except inside except is refused', () => {
    const inner = { of: 'any', except: '10.0.0.0/8' }
    expect(() =>
      matchesOf(allow.out({ ...peer, who: 'vent', to: { of: inner, except: '10.1.0.0/16' } as never })),
    ).toThrow('TW1002')
  })
})

describe('networks', () => {
  const show = (parts: object) =>
    Object.fromEntries(rulesetOf(parts).networks.map((one) => [one.name, one.addresses.map(formatInterval)]))

  test('what lives on no local network lives on every uplink', () => {
    const lte = network({ role: 'uplink', interface: 'wwan0' })
    const { uplink, more } = show({ networks: { ...networks, more: lte } })
    expect(uplink).toEqual(more)
    expect(uplink?.slice(0, 3)).toEqual([
      '1.0.0.0-10.19.255.255',
      '10.20.1.0-10.29.255.255',
      '10.30.1.0-10.39.255.255',
    ])
    expect(uplink?.join()).not.toMatch(/127\.0\.0\.1|224\.0\.0\.0/)
  })
  test('the gateway is the first host of each prefix, or what is stated', () => {
    const gateway = (parts: object) => rulesetOf(parts).networks[0]?.gateway
    expect(gateway({})).toEqual(['0a140001', 'fd200000000000000000000000000001'])
    const things = { ...networks.things, gateway: ['10.20.0.254'] }
    expect(gateway({ networks: { ...networks, things } })).toEqual(['0a1400fe'])
  })
})
