/**
 * Hours are kept for open flows too: one is cut when the hours of its rule end, or when those of a deny begin, and goes
 * on afterwards. Nothing of ours runs in between.
 *
 * No test waits for an hour. It loads the same rules with other hours in them: then the kernel is at another hour.
 */
import { openRuleLoader, type RuleLoader } from '@thingwall/gateway/lab'
import { allow, deny, device, type PolicyDocument, policy, type When } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
let loader: RuleLoader
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  loader = openRuleLoader(wall.site.namespacePath('gateway'))
  await (await wall.on('internet')).serve('tcp', 443)
  await (await wall.on('internet')).serve('tcp', 8883)
})
afterAll(async () => {
  loader?.close()
  await wall?.end()
})
beforeEach(() => wall.forget())

type Rules = NonNullable<Parameters<typeof device<never, never>>[0]['rules']>
const { mac, four, six } = places['vent-01']
const site = (rules: Rules): PolicyDocument =>
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks,
    devices: { 'vent-01': device({ mac, ip: [four, six], rules }) },
  })

/** Any hours: what the kernel is to compare with is put in their place. */
const when: When = { hours: '01:00-02:00' }
const now = { inside: 'meta hour >= 0 meta hour < 86400', outside: 'meta hour >= 86400 meta hour < 86401' }
const atAnHour = (text: string, condition: string): string =>
  text.replaceAll(/meta hour >= \d+ meta hour < \d+/g, condition)

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const to = places.internet[family]
  const https = { protocol: 'tcp', to, port: 443 } as const
  const mqtts = { protocol: 'tcp', to, port: 8883 } as const

  test('the hours of its rule end: an open flow is cut in both directions, its neighbour goes on', async () => {
    const { text } = wall.apply(
      site({
        readings: allow.out({ to, service: 'https', why: 'by day', when }),
        telemetry: allow.out({ to, service: 'mqtts', why: 'always' }),
      }),
    )
    loader.load(atAnHour(text, now.inside))
    const agent = await wall.on('vent-01')
    const flow = await agent.open(https)
    const neighbour = await agent.open(mqtts)
    await flow.exchange('by day')
    await neighbour.exchange('by day')
    expect(wall.decisions(flow)).toEqual(['allow vent-01/readings'])

    loader.load(atAnHour(text, now.outside))
    await (await wall.on('internet')).announce(443, ' late')
    await wall.decides('deny default/deny', flow)
    await flow.say(' too late')
    expect(await flow.heard()).toBe('by day')
    wall.forget()
    await neighbour.exchange('by night')
    expect(wall.decisions(neighbour)).toEqual([])

    loader.load(atAnHour(text, now.inside))
    await flow.hears(' late too late')
    for (const one of [flow, neighbour]) await one.end()
  })

  test('the hours of a deny begin: what it is about is cut, in both directions, and nothing else', async () => {
    const { text } = wall.apply(
      site({
        readings: allow.out({ to, service: 'https', why: 'readings' }),
        telemetry: allow.out({ to, service: 'mqtts', why: 'always' }),
        night: deny.out({ to, service: 'https', why: 'nobody looks', when }),
      }),
    )
    loader.load(atAnHour(text, now.outside))
    const agent = await wall.on('vent-01')
    const flow = await agent.open(https)
    const neighbour = await agent.open(mqtts)
    await flow.exchange('by day')
    await neighbour.exchange('by day')
    expect(wall.decisions(flow)).toEqual(['allow vent-01/readings'])

    loader.load(atAnHour(text, now.inside))
    await (await wall.on('internet')).announce(443, ' late')
    await wall.decides('deny vent-01/night', flow)
    await flow.say(' too late')
    await wall.decides('deny vent-01/night', flow)
    expect(await flow.heard()).toBe('by day')
    await neighbour.exchange('by night')
    for (const one of [flow, neighbour]) await one.end()
  })
})
