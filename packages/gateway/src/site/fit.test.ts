/** Whether a policy fits a machine, what the machine adds to it, and where a rule's number is found. */
import { compileFor, lower, network, noBindings, policy, type Ruleset, validate } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { expect, test } from 'vitest'
import type { Interface, Survey } from '../machine/survey.ts'
import { parseInterfaces } from '../machine/survey.ts'
import { bindingsDigest } from './bindings-digest.ts'
import { fit, prefixesFor, withOwnAddresses } from './fit.ts'
import { liveNumberOf } from './keep-caller.ts'

const [read] = validate(
  policy('fit', {
    owner: 'tests@volcano.example',
    networks: {
      lan: network({
        role: 'trusted',
        interface: ['lan0', 'lan1'],
        cidrs: ['10.30.0.0/24'],
        admin: ['10.30.0.5'],
      }),
      delegated: network({ role: 'guest', interface: 'guest0', cidrs: 'from-interface' }),
      wan: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
    },
    devices: {},
    rules: {},
  }),
)
const document = read as NonNullable<typeof read>

function machineWith(...links: readonly (readonly [name: string, ...addresses: string[]])[]): Survey {
  const interfaces: readonly Interface[] = parseInterfaces(
    JSON.stringify(
      links.map(([ifname, ...addresses]) => ({
        ifname,
        flags: ['UP'],
        addr_info: addresses.map((text) => {
          const [local, length] = text.split('/')
          return { local, prefixlen: Number(length), scope: text.startsWith('fe80') ? 'link' : 'global' }
        }),
      })),
    ),
  )
  return { interfaces, forwards: { 4: true, 6: true } }
}

function rulesetOn(survey: Survey): Ruleset {
  const [ruleset] = lower(document, prefixesFor(document, survey))
  return ruleset as Ruleset
}

function codesOn(survey: Survey): readonly (readonly [string, string | undefined])[] {
  return fit(document, rulesetOn(survey), survey).map(({ code, value }) => [code, value])
}

const all = [['lan0'], ['lan1'], ['guest0', '10.40.3.1/22', 'fe80::1/64'], ['wan0']] as const

test('a machine that fits', () => {
  expect(codesOn(machineWith(...all))).toEqual([])
})

test('an interface that nobody names, one that is not there, no prefix yet, no forwarding', () => {
  expect(codesOn(machineWith(...all, ['docker0', '172.17.0.1/16']))).toEqual([['TW4004', 'docker0']])
  expect(codesOn(machineWith(['lan0'], ['guest0'], ['wan0']))).toEqual([
    ['TW4005', 'lan1'],
    ['TW4013', undefined],
  ])
  const still = { ...machineWith(...all), forwards: { 4: false, 6: false } }
  expect(fit(document, rulesetOn(still), still).map(({ code, hint }) => [code, hint])).toEqual([
    ['TW4010', expect.stringContaining('sysctl -w net.ipv4.ip_forward=1 (and')],
  ])
})

test('delegated prefixes come from the interface, and change what is compiled', () => {
  const survey = machineWith(...all)
  expect(prefixesFor(document, survey)).toEqual({ prefixes: { delegated: ['10.40.0.0/22'] } })
  expect(prefixesFor(document, machineWith(['guest0', '10.9.9.9/32']))).toEqual({
    prefixes: { delegated: [] },
  })
})

test('the machine’s own addresses are the gateway’s; other bindings have another digest', () => {
  const survey = machineWith(...all)
  const bindings = withOwnAddresses(noBindings, survey)
  expect([...bindings.gateway]).toEqual([
    '0a280301',
    '0a2803ff',
    'fe800000000000000000000000000001',
    'fe800000000000000000000000000000',
  ])
  expect(bindingsDigest(bindings)).toBe(
    bindingsDigest(withOwnAddresses(noBindings, machineWith(...[...all].reverse()))),
  )
  expect(bindingsDigest(bindings)).not.toBe(bindingsDigest(noBindings))
})

test('the number of a rule is read from what the artifact says', () => {
  const [artifact] = compileFor(nftables, rulesetOn(machineWith(...all)), {})
  const compiled = artifact as NonNullable<typeof artifact>
  const number = liveNumberOf(compiled, 'default/admin')
  expect(number).toMatch(/^0x[0-9a-f]{8}$/)
  expect(compiled.text).toMatch(new RegExp(`set live \\{[^}]*elements = \\{[^}]*${number}`))
  expect(liveNumberOf(compiled, 'default/deny')).toBeNull()
  expect(liveNumberOf(compiled, 'no/such')).toBeNull()
})
