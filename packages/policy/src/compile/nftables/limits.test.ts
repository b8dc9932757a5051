/** Chains of limits grow with the kinds of limits, and no packet of a device without one meets any. */
import { expect, test } from 'vitest'
import { allow, compileFor, device, lower, network, policy, profile, validate } from '../../index.ts'
import { nftables } from './index.ts'

const DEVICES = 9

/** Every device has a rule of its own, so each is a class; two kinds of limits, and one device without. */
function compiled(): string {
  const owner = 'tests@volcano.example'
  const limited = (amount: string) =>
    profile(`upto-${amount.replace(/\W.*/, '')}`, {
      why: 'test',
      owner,
      limits: { egress: amount },
      rules: {},
    })
  const kinds = [limited('2 kB/s'), limited('4 kB/s')]
  const at = (one: number) => ({
    network: 'things',
    mac: `02:00:00:00:00:0${one}`,
    ip: [`10.20.0.1${one}`],
  })
  const [document, problems] = validate(
    policy('limits', {
      owner,
      networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'] }) },
      devices: Object.fromEntries(
        Array.from({ length: DEVICES }, (_, one) => [
          `d${one}`,
          one === 0 ? device(at(one)) : (kinds[one % 2]?.device(at(one)) ?? device(at(one))),
        ]),
      ),
      rules: Object.fromEntries(
        Array.from({ length: DEVICES }, (_, one) => [
          `own${one}`,
          allow.out({ who: `d${one}`, to: `203.0.113.${one + 1}`, service: 'ntp', why: 'test' }),
        ]),
      ),
    }),
  )
  if (document === null) throw new Error(JSON.stringify(problems))
  const [ruleset] = lower(document)
  const [artifact] = ruleset === null ? [null] : compileFor(nftables, ruleset, {})
  return artifact?.text ?? ''
}

test('classes with the same limits share a chain, and one without limits has no door to any', () => {
  const text = compiled()
  const map = /\tmap limit\/traffic \{[\s\S]*?\n\t\}/.exec(text)?.[0] ?? ''
  const doors = [...map.matchAll(/(0:\w+) : jump (limit\/traffic\/\d+)/g)]
  expect(new Set(doors.map(([, one]) => one)).size).toBe(DEVICES - 1)
  const chains = [...text.matchAll(/\tchain (limit\/traffic\/\d+) \{/g)].map(([, name]) => name)
  expect(chains.sort()).toEqual(['limit/traffic/0', 'limit/traffic/1'])
  expect(new Set(doors.map(([, , chain]) => chain))).toEqual(new Set(chains))
})
