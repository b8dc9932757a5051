/**
 * Live flows and new rule sets: a flow goes on for as long as the rule that let it in stands, and not a packet longer.
 *
 * Every flow here is a real socket that stays open while the policy around it changes.
 */
import { allow, type PolicyDocument, policy, profile } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  const internet = await wall.on('internet')
  for (const port of [443, 8883, 9000]) await internet.serve('tcp', port)
  await internet.serve('udp', 123)
})
afterAll(() => wall.end())
beforeEach(() => wall.forget())

type RuleName = 'readings' | 'readings-wider' | 'clock' | 'neighbour' | 'ping'

/** Both vents with the named rules; `readings-wider` is `readings`, changed but still allowing. */
function site(...names: readonly RuleName[]): PolicyDocument {
  const to = ['203.0.113.10', '2001:db8:a::10']
  const all = {
    readings: { readings: allow.out({ to, service: 'https', why: 'readings' }) },
    'readings-wider': { readings: allow.out({ to, service: ['https', '8443/tcp'], why: 'a second port' }) },
    clock: { clock: allow.out({ to, service: 'ntp', why: 'time' }) },
    neighbour: { neighbour: allow.out({ to, service: 'mqtts', why: 'telemetry' }) },
    ping: { ping: allow.out({ to, service: 'ping', why: 'is it there?' }) },
  }
  const vent = profile('vent', {
    why: 'sends readings',
    owner: 'geo@volcano.example',
    rules: Object.assign({}, ...names.map((name) => all[name])),
  })
  return policy('volcano', {
    networks,
    devices: {
      'vent-01': vent.device({
        mac: places['vent-01'].mac,
        ip: [places['vent-01'].four, places['vent-01'].six],
      }),
      'vent-02': vent.device({
        mac: places['vent-02'].mac,
        ip: [places['vent-02'].four, places['vent-02'].six],
      }),
    },
  })
}

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const to = places.internet[family]
  const https = { protocol: 'tcp', to, port: 443 } as const
  const mqtts = { protocol: 'tcp', to, port: 8883 } as const
  const ntp = { protocol: 'udp', to, port: 123 } as const

  test('a flow goes on through a reload of the same policy, unjudged', async () => {
    wall.apply(site('readings'))
    const flow = await (await wall.on('vent-01')).open(https)
    await flow.exchange('before')
    wall.forget()
    wall.apply(site('readings'))
    await flow.exchange('after')
    await (await wall.on('internet')).announce(443, 'from the server')
    await flow.hears('from the server')
    expect(wall.decisions(flow)).toEqual([])
    await flow.end()
  })

  test('its rule removed, it is cut in both directions; the flow of an unchanged rule loses nothing', async () => {
    wall.apply(site('readings', 'neighbour'))
    const vent = await wall.on('vent-01')
    const flow = await vent.open(https)
    const neighbour = await vent.open(mqtts)
    await flow.exchange('before')
    await neighbour.exchange('before')
    wall.forget()

    wall.apply(site('neighbour'))
    await (await wall.on('internet')).announce(443, 'from the server')
    await wall.decides('deny default/deny', flow)
    wall.forget()
    await flow.say('from the opener')
    await wall.decides('deny default/deny', flow)
    await neighbour.exchange('after')
    expect(wall.decisions(neighbour)).toEqual([])
    expect(await flow.heard()).toBe('before')
    await flow.end()
  })

  test.each(['the opener', 'the server'])(
    'its rule changed but still allowing: it is judged at its next packet, by %s, and loses nothing',
    async (speaker) => {
      wall.apply(site('readings', 'neighbour'))
      const vent = await wall.on('vent-02')
      const flow = await vent.open(https)
      await flow.exchange('before')
      wall.forget()

      wall.apply(site('readings-wider', 'neighbour'))
      if (speaker === 'the server') {
        await (await wall.on('internet')).announce(443, ' from the server')
        await flow.hears(' from the server')
      } else await flow.exchange(' from the opener')
      // Once: from then on the flow has its new number.
      await flow.exchange(' and on')
      expect(wall.decisions(flow)).toEqual(['allow vent/readings'])
      await flow.end()
    },
  )

  test('a UDP flow is cut with its rule, in both directions, and may be opened anew when the rule is back', async () => {
    wall.apply(site('clock'))
    const vent = await wall.on('vent-01')
    const flow = await vent.open({ ...ntp, fromPort: family === 'four' ? 40_004 : 40_006 })
    await flow.exchange('what time?')
    wall.forget()
    wall.apply(site('clock', 'readings'))
    await flow.exchange('still the same rule')
    expect(wall.decisions(flow)).toEqual([])

    wall.apply(site('readings'))
    await (await wall.on('internet')).announce(123, 'it is noon')
    await wall.decides('deny default/deny', flow)
    wall.forget()
    await flow.say('and now?')
    await wall.decides('deny default/deny', flow)
    wall.apply(site('clock'))
    await flow.exchange('and again?')
    await flow.end()
  })

  test('an echo flow is cut with its rule', async () => {
    wall.apply(site('ping'))
    const ping = wall.site.spawn('vent-02', ['ping', '-i', '0.02', '-c', '1000', to])
    await until('three replies', () => /seq=3 /.test(ping.output().stdout))
    expect(wall.decisions('echo')).toEqual(['allow vent/ping'])
    wall.apply(site('clock'))
    await wall.decides('deny default/deny', 'echo')
    wall.apply(site('ping'))
    await wall.decides('allow vent/ping', 'echo')
    await ping.stop()
  })
})
