/**
 * A gateway that does not know the time is stricter than the policy at every instant that may be now, and no stricter
 * than it has to be: tables for what is off and on, and the property over random policies.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list } from '../author/index.ts'
import { compileFor } from '../compile/driver.ts'
import { nftables } from '../compile/nftables/index.ts'
import { judges } from '../fixtures/flow.ts'
import { prepared, randomBindings, randomFlow, randomPolicy } from '../fixtures/random.ts'
import { links, NOW, type World, why, world } from '../fixtures/site.ts'
import { withoutClock } from '../lower/without-clock.ts'
import { evaluate } from './evaluate.ts'

const day = 86_400_000

const seen = list('seen', {
  why,
  entries: {
    '203.0.113.1': { why },
    '203.0.113.2': { why, expires: '2026-12-01' },
  },
})
const banned = list('banned', {
  why,
  entries: {
    '203.0.113.8': { why, expires: '2026-12-01' },
    '203.0.113.9': { why, expires: '2026-12-01', onExpiry: 'lift' },
    '203.0.113.10': { why, expires: '2026-11-01', onExpiry: 'lift' },
  },
})
const spared = list('spared', { why, entries: { '198.51.100.9': { why, expires: '2026-12-01' } } })
const rules = {
  plain: allow.out({ to: '192.0.2.1', service: 'https', why }),
  boxed: allow.out({ to: '192.0.2.2', service: 'https', why, expires: '2026-12-01' }),
  hours: allow.out({ to: '192.0.2.3', service: 'https', why, when: { hours: '00:00-24:00' } }),
  listed: allow.out({ to: seen, service: 'https', why }),
  wide: allow.out({ to: '203.0.113.0/28', service: 'ssh', why }),
  far: allow.out({ to: '198.51.100.0/24', service: 'ssh', why }),
  never: deny.out({ to: banned, service: 'ssh', why }),
  mostly: deny.out({ to: { of: '198.51.100.8/31', except: spared }, service: 'ssh', why }),
  nights: deny.out({ to: '198.51.100.20', service: 'ssh', why, when: { hours: '22:00-06:00' } }),
}
const site = world({ devices: { 'vent-01': device({ mac: links.vent1, ip: '10.20.0.11', rules }) } })
const blind = (one: World, since: number): World => ({ ...one, ruleset: withoutClock(one.ruleset, since) })

describe.each([
  ['in 1970', 0],
  ['at noon', NOW],
  ['in 2100', Date.parse('2100-01-01')],
])('what a clock that says %s does not move', (_, at) => {
  judges({ ...blind(site, NOW), at }, [
    ['vent-01', '192.0.2.1 https', 'allow', 'vent-01/plain'],
    ['vent-01', '192.0.2.2 https', 'deny', 'default/deny'],
    ['vent-01', '192.0.2.3 https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.1 https', 'allow', 'vent-01/listed'],
    ['vent-01', '203.0.113.2 https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.3 ssh', 'allow', 'vent-01/wide'],
    ['vent-01', '203.0.113.8 ssh', 'deny', 'vent-01/never'],
    ['vent-01', '203.0.113.9 ssh', 'deny', 'vent-01/never'],
    // Lifted before anything that was ever seen.
    ['vent-01', '203.0.113.10 ssh', 'allow', 'vent-01/wide'],
    ['vent-01', '198.51.100.8 ssh', 'deny', 'vent-01/mostly'],
    ['vent-01', '198.51.100.9 ssh', 'deny', 'vent-01/mostly'],
    ['vent-01', '198.51.100.20 ssh', 'deny', 'vent-01/nights'],
    ['vent-01', '198.51.100.21 ssh', 'allow', 'vent-01/far'],
  ])
})

describe('where nothing was ever seen, what was lifted long ago may still stand', () => {
  judges(blind(site, 0), [['vent-01', '203.0.113.10 ssh', 'deny', 'vent-01/never']])
})

test('its rendering for the kernel never asks for the time', () => {
  const [timed] = compileFor(nftables, site.ruleset, { at: NOW }, { acceptStricter: false })
  const [untimed] = compileFor(
    nftables,
    withoutClock(site.ruleset, NOW),
    { at: NOW },
    { acceptStricter: false },
  )
  expect(timed?.text).toMatch(/meta (time|hour)/)
  expect(untimed?.text).toMatch(/^table inet thingwall/)
  expect(untimed?.text).not.toMatch(/meta (time|hour|day)\b/)
})

const instants = [0, 1, 39, 41, 98, 100, 4000].map((days) => NOW + days * day + days * 3_600_000)

test('it allows nothing that the policy refuses at any instant from then on', () => {
  let allowed = 0
  fc.assert(
    fc.property(
      randomPolicy,
      randomBindings,
      fc.array(randomFlow, { minLength: 20, maxLength: 20 }),
      (document, given, flows) => {
        const [ruleset, bindings] = prepared(document, given)
        const strict = withoutClock(ruleset, NOW)
        for (const flow of flows)
          for (const at of instants) {
            const { verdict } = evaluate(strict, flow, bindings, at)
            if (verdict !== 'allow') continue
            allowed++
            expect(evaluate(ruleset, flow, bindings, at).verdict).toBe('allow')
          }
      },
    ),
  )
  expect(allowed).toBeGreaterThan(100)
})

test('a rule set without dates and hours is left as it is', () => {
  const plain = world({
    devices: { 'vent-01': device({ mac: links.vent1, ip: '10.20.0.11', rules: { plain: rules.plain } }) },
  })
  expect(withoutClock(plain.ruleset, 0)).toBe(plain.ruleset)
})
