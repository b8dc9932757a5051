/**
 * A file's words and the journal's together: the elements that are put into the kernel beside a rule set compiled with the
 * file are those that it would have, compiled with both. No kernel: what nft would make of the commands is done here.
 */
import {
  type Address,
  allow,
  type Bindings,
  bind,
  bindingsJson,
  device,
  EVERY_DEVICE,
  forward,
  lower,
  network,
  parseAddress,
  policy,
  type Ruleset,
  readBindings,
  type Said,
  validate,
} from '@thingwall/policy'
import { element, runTimeElements } from '@thingwall/policy/nftables'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundNow } from './emission.ts'
import { fromFile, joined, lasting } from './from-file.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const clock = { now: () => NOW, isTrusted: () => true }
const FORGOTTEN = { now: () => 0, isTrusted: () => false }
const names = ['api.volcano.example', 'time.volcano.example'] as const
const devices = ['vent-01', 'valve'] as const
const leases = ['10.20.0.57', '10.20.0.58', 'fd20::57'].map(read)
const answers = ['203.0.113.10', '203.0.113.11', '2001:db8::10'].map(read)

function read(text: string): Address {
  return parseAddress(text) ?? expect.fail(text)
}

const ruleset: Ruleset = (() => {
  const out = (name: string) => allow.out({ to: name, service: '443/tcp', why: 'readings' })
  const [document] = validate(
    policy('volcano', {
      owner: 'geo@volcano.example',
      networks: {
        things: network({
          role: 'things',
          interface: 'wlan0',
          cidrs: ['10.20.0.0/24', 'fd20::/64'],
          isolation: 'access-point',
        }),
        uplink: network({ role: 'uplink', interface: 'wan0' }),
      },
      devices: {
        'vent-01': device({
          mac: '02:00:00:00:00:01',
          network: 'things',
          rules: { api: out(names[0]), time: out(names[1]) },
        }),
        valve: device({
          mac: '02:00:00:00:00:02',
          network: 'things',
          ip: '10.20.0.9',
          rules: { api: out(names[0]) },
        }),
      },
      forwards: {
        door: forward({ at: 'uplink', service: '8022/tcp', to: 'vent-01', port: 22, why: 'repairs' }),
      },
    }),
  )
  const [made] = lower(document ?? expect.fail('invalid'))
  return made ?? expect.fail('does not lower')
})()

const until = fc.constantFrom(NOW - 1000, NOW + 60_000, NOW + 3_600_000, Number.POSITIVE_INFINITY)
const owners = fc
  .array(fc.record({ address: fc.constantFrom(...leases), device: fc.constantFrom(...devices), until }), {
    maxLength: 4,
  })
  .map((all) => new Map(all.map(({ address, ...rest }) => [address, rest])))
const toldTo = (who: readonly string[]) =>
  fc
    .array(
      fc.record({
        who: fc.constantFrom(...who),
        name: fc.constantFrom(...names),
        address: fc.constantFrom(...answers),
        until,
      }),
      { maxLength: 5 },
    )
    .map((all) => {
      const told = new Map<string, Map<string, { address: Address; until: number }[]>>()
      for (const { who: one, name, ...answer } of all) {
        const own = told.get(one) ?? new Map<string, { address: Address; until: number }[]>()
        told.set(one, own.set(name, [...(own.get(name) ?? []), answer]))
      }
      return told
    })
const saidTo = (who: readonly string[]): fc.Arbitrary<Said> =>
  fc.record({ owners, names: toldTo(who), gateway: fc.constant(new Set<Address>()) })

/** What one device was given and told, as a compilation with these bindings takes it. */
function given(bindings: Said, name: string) {
  const told = new Map<string, readonly { address: Address; until: number }[]>()
  for (const who of [EVERY_DEVICE, name])
    for (const [asked, got] of bindings.names.get(who) ?? [])
      told.set(asked, [...(told.get(asked) ?? []), ...got])
  const addresses = [...bindings.owners].flatMap(([address, one]) =>
    one.device === name ? [{ address, until: one.until }] : [],
  )
  return { addresses, names: told }
}

function elementsWith(bindings: Said): Map<string, string> {
  const found = new Map<string, string>()
  for (const [index, { name }] of ruleset.devices.entries())
    for (const one of runTimeElements(ruleset, index, given(bindings, name), NOW).values())
      found.set(`${one.family} a/${one.set} ${one.key}`, element(one.key, one.until, NOW, one.data))
  return found
}

/** Carries the commands out as the kernel does: what is there keeps its time, and must have the same data. */
function carriedOut(into: Map<string, string>, commands: string): Map<string, string> {
  for (const line of commands.split('\n').slice(0, -1)) {
    const [, verb, family, set, list = ''] =
      /^(add|delete) element (\w+) thingwall (\S+) \{ (.*) \}$/.exec(line) ?? expect.fail(line)
    for (const text of list.split(', ')) {
      const [own = ''] = text.split(/ timeout | : /)
      const key = `${family} ${set} ${own}`
      const there = into.get(key)
      if (verb === 'delete') {
        expect(there, `${key} is deleted`).toBeDefined()
        into.delete(key)
      } else if (there === undefined) into.set(key, text)
      else
        expect(text.split(' : ')[1]?.split(' timeout ')[0], key).toBe(
          there.split(' : ')[1]?.split(' timeout ')[0],
        )
    }
  }
  return into
}

const everySet: ReadonlySet<string> = { has: () => true } as unknown as ReadonlySet<string>

test('compiled with a file, and what is put beside it, is compiled with both', () => {
  let beside = 0
  fc.assert(
    fc.property(saidTo([...devices, EVERY_DEVICE]), saidTo(devices), (file, learnt) => {
      const journal = {
        given: (_: Ruleset, index: number) => given(learnt, ruleset.devices[index]?.name ?? ''),
      }
      const commands = boundNow(ruleset, journal, NOW, fromFile(file, clock))('a', everySet)
      if (commands !== '' && file.names.size > 0) beside += 1
      const both: Bindings = joined(ruleset, file, learnt, clock)
      expect(carriedOut(elementsWith(file), commands)).toEqual(elementsWith(both))
    }),
    { numRuns: 500 },
  )
  expect(beside).toBeGreaterThan(50)
})

test('of an address that both speak of the file says whose it is, while its entry lasts', () => {
  const [address] = leases as [Address]
  const of = (who: string, at: number): Said => ({
    owners: new Map([[address, { device: who, until: at }]]),
    names: new Map(),
    gateway: new Set(),
  })
  const learnt = of('valve', NOW + 5000)
  const owner = (file: Said) => joined(ruleset, file, learnt, clock).owners.get(address)
  expect(owner(of('vent-01', NOW + 1000))).toEqual({ device: 'vent-01', until: NOW + 1000 })
  expect(owner(of('vent-01', NOW - 1000))).toEqual({ device: 'valve', until: NOW + 5000 })
  expect(owner(of('valve', NOW + 1000))).toEqual({ device: 'valve', until: NOW + 5000 })
})

test('where nobody knows the time only what has no end holds', () => {
  const [one, other] = leases as [Address, Address]
  const file: Said = {
    owners: new Map([
      [one, { device: 'vent-01', until: Number.POSITIVE_INFINITY }],
      [other, { device: 'vent-01', until: NOW + 1000 }],
    ]),
    names: new Map(),
    gateway: new Set(),
  }
  expect(
    fromFile(file, FORGOTTEN)
      .given('vent-01')
      .addresses.map(({ address }) => address),
  ).toEqual([one])
  expect([...lasting(ruleset, file, FORGOTTEN).owners.keys()]).toEqual([one])
  expect([...lasting(ruleset, file, clock).owners.keys()]).toEqual([one, other])
})

test('what is kept of a file reads as the file did', () => {
  fc.assert(
    fc.property(saidTo([...devices, EVERY_DEVICE]), (said) => {
      const [again, faults] = readBindings(JSON.parse(JSON.stringify(bindingsJson(said))), ruleset)
      expect(faults).toEqual([])
      expect(elementsWith(again ?? expect.fail('unread'))).toEqual(elementsWith(bind(ruleset, said)))
    }),
    { numRuns: 200 },
  )
})
