/**
 * A name that nobody was told yet is asked about by a stand-in. Whatever addresses a site really uses, documentation
 * addresses among them, the stand-in is none of them.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, test as state } from '../author/index.ts'
import { links, NOW, networks, type World, why, world } from '../fixtures/site.ts'
import { formatAddress } from '../model/address.ts'
import { explain } from './explain.ts'
import { judgeTest } from './judge-test.ts'
import { standInFor } from './stand-in.ts'

const name = 'api.volcano.example'
/** What stood in once, a block around it, and the neighbours one would try next. */
const taken = {
  4: ['192.0.2.1', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '1.0.0.0/8'],
  6: ['2001:db8::1', '2001:db8::/32', '::/96', '64:ff9b::/96'],
} as const

function ask(one: World, to: string, from = 'vent'): string {
  const [answer, faults] = explain(one.ruleset, { from, to }, one.bindings, one.at)
  return answer === null ? String(faults[0]?.message) : `${answer.verdict} by ${answer.rule?.id ?? 'nothing'}`
}

describe.each([4, 6] as const)('over IPv%s alone', (family) => {
  const ip = family === 4 ? '10.20.0.11' : 'fd20::11'
  const site = (rules: object, bindings: object = {}): World =>
    world(
      {
        devices: { vent: device({ mac: links.vent1, ip, rules } as never) },
        lists: [
          list('bad', { why, entries: Object.fromEntries(taken[family].map((text) => [text, { why }])) }),
        ],
      },
      { bindings: bindings as never },
    )
  const readings = allow.out({ to: name, service: 'https', why })

  test('the rule about the name is found', () => {
    expect(ask(site({ readings }), `${name}:https`)).toBe('unknown by vent/readings')
    expect(ask(site({ readings }), `${name}:ssh`)).toBe('deny by default/deny')
    expect(ask(site({}), `${name}:https`)).toBe('deny by default/deny')
  })
  test.each(taken[family])('a deny of %s is not about it', (text) => {
    const one = site({ readings, never: deny.out({ to: text, why }) })
    expect(ask(one, `${name}:https`)).toBe('unknown by vent/readings')
  })
  test('nor is one of them all, by a list', () => {
    const one = site({ readings, never: deny.out({ to: { list: 'bad' }, why }) })
    expect(ask(one, `${name}:https`)).toBe('unknown by vent/readings')
  })
  test('an allow of an address is not taken for an allow of the name', () => {
    const one = site({ one: allow.out({ to: taken[family][0], service: 'https', why }) })
    expect(ask(one, `${name}:https`)).toBe('unknown by default/deny')
  })
  test('an address that another name really has is not its', () => {
    const parts = allow.out({ to: 'parts.example', service: 'https', why })
    const told = { names: [{ device: 'vent', name: 'parts.example', addresses: [taken[family][0]] }] }
    expect(ask(site({ parts }, told), `${name}:https`)).toBe('deny by default/deny')
  })
  test('what is about every address is about it, too', () => {
    const everywhere = family === 4 ? '0.0.0.0/0' : '::/0'
    const denied = site({ readings, never: deny.out({ to: everywhere, service: 'https', why }) })
    expect(ask(denied, `${name}:https`)).toBe('deny by vent/never')
    const halves = family === 4 ? ['0.0.0.0/1', '128.0.0.0/1'] : ['::/1', '8000::/1']
    const both = site({ readings, never: deny.out({ to: halves, service: 'https', why }) })
    expect(ask(both, `${name}:https`)).toBe('deny by vent/never')
  })
  test('a test of the policy about such an address is about that address', () => {
    const one = site({ readings })
    const texts =
      family === 4 ? ['192.0.2.1', '192.0.2.2', '1.0.0.0'] : ['[2001:db8::1]', '[::2]', '[100::1]']
    for (const text of texts) {
      const { passed } = judgeTest(one.ruleset, state.denies('vent', `${text}:443/tcp`).document, NOW)
      expect(passed, text).toBe(true)
    }
  })
  test('it lives on the uplink, and neither the gateway nor a device has it', () => {
    const given = { gateway: taken[family].filter((text) => !text.includes('/')) }
    const { ruleset, bindings } = site({ readings, never: deny.out({ to: { list: 'bad' }, why }) }, given)
    const address = formatAddress(standInFor(ruleset, bindings, family) ?? expect.fail('there is none'))
    expect(address.includes(':')).toBe(family === 6)
    const laptop = family === 4 ? '10.30.0.77' : 'fd30::77'
    expect(ask(world({}), `[${address}]:https`, laptop)).toBe('allow by default/trusted-to-uplink')
  })
})

test('a device of both families is asked about over both, and the strictest answer is given', () => {
  const rules = {
    readings: allow.out({ to: name, service: 'https', why }),
    'not-by-six': deny.out({ to: '::/0', service: 'https', why }),
  }
  const one = world({
    devices: { vent: device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'], rules }) },
  })
  expect(ask(one, `${name}:https`)).toBe('deny by vent/not-by-six')
})

test('where there is no uplink a name is somewhere else all the same', () => {
  const { uplink: _, ...local } = networks
  const rules = { readings: allow.out({ to: name, service: 'https', why }) }
  const one = world({
    networks: local,
    devices: { vent: device({ mac: links.vent1, ip: '10.20.0.11', rules }) },
  })
  expect(ask(one, `${name}:https`)).toBe('unknown by vent/readings')
})
