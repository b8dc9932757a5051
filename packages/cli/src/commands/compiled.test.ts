/** The option that TW3001's hint speaks of does what it says, on a target that can only do less than exactly. */
import { allow, device, features, lower, network, policy, type Target, validate } from '@thingwall/policy'
import { expect, test } from 'vitest'
import type { Call } from '../frame/call.ts'
import { parse } from '../frame/parse.ts'
import { compiled } from './compiled.ts'

const why = 'Readings'
const [document] = validate(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) },
    devices: {
      vent: device({
        mac: '02:00:00:00:00:01',
        ip: '10.20.0.11',
        rules: { a: allow.out({ to: '192.0.2.7', service: 'https', why, when: { hours: '08:00-18:00' } }) },
      }),
    },
  }),
)
const [ruleset] = lower(document ?? expect.fail('the policy is not valid'))

function targetThat(schedules: 'stricter' | 'refused'): Target<null> {
  const exact = Object.fromEntries(features.map((feature) => [feature, 'exact']))
  return {
    name: 'fake',
    supports: { ...exact, schedules } as Target<null>['supports'],
    emit: () => ({ target: 'fake', text: 'less', digest: '0'.repeat(32), places: {} }),
  }
}

async function call(...args: readonly string[]): Promise<Call> {
  const request = await parse(args)
  return request.kind === 'call' ? request.call : expect.fail(`${args.join(' ')} runs nothing`)
}
const compile = (given: Call, target: Target<null>): string => {
  const [artifact, refused] = compiled(given, target, ruleset ?? expect.fail('does not lower'), null)
  return artifact?.text ?? refused.map(({ code, hint }) => `${code} ${hint}`).join()
}

test.each([[['export', 'nftables']], [['apply']], [['status']]])('%j', async (args) => {
  expect(compile(await call(...args), targetThat('stricter'))).toMatch(/^TW3001 .*--accept-stricter/)
  expect(compile(await call(...args, '--accept-stricter'), targetThat('stricter'))).toBe('less')
  expect(compile(await call(...args, '--accept-stricter'), targetThat('refused'))).toMatch(/^TW3001/)
})
