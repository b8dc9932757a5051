/** What is told beside the faults of `validate`: all that stands on its own, and nothing that follows from them. */
import { describe, expect, test } from 'vitest'
import { allow, device, test as flow, list, network, profile } from '../author/index.ts'
import { validate } from '../author/validate.ts'
import { links, networks, siteOf, why } from '../fixtures/site.ts'
import { faultsBeside } from './beside.ts'

const out = { to: 'gateway', service: 'ntp', why } as const
const vent = { mac: links.vent1, ip: '10.20.0.11' }
const stray = allow.out({ ...out, who: 'vemt' })

function beside(parts: object): readonly string[] {
  const input: unknown = JSON.parse(JSON.stringify(siteOf(parts)))
  expect(validate(input)[0], 'it is refused').toBeNull()
  return faultsBeside(input).map(({ code, path, value }) => `${code} ${path} ${value}`)
}

const devices = { vent: device(vent) }
const noWhy = allow.out({ ...out, who: 'vent', why: undefined } as never)

describe('what stands on its own is told', () => {
  test.each<readonly [string, object, readonly string[]]>([
    ['beside a missing reason', { rules: { noWhy, stray } }, ['TW1005 rules.stray.who vemt']],
    [
      'in the very rule whose reason is missing',
      { rules: { a: allow.out({ ...out, who: 'vemt', why: undefined } as never) } },
      ['TW1005 rules.a.who vemt'],
    ],
    [
      'beside a rule of a profile that cannot be read',
      {
        devices: {
          vent: profile('sensor', {
            why,
            rules: {
              bad: allow.out({ ...out, service: 'htps' } as never),
              good: allow.out({ ...out, to: 'statoin' }),
            },
          }).device(vent),
        },
      },
      ['TW1005 profiles.sensor.rules.good.to statoin'],
    ],
    [
      'beside a device that cannot be read, about the others',
      {
        devices: {
          a: device({ mac: '24:6f' } as never),
          b: device(vent),
          c: device({ ...vent, ip: '10.20.0.12' }),
        },
      },
      [`TW1011 devices.c.mac ${links.vent1}`],
    ],
    [
      'beside a test',
      { rules: { stray }, tests: [flow.allows('vent', 5 as never)] },
      ['TW1005 rules.stray.who vemt'],
    ],
  ])('%s', (_, parts, told) => {
    expect(beside({ devices, ...parts })).toEqual(told)
  })
})

describe('what only follows is not', () => {
  test.each<readonly [string, object]>([
    [
      'a rule about a device that cannot be read',
      {
        devices: { vent: device({ mac: '24:6f' } as never) },
        rules: { a: allow.out({ ...out, who: 'vent' }) },
      },
    ],
    [
      'a rule by DNS name for such a device',
      {
        devices: { vent: device({ mac: '24:6f' } as never) },
        rules: { a: allow.out({ who: 'vent', to: 'api.example', service: 'https', why }) },
      },
    ],
    [
      'its quarantine',
      { devices: { vent: device({ mac: '24:6f' } as never) }, quarantine: { vent: { why } } },
    ],
    [
      'a rule about a list that cannot be read',
      {
        devices,
        rules: { a: allow.out({ ...out, who: 'vent', to: list('hosts', { why, entries: 5 } as never) }) },
      },
    ],
    [
      'anything on a network that cannot be read',
      {
        devices,
        networks: {
          ...networks,
          things: network({ role: 'thing', interface: 'wlan0', cidrs: '10.20.0.0/24' } as never),
        },
      },
    ],
    [
      'prefixes that only the gateway knows',
      {
        rules: { noWhy, stray },
        networks: {
          ...networks,
          things: network({ role: 'things', interface: 'wlan0', cidrs: 'from-interface' }),
        },
      },
    ],
    ['anything of what is no policy', { name: 5, rules: 5 }],
  ])('%s', (_, parts) => {
    expect(beside({ devices, ...parts })).toEqual([])
  })
})
