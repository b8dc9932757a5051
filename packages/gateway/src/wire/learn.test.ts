/** Who gets which address: of the gateway's server first, of the first who claims it otherwise, and never without end. */
import {
  type Address,
  device,
  formatAddress,
  type LinkAddress,
  lower,
  network,
  parseAddress,
  policy,
  type Ruleset,
} from '@thingwall/policy'
import { beforeEach, expect, test } from 'vitest'
import type { BindingClock } from '../bindings/clock.ts'
import { type Journal, openJournal } from '../bindings/journal.ts'
import { CLAIM_MS, type Learn, learning } from './learn.ts'

const [vent, other, stated, stranger] = ['01', '02', '03', '99'].map(
  (end) => `24:6f:28:aa:00:${end}`,
) as unknown as readonly [LinkAddress, LinkAddress, LinkAddress, LinkAddress]
const networks = {
  things: network({
    role: 'things',
    interface: 'wlan0',
    cidrs: ['10.20.0.0/24', 'fd20::/64'],
    gateway: 'fd20::1',
  }),
  hidden: network({ role: 'things', interface: 'tun0', cidrs: ['fd22::/64'], identity: 'ip' }),
  uplink: network({ role: 'uplink', interface: 'wan0' }),
}
const ruleset = lower(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks,
    devices: {
      'vent-01': device({ mac: vent, network: 'things' }),
      'vent-02': device({ mac: other, network: 'things' }),
      valve: device({ mac: stated, ip: 'fd20::3' }),
    },
  }),
)[0] as Ruleset
const read = (text: string): Address => parseAddress(text) as Address

let now = 0
let journal: Journal
let learn: Learn
let transactions = 0
const conflicts: string[] = []
const clock: BindingClock = {
  now: () => 1_800_000_000_000 + now,
  sinceBootMs: () => now,
  boot: 'x',
  isTrusted: () => true,
}
beforeEach(() => {
  now = 1000
  transactions = 0
  conflicts.length = 0
  const file = {
    read: () => '',
    append: () => {},
    sync: async () => {},
    replace: () => {},
    setAside: () => {},
    close: () => {},
  }
  journal = openJournal({ file, clock })
  learn = learning({
    journal,
    clock,
    keeper: {
      bind: async (fact, forMs) => {
        const outcome = journal.put(fact, forMs)
        transactions += 1
        if (outcome.kind === 'taken') conflicts.push(`${formatAddress(fact.address)} is ${outcome.by}'s`)
        return outcome
      },
      release: async (fact) => {
        journal.drop(fact)
      },
    },
    rulesets: () => [ruleset],
    isOurs: (address) => address === read('fd20::1'),
    conflict: (link, address) => conflicts.push(`${link} wants ${formatAddress(address)}`),
  })
})

const claim = (link: LinkAddress, text: string, on = 'wlan0'): Promise<void> =>
  learn({ kind: 'claimed', link, address: read(text) }, on)
const given = (link: LinkAddress, text: string, seconds = 3600): Promise<void> =>
  learn({ kind: 'given', link, address: read(text), forMs: seconds * 1000 }, 'wlan0')
const has = (text: string): string | null => {
  const held = journal.holder(read(text))
  return held === null ? null : `${held.lease.link} ${held.lease.source} ${Math.round(held.leftMs / 1000)}`
}
const day = CLAIM_MS / 1000

test('the first to claim an address has it for a day, and the second gets nothing', async () => {
  await claim(vent, 'fd20::57')
  await claim(other, 'fd20::57')
  expect([has('fd20::57'), conflicts]).toEqual([`${vent} first-come ${day}`, [`fd20::57 is ${vent}'s`]])
  expect(journal.given(ruleset, 0).addresses.map(({ address }) => formatAddress(address))).toEqual([
    'fd20::57',
  ])
})

test('it lasts as long as the device shows that it is there, and ends when it does not', async () => {
  await claim(vent, 'fd20::57')
  now += CLAIM_MS / 4
  await claim(vent, 'fd20::57')
  expect(transactions).toBe(1)
  now += CLAIM_MS / 2
  await claim(vent, 'fd20::57')
  expect([transactions, has('fd20::57')]).toEqual([2, `${vent} first-come ${day}`])
  now += CLAIM_MS + 1
  await claim(other, 'fd20::57')
  expect([has('fd20::57'), conflicts]).toEqual([`${other} first-come ${day}`, []])
})

test.each<readonly [string, LinkAddress, string, string, readonly string[]]>([
  ['a stranger', stranger, 'fd20::57', 'wlan0', []],
  ['an address of another network', vent, 'fd21::57', 'wlan0', []],
  ['an address of this machine', vent, 'fd20::1', 'wlan0', []],
  ['a link-local address', vent, 'fe80::57', 'wlan0', []],
  ['an IPv4 address', vent, '10.20.0.57', 'wlan0', []],
  ['on another network than its own', vent, 'fd20::57', 'tun0', []],
  ['through the uplink', vent, 'fd20::57', 'wan0', []],
  ['what the policy gives to another', vent, 'fd20::3', 'wlan0', [`${vent} wants fd20::3`]],
  ['what the policy gives to itself', stated, 'fd20::3', 'wlan0', []],
])('claims nothing: %s', async (_, link, text, on, told) => {
  await claim(link, text, on)
  expect([has(text), transactions, conflicts]).toEqual([null, 0, told])
})

test('a device has sixteen, and pushes out none but its own; more a minute nobody listens to', async () => {
  await claim(other, 'fd20::2')
  for (let at = 0; at < 40; at++) {
    now += 10
    await claim(vent, `fd20::1:${at}`)
  }
  expect(transactions).toBe(17)
  expect(journal.given(ruleset, 0).addresses).toHaveLength(16)
  now += 60_000
  await claim(vent, 'fd20::2:1')
  expect(journal.given(ruleset, 0).addresses).toHaveLength(16)
  expect([has('fd20::1:0'), has('fd20::2:1')]).toEqual([null, `${vent} first-come ${day}`])
  expect(has('fd20::2')).toContain(other)
})

test('a server gives its own addresses, also those that somebody claimed; a claim takes none of them', async () => {
  await claim(vent, 'fd20::57')
  await given(other, 'fd20::57')
  expect(has('fd20::57')).toBe(`${other} wire 3600`)
  await claim(vent, 'fd20::57')
  expect([has('fd20::57'), conflicts]).toEqual([`${other} wire 3600`, [`fd20::57 is ${other}'s`]])
  await claim(other, 'fd20::57')
  expect(has('fd20::57')).toBe(`${other} wire 3600`)
})

test('a lease is renewed, ends, and is given back only by who has it', async () => {
  await given(vent, '10.20.0.57')
  await given(vent, '10.20.0.57')
  expect(transactions).toBe(1)
  now += 1_800_000
  await given(vent, '10.20.0.57')
  expect([transactions, has('10.20.0.57')]).toEqual([2, `${vent} wire 3600`])
  await given(other, '10.20.0.57')
  expect(has('10.20.0.57')).toContain(vent)
  await learn({ kind: 'given-back', link: other, address: read('10.20.0.57') }, 'wlan0')
  expect(has('10.20.0.57')).toContain(vent)
  await learn({ kind: 'given-back', link: vent, address: read('10.20.0.57') }, 'wlan0')
  expect(has('10.20.0.57')).toBeNull()
  await given(vent, '10.20.0.58', 60)
  now += 60_001
  expect(has('10.20.0.58')).toBeNull()
})
