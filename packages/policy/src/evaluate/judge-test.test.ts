/** The policy's own tests: what passes, what fails, and what cannot be judged. Names stand for whatever will be told. */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, test as state } from '../author/index.ts'
import { links, NOW, why, world } from '../fixtures/site.ts'
import type { TestDocument } from '../model/policy.ts'
import { judgeTest } from './judge-test.ts'

const rules = {
  readings: allow.out({ to: 'api.volcano.example', service: 'https', why }),
  parts: allow.out({ to: '*.vendor.example', service: 'https', why }),
  trial: allow.out({ to: '192.0.2.7', service: 'ssh', why, expires: '2026-12-01' }),
  never: deny.out({ to: 'ads.vendor.example', why }),
}
const site = world({
  devices: {
    'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'], rules }),
    'vent-02': device({ mac: links.vent2, network: 'things' }),
  },
})
const passes = (test: { readonly document: TestDocument }): boolean | string => {
  const { passed, diagnostics } = judgeTest(site.ruleset, test.document, NOW)
  return diagnostics[0]?.message ?? passed
}

describe('what the policy says of a flow', () => {
  test.each([
    ['it allows what a rule allows', state.allows('vent-01', '192.0.2.7:22/tcp'), true],
    ['it does not deny it', state.denies('vent-01', '192.0.2.7:22/tcp'), false],
    ['it denies what nothing allows', state.denies('vent-01', '192.0.2.7:23/tcp'), true],
    ['by that rule', state.allows('vent-01', '192.0.2.7:22/tcp', { rule: 'vent-01/trial' }), true],
    ['by another rule', state.allows('vent-01', '192.0.2.7:22/tcp', { rule: 'vent-01/readings' }), false],
    ['at another instant', state.denies('vent-01', '192.0.2.7:22/tcp', { at: '2026-12-01' }), true],
    [
      'at an instant before it',
      state.allows('vent-01', '192.0.2.7:22/tcp', { at: '2026-11-30T23:59:59Z' }),
      true,
    ],
    ['of IPv6', state.denies('vent-01', '[2001:db8::7]:22/tcp'), true],
    ['of one alternative refused', state.denies('vent-01', '192.0.2.7:sip'), true],
  ])('%s', (_, stated, expected) => {
    expect(passes(stated)).toBe(expected)
  })
})

describe('a name stands for whatever the device will be told', () => {
  test.each([
    [
      'allowed by its rule',
      state.allows('vent-01', 'api.volcano.example:443/tcp', { rule: 'vent-01/readings' }),
      true,
    ],
    ['by a wildcard', state.allows('vent-01', 'eu.vendor.example:443/tcp', { rule: 'vent-01/parts' }), true],
    [
      'refused by its rule',
      state.denies('vent-01', 'ads.vendor.example:443/tcp', { rule: 'vent-01/never' }),
      true,
    ],
    ['of another service', state.denies('vent-01', 'api.volcano.example:80/tcp'), true],
    ['that no rule speaks of', state.denies('vent-01', 'evil.example:443/tcp'), true],
    ['that no rule speaks of is not allowed', state.allows('vent-01', 'evil.example:443/tcp'), false],
    ['just above a wildcard', state.allows('vent-01', 'vendor.example:443/tcp'), false],
    ['is not any address there is', state.denies('vent-01', '203.0.113.10:443/tcp'), true],
    ['nor does an address wait for it', state.allows('vent-01', '203.0.113.10:443/tcp'), false],
    ['towards a device without such rules', state.denies('vent-02', 'api.volcano.example:443/tcp'), true],
  ])('%s', (_, stated, expected) => {
    expect(passes(stated)).toBe(expected)
  })
})

describe('a device without an address stands for itself once it has one', () => {
  test.each([
    ['what no rule allows', state.denies('vent-02', '192.0.2.7:22/tcp'), true],
    ['is not allowed', state.allows('vent-02', '192.0.2.7:22/tcp'), false],
    ['what nobody may open to it', state.denies('10.30.0.7', 'vent-02:22/tcp'), true],
  ])('%s', (_, stated, expected) => {
    expect(passes(stated)).toBe(expected)
  })
})

describe('what cannot be judged', () => {
  test.each([
    [
      'an unknown device',
      state.denies('vent-1' as never, '192.0.2.7:22/tcp'),
      'vent-1 is no device, address or DNS name; did you mean vent-01?',
    ],
    [
      'an unknown service',
      state.denies('vent-01', '192.0.2.7:22'),
      '22 is no service: write 22/tcp or 22/udp',
    ],
  ])('%s', (_, stated, message) => {
    expect(passes(stated)).toBe(message)
  })
})
