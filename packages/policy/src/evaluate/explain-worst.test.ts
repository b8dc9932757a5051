/** Where a question stands for several flows, the answer is that of the strictest: an "allow" holds for all of them. */
import { expect, test } from 'vitest'
import { allow, deny, device, network, policy } from '../author/index.ts'
import { validate } from '../author/validate.ts'
import { lower } from '../lower/lower.ts'
import { noBindings } from './bind.ts'
import { explain } from './explain.ts'

const why = 'because'
const [document] = validate(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks: {
      things: network({
        role: 'things',
        interface: 'wlan0',
        cidrs: ['10.20.0.0/24', 'fd20::/64'],
        isolation: 'bridge-port',
      }),
      uplink: network({ role: 'uplink', interface: 'wan0' }),
    },
    devices: {
      vent: device({
        mac: '02:00:00:00:00:01',
        ip: ['10.20.0.11', 'fd20::11'],
        rules: {
          valve: allow.out({ to: 'valve', service: 'https', why }),
          'not-by-six': deny.out({ to: 'fd20::/64', service: 'https', why }),
          range: allow.out({ to: '203.0.113.5', service: '8000-9000/tcp', why }),
          'but-one': deny.out({ to: '203.0.113.5', service: '8500/tcp', why }),
        },
      }),
      valve: device({ mac: '02:00:00:00:00:02', ip: ['10.20.0.12', 'fd20::12'] }),
    },
  }),
)
const [ruleset] = lower(document ?? expect.fail('the policy is not valid'))

test.each([
  ['vent', 'valve:https', 'deny', 'vent/not-by-six', '443/tcp'],
  ['10.20.0.11', '10.20.0.12:https', 'allow', 'vent/valve', '443/tcp'],
  ['vent', '203.0.113.5:8000-9000/tcp', 'deny', 'vent/but-one', '8500/tcp'],
  ['vent', '203.0.113.5:8000-8499/tcp', 'allow', 'vent/range', '8000-8499/tcp'],
  ['vent', '203.0.113.5:8501-9001/tcp', 'deny', 'default/deny', '9001/tcp'],
])('%s → %s: %s by %s', (from, to, verdict, rule, service) => {
  const [found] = explain(ruleset ?? expect.fail('does not lower'), { from, to }, noBindings, 0)
  expect([found?.verdict, found?.rule?.id, found?.service]).toEqual([verdict, rule, service])
})
