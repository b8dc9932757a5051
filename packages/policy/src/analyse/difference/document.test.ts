/** What changed in the text of a policy, by name and property, with both places. */
import { expect, test } from 'vitest'
import { allow, deny, list, profile } from '../../author/index.ts'
import { owner, siteOf, why } from '../../fixtures/site.ts'
import type { PolicyDocument } from '../../model/policy.ts'
import { compareDocuments } from './document.ts'

function written(rules: object, entries: object = {}): PolicyDocument {
  const peer = list('bots', { why, owner, entries } as never)
  const vents = profile('vents', {
    why,
    owner,
    rules: { clock: allow.out({ to: 'gateway', service: 'ntp', why }) },
  })
  return siteOf({
    devices: { 'vent-01': vents.device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.11' }) },
    rules: { bots: deny.both({ who: 'any', peer, why }), ...rules },
  })
}

const lines = (before: PolicyDocument, after: PolicyDocument): readonly string[] =>
  compareDocuments(before, after).map(({ kind, of, name, properties, before: old, after: young }) => {
    const changes = properties.map((one) => `${one.name}: ${one.before} → ${one.after}`).join('; ')
    expect([kind === 'added', kind === 'removed']).toEqual([old === null, young === null])
    return `${kind} ${of} ${name} ${changes}`.trim()
  })

test('nothing, whatever line it stands in and in whichever order', () => {
  const web = (service: readonly string[]): object => ({
    web: allow.in({ who: 'station', from: ['visitors', 'uplink'], service, why } as never),
  })
  expect(lines(written(web(['http', 'https'])), written(web(['https', 'http'])))).toEqual([])
})

test('rules, entries and properties, in the order of their kind and name', () => {
  const web = (service: string, reason: string): object => ({
    web: allow.in({ who: 'station', from: 'visitors', service, why: reason } as never),
  })
  const before = written({
    ...web('http', why),
    old: allow.in({ who: 'station', from: 'visitors', service: 'ssh', why }),
  })
  const after = written(web('https', 'Another reason for it'), { '192.0.2.0/24': { why } })
  expect(lines(before, after)).toEqual([
    'removed rule old',
    `changed rule web service: http → https; why: ${why} → Another reason for it`,
    'added entry bots 192.0.2.0/24',
  ])
})
