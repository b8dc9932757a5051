/**
 * The driver refuses on behalf of a target, and only what the target says it cannot do. For each feature there is a
 * policy that uses it and nothing else it could do without; a new feature breaks this file until it has one.
 */
import { describe, expect, test } from 'vitest'
import { allow, device, forward, network, profile } from '../author/index.ts'
import { lowered, siteOf, why } from '../fixtures/site.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { compileFor, featuresOf } from './driver.ts'
import { type Feature, features, type Support, type Target } from './target.ts'

/** One network of things, in one family, where addresses alone tell devices. */
const bare = {
  things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24', identity: 'ip' }),
}
const peer = { to: '10.20.0.128/25', service: 'https', why } as const

function withRules(rules: object, more: object = {}): object {
  return { networks: bare, devices: { vent: device({ ip: '10.20.0.11', rules } as never) }, ...more }
}

/** What the policy needs beside: a name is asked of the gateway, an uplink is the gateway's as well. */
const table: Readonly<Record<Feature, readonly [parts: object, also: readonly Feature[]]>> = {
  identity: [
    { networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) } },
    [],
  ],
  'device-to-device': [withRules({ self: allow.out({ to: 'vent', service: 'https', why }) }), []],
  'name-peers': [withRules({ a: allow.out({ ...peer, to: 'a.example' }) }), ['gateway-services']],
  except: [withRules({ a: allow.out({ ...peer, to: 'any', except: '10.20.0.200' }) }), []],
  expiry: [withRules({ a: allow.out({ ...peer, expires: '2030-01-01' }) }), []],
  schedules: [withRules({ a: allow.out({ ...peer, when: { hours: '08:00-18:00' } }) }), []],
  limits: [
    {
      networks: bare,
      devices: {
        vent: profile('sensor', { why, limits: { egress: '64 kB/s' } }).device({ ip: '10.20.0.11' }),
      },
    },
    [],
  ],
  'icmp-types': [withRules({ a: allow.out({ ...peer, service: 'ping' }) }), []],
  'protocol-numbers': [withRules({ a: allow.out({ ...peer, service: 'protocol/47' }) }), []],
  ipv6: [
    {
      networks: {
        things: network({ role: 'things', interface: 'wlan0', cidrs: 'fd20::/64', identity: 'ip' }),
      },
    },
    [],
  ],
  masquerade: [
    { networks: { ...bare, uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }) } },
    ['gateway-services'],
  ],
  forwards: [
    withRules(
      {},
      {
        networks: { ...bare, uplink: network({ role: 'uplink', interface: 'wan0' }) },
        forwards: { cam: forward({ at: 'uplink', service: '8554/tcp', to: 'vent', why }) },
      },
    ),
    ['gateway-services'],
  ],
  'gateway-services': [withRules({ a: allow.out({ ...peer, to: 'gateway' }) }), []],
  quarantine: [withRules({}, { quarantine: { vent: { why } } }), []],
}

const rulesetOf = (parts: object): Ruleset => lowered(siteOf(parts))
const all = (support: Support): Record<Feature, Support> =>
  Object.fromEntries(features.map((feature) => [feature, support])) as Record<Feature, Support>

/** A target that counts how often it is asked to emit. */
function fake(supports: Target<null>['supports']): {
  readonly target: Target<null>
  readonly emitted: Ruleset[]
} {
  const emitted: Ruleset[] = []
  return {
    emitted,
    target: {
      name: 'fake',
      supports,
      emit: (ruleset) => {
        emitted.push(ruleset)
        return { target: 'fake', text: 'text', digest: '0'.repeat(32), places: {} }
      },
    },
  }
}

describe('what a policy uses', () => {
  test('a bare one uses nothing', () => {
    expect([...featuresOf(rulesetOf(withRules({ a: allow.out(peer) })))]).toEqual([])
  })
  test.each(features)('%s', (feature) => {
    const [parts, also] = table[feature]
    const uses = featuresOf(rulesetOf(parts))
    expect([...uses.keys()].sort()).toEqual([feature, ...also].sort())
    expect(uses.get(feature)?.length).toBeGreaterThan(0)
  })
  test('the ways a date comes in: of a rule, of a quarantine that lifts, of an entry', () => {
    const lifting = withRules({}, { quarantine: { vent: { why, expires: '2030-01-01', onExpiry: 'lift' } } })
    expect(featuresOf(rulesetOf(lifting)).get('expiry')).toEqual(['quarantine/vent'])
    const staying = withRules({}, { quarantine: { vent: { why, expires: '2030-01-01' } } })
    expect(featuresOf(rulesetOf(staying)).has('expiry')).toBe(false)
  })
})

describe.each(features)('a target without %s', (feature) => {
  const [parts] = table[feature]
  const ruleset = rulesetOf(parts)

  test('is asked for nothing: the driver refuses, says which rules, and what would do', () => {
    const { target, emitted } = fake({ ...all('exact'), [feature]: 'refused' })
    const [artifact, diagnostics] = compileFor(target, ruleset, null)
    expect([artifact, emitted]).toEqual([null, []])
    expect(diagnostics.map(({ code, severity, value }) => [code, severity, value])).toEqual([
      ['TW3001', 'error', feature],
    ])
    const [user] = featuresOf(ruleset).get(feature) ?? []
    expect(diagnostics[0]?.path).toBe(user)
    expect(diagnostics[0]?.message).toContain(`fake cannot express ${feature}`)
    expect(diagnostics[0]?.message).toContain(user)
    expect(diagnostics[0]?.hint).not.toBe('')
    // Not even when stricter renderings are taken: there is none.
    expect(compileFor(target, ruleset, null, { acceptStricter: true })[0]).toBeNull()
  })

  test('or with a stricter rendering of it: only for those who ask', () => {
    const { target, emitted } = fake({ ...all('exact'), [feature]: 'stricter' })
    const [artifact, diagnostics] = compileFor(target, ruleset, null)
    expect(artifact).toBeNull()
    expect(diagnostics[0]?.hint).toContain('--accept-stricter')
    expect(emitted).toEqual([])
    expect(compileFor(target, ruleset, null, { acceptStricter: true })[0]?.target).toBe('fake')
    expect(emitted).toEqual([ruleset])
  })

  test('serves every policy that does not use it', () => {
    const { target } = fake({
      ...all('refused'),
      ...Object.fromEntries([...featuresOf(ruleset).keys()].map((one) => [one, 'exact'])),
    })
    expect(compileFor(target, ruleset, null)[1]).toEqual([])
  })
})

test('all that is refused is told at once, each at the rule that needs it', () => {
  const rules = {
    hours: allow.out({ ...peer, when: { hours: '08:00-18:00' } }),
    echo: allow.out({ ...peer, service: 'ping' }),
  }
  const ruleset = rulesetOf(withRules(rules, { quarantine: { vent: { why } } }))
  const [, diagnostics] = compileFor(fake(all('refused')).target, ruleset, null)
  expect(diagnostics.map(({ value, path }) => `${value} at ${path}`).sort()).toEqual([
    'icmp-types at vent/echo',
    'quarantine at quarantine/vent',
    'schedules at vent/hours',
  ])
  for (const { value, origin } of diagnostics.filter((one) => one.value !== 'quarantine')) {
    expect(origin?.file, value).toMatch(/driver\.test\.ts$/)
  }
})
