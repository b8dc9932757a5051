/** Flows seen in the past, held against a new policy: cut, kept, refused already, or not to be told. */
import { expect, test } from 'vitest'
import { allow, profile } from '../../author/index.ts'
import { noBindings } from '../../evaluate/bind.ts'
import { lowered, NOW, owner, siteOf, why } from '../../fixtures/site.ts'
import { type Address, parseAddress } from '../../model/address.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import { cutFlows, type RecordedFlow } from './recorded.ts'

function site(rules: object, names: readonly string[] = ['vent-01', 'vent-02']): Ruleset {
  const vents = profile('vents', { why, owner, rules } as never)
  const devices = names.map((name, at) => [name, vents.device({ mac: `24:6f:28:aa:00:0${at + 1}`, ip: [] })])
  return lowered(siteOf({ devices: Object.fromEntries(devices) }))
}

const api = { readings: allow.out({ to: 'api.volcano.example', service: 'https', why }) }
const clock = { clock: allow.out({ to: 'gateway', service: 'ntp', why }) }
const seen = (given: Partial<Record<keyof RecordedFlow, unknown>>): RecordedFlow =>
  ({
    sourceDevice: 'vent-01',
    destinationDevice: null,
    destinationName: null,
    ingress: 'wlan0',
    protocol: 6,
    destinationPort: 443,
    icmpType: null,
    count: 1,
    lastMs: NOW,
    ...given,
    source: parseAddress(String(given.source ?? '10.20.0.77')) as Address,
    destination: parseAddress(String(given.destination ?? '192.0.2.80')) as Address,
  }) as RecordedFlow

const named = { destinationName: 'api.volcano.example' }
const told = (before: Ruleset | null, after: Ruleset, flows: readonly RecordedFlow[]): unknown => {
  const { cuts, judged, undecided } = cutFlows(flows, { before, after, bindings: noBindings, at: NOW })
  const lines = cuts.map(
    ({ from, to, service, count, rule, before: by }) =>
      `${from} → ${to} ${service} ×${count}: ${rule.id}, now ${by?.id}`,
  )
  return { lines, judged, undecided }
}

test('a device known by its lease loses the name it was told', () => {
  const flows = [
    seen({ ...named, count: 5 }),
    seen({ ...named, count: 7, destination: '192.0.2.81' }),
    seen({ ...named, sourceDevice: 'vent-02', source: '10.20.0.78' }),
    seen({ destination: '10.20.0.1', protocol: 17, destinationPort: 123 }),
  ]
  expect(told(site({ ...api, ...clock }), site(clock), flows)).toEqual({
    lines: [
      'vent-01 → api.volcano.example 443/tcp ×12: default/deny, now vents/readings',
      'vent-02 → api.volcano.example 443/tcp ×1: default/deny, now vents/readings',
    ],
    judged: 4,
    undecided: 0,
  })
  expect(told(site({ ...api, ...clock }), site({ ...api, ...clock }), flows)).toEqual({
    lines: [],
    judged: 4,
    undecided: 0,
  })
})

test('what is refused already is no news; where nothing is in force, all that is refused is', () => {
  const flows = [seen({ destination: '10.30.0.5', destinationPort: 22 })]
  expect(told(site(api), site(clock), flows)).toEqual({ lines: [], judged: 1, undecided: 0 })
  expect(told(null, site(clock), flows)).toMatchObject({
    lines: ['vent-01 → 10.30.0.5 22/tcp ×1: default/deny, now undefined'],
  })
})

test('a device that is gone, an interface that is gone', () => {
  const gone = site(api, ['vent-02'])
  expect(told(site(api), gone, [seen(named)])).toMatchObject({
    lines: ['vent-01 → api.volcano.example 443/tcp ×1: fixed/stranger, now vents/readings'],
  })
  expect(told(null, site(api), [seen({ ...named, ingress: 'wlan7' })])).toMatchObject({
    lines: ['vent-01 → api.volcano.example 443/tcp ×1: fixed/interface, now undefined'],
  })
})

test('what nobody can tell is counted, not guessed', () => {
  const flows = [seen({ protocol: null }), seen({})]
  // The address may be an answer for the name that the rule speaks of.
  expect(told(null, site(api), flows)).toEqual({ lines: [], judged: 0, undecided: 2 })
})

test('an address that was one device’s and then another’s: each by its own rules', () => {
  const two = (extra: object): Ruleset => {
    const vents = profile('vents', { why, owner, rules: {} } as never)
    const first = { mac: '24:6f:28:aa:00:01', ip: [] as string[], rules: api }
    const devices = {
      'vent-01': vents.device({ ...first, ...extra } as never),
      'vent-02': vents.device({ mac: '24:6f:28:aa:00:02', ip: [], rules: api } as never),
    }
    return lowered(siteOf({ devices }))
  }
  const flows = [seen(named), seen({ ...named, sourceDevice: 'vent-02' })]
  expect(told(two({}), two({ rules: clock }), flows)).toMatchObject({
    lines: ['vent-01 → api.volcano.example 443/tcp ×1: default/deny, now vent-01/readings'],
    judged: 2,
  })
})
