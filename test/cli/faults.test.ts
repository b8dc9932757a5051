/** Several faults of one policy: all in one round, each at its own place. */
import { afterAll, expect, test } from 'vitest'
import { listOf, siteOf, volcano } from './program.ts'

const site = siteOf({ 'thingwall.policy.ts': volcano })
afterAll(site.remove)

test('what is wrong is told at once: shapes and references; references, dates and reasons', async () => {
  const told = async (text: string): Promise<readonly unknown[]> => {
    site.write('this.policy.ts', text)
    const { value } = await site.json(['check', '-p', 'this.policy.ts', '--at', '2026-11-22'])
    return listOf(value.diagnostics).map(({ code, path }) => `${code} ${path}`)
  }
  const stray = volcano.replace("to: 'gateway', service", "to: 'gatewy', service")
  expect(await told(stray.replace("why: 'POST /readings', ", ''))).toEqual([
    'TW1001 profiles.seismometer.rules.readings.why',
    'TW1005 profiles.seismometer.rules.clock.to',
  ])
  expect(await told(stray.replace("why: 'POST /readings'", "why: 'todo', expires: '2026-11-30'"))).toEqual([
    'TW1005 profiles.seismometer.rules.clock.to',
    'TW2001 profiles.seismometer.rules.readings.why',
    'TW2004 profiles.seismometer.rules.readings.expires',
  ])
})

test('one link address of two devices is told at the second `mac`, with the place of the other', async () => {
  const twice = volcano.replace('24:6f:28:aa:00:02', '24:6f:28:aa:00:01')
  site.write('this.policy.ts', twice)
  const { value } = await site.json(['check', '-p', 'this.policy.ts'])
  const line = (text: string): number => twice.slice(0, twice.indexOf(text)).split('\n').length
  expect(listOf(value.diagnostics)).toMatchObject([
    {
      code: 'TW1011',
      message: 'devices.vent-02 and device vent-01 have the same link address',
      line: line("'vent-02'"),
      column: (twice.split('\n')[line("'vent-02'") - 1]?.indexOf('mac') as number) + 1,
      related: { line: line("'vent-01'") },
    },
  ])
})
