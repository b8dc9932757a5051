/**
 * Time is enforced by the kernel: nothing of ours runs between the loading of a rule set and the instants in it.
 *
 * Each test waits for its instants, which lie one to three seconds ahead, and asserts what is so on both sides of
 * them; it never asserts how fast anything was. Long because every kind of end is held to the same, in both families.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { allow, deny, device, list, type PolicyDocument, policy } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  const internet = await wall.on('internet')
  for (const port of [443, 8883]) await internet.serve('tcp', port)
})
afterAll(() => wall?.end())
beforeEach(() => wall.forget())

/** The first whole second that is at least this far away. */
function instantIn(milliseconds: number): number {
  return Math.ceil((Date.now() + milliseconds) / 1000) * 1000
}

function textOf(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}

/** Until after the instant; the kernel checks timeouts when it looks, and looks at whole milliseconds. */
async function past(instant: number): Promise<void> {
  await sleep(instant - Date.now() + 60)
}

const owner = 'geo@volcano.example'
const { mac, four, six } = places['vent-01']
type Rules = NonNullable<Parameters<typeof device<never, never>>[0]['rules']>
const site = (rules: Rules): PolicyDocument =>
  policy('volcano', { owner, networks, devices: { 'vent-01': device({ mac, ip: [four, six], rules }) } })

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const to = places.internet[family]
  const https = { protocol: 'tcp', to, port: 443 } as const
  const mqtts = { protocol: 'tcp', to, port: 8883 } as const

  test('a rule ends on its second: new flows are refused, its open flow is cut, its neighbour goes on', async () => {
    const ends = instantIn(1000)
    wall.apply(
      site({
        visit: allow.out({ to, service: 'https', why: 'the vendor looks today', expires: textOf(ends) }),
        telemetry: allow.out({ to, service: 'mqtts', why: 'telemetry' }),
      }),
    )
    const agent = await wall.on('vent-01')
    const flow = await agent.open(https)
    const neighbour = await agent.open(mqtts)
    await flow.exchange('before')
    await neighbour.exchange('before')
    expect(wall.decisions(flow)).toEqual(['allow vent-01/visit'])

    await past(ends)
    await (await wall.on('internet')).announce(443, 'late')
    await wall.decides('deny default/deny', flow)
    await flow.say('late')
    await wall.decides('deny default/deny', flow)
    expect(await flow.heard()).toBe('before')
    const late = await agent.begin(https)
    await wall.decides('deny default/deny', late)
    expect(await late.fate()).toBe('opening')
    await neighbour.exchange('after')
    const other = await agent.open(mqtts)
    await other.exchange('after')
    for (const one of [flow, neighbour, late, other]) await one.end()
  })

  // The clock of a namespace cannot be set, so the policy is loaded by one that is an hour off, and the kernel's is right.
  test.each([
    ['put forward after the load', -3_600_000],
    ['put back after the load', 3_600_000],
  ])(
    'a rule ends with a clock that was %s: whatever comes first, the clock or the timer',
    async (_, offMs) => {
      const isBack = offMs > 0
      const ends = instantIn(1000)
      wall.apply(
        site({
          visit: allow.out({
            to,
            service: 'https',
            why: 'the vendor looks today',
            // By the clock of the load it is a second off too, where that was ahead.
            expires: textOf(isBack ? ends + offMs : ends),
          }),
          telemetry: allow.out({ to, service: 'mqtts', why: 'telemetry' }),
        }),
        { at: Date.now() + offMs },
      )
      const agent = await wall.on('vent-01')
      const flow = await agent.open(https)
      const neighbour = await agent.open(mqtts)
      await flow.exchange('before')
      await flow.exchange(', and more')
      await neighbour.exchange('before')
      expect(wall.decisions(flow)).toEqual(['allow vent-01/visit'])

      await past(ends)
      await (await wall.on('internet')).announce(443, 'late')
      await wall.decides('deny default/deny', flow)
      await flow.say('late')
      await wall.decides('deny default/deny', flow)
      expect(await flow.heard()).toBe('before, and more')
      const late = await agent.begin(https)
      await wall.decides('deny default/deny', late)
      await neighbour.exchange('after')
      expect(wall.decisions(neighbour)).toEqual([])
      for (const one of [flow, neighbour, late]) await one.end()
    },
  )

  test('an entry of a list ends, the list and its other entries do not', async () => {
    const ends = instantIn(1000)
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const servers = list('servers', {
      why: 'where readings go',
      entries: {
        [to]: { why: 'the old server, until it is switched off', expires: textOf(ends) },
        [other]: { why: 'the new server' },
      },
    })
    wall.apply(site({ readings: allow.out({ to: servers, service: 'https', why: 'readings' }) }))
    const agent = await wall.on('vent-01')
    const old = await agent.open(https)
    const lasting = await agent.open({ ...https, to: other })
    await old.exchange('before')
    await lasting.exchange('before')
    wall.forget()

    await past(ends)
    await old.say('late')
    await wall.decides('deny default/deny', old)
    const late = await agent.begin(https)
    await wall.decides('deny default/deny', late)
    await lasting.exchange('after')
    const anew = await agent.open({ ...https, to: other })
    await anew.exchange('after')
    expect(await old.heard()).toBe('before')
    for (const one of [old, lasting, late, anew]) await one.end()
  })

  test('an exception from a deny ends: its open flow is cut, whoever speaks; what is left out still goes on', async () => {
    const ends = instantIn(1000)
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const spared = list('spared', {
      why: 'whom the wall lets through',
      entries: {
        [to]: { why: 'the old server, until it is switched off', expires: textOf(ends) },
        [other]: { why: 'the new server' },
      },
    })
    wall.apply(
      site({
        wall: deny.out({ to: 'any', except: spared, why: 'nobody else' }),
        readings: allow.out({ to: 'any', service: ['https', 'mqtts'], why: 'readings' }),
      }),
    )
    const agent = await wall.on('vent-01')
    const old = await agent.open(https)
    const heard = await agent.open(mqtts)
    const lasting = await agent.open({ ...https, to: other })
    for (const one of [old, heard, lasting]) await one.exchange('before')
    expect(wall.decisions(old)).toEqual(['allow vent-01/readings'])

    await past(ends)
    await (await wall.on('internet')).announce(8883, 'late')
    await wall.decides('deny vent-01/wall', heard)
    expect(await heard.heard()).toBe('before')
    await old.say('late')
    await wall.decides('deny vent-01/wall', old)
    const late = await agent.begin(https)
    await wall.decides('deny vent-01/wall', late)
    expect(await late.fate()).toBe('opening')
    // Judged once more, at its next packet, and then open as before.
    await lasting.exchange('after')
    expect(wall.decisions(lasting)).toEqual(['allow vent-01/readings'])
    await lasting.exchange('and after that')
    expect(wall.decisions(lasting)).toEqual([])
    const anew = await agent.open({ ...https, to: other })
    await anew.exchange('after')
    for (const one of [old, heard, lasting, late, anew]) await one.end()
  })

  test('an exception from an allow stays past its date, but for one that lifts', async () => {
    const ends = instantIn(1000)
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const shunned = list('shunned', {
      why: 'not to be asked',
      entries: {
        [to]: { why: 'breaks the format', expires: textOf(ends) },
        [other]: { why: 'is down', expires: textOf(ends), onExpiry: 'lift' },
      },
    })
    wall.apply(
      site({ readings: allow.out({ to: 'any', except: shunned, service: 'https', why: 'readings' }) }),
    )
    const agent = await wall.on('vent-01')
    const early = await agent.begin({ ...https, to: other })
    await wall.decides('deny default/deny', early)
    expect(await early.fate()).toBe('opening')

    await past(ends)
    const stays = await agent.begin(https)
    await wall.decides('deny default/deny', stays)
    const lifted = await agent.open({ ...https, to: other })
    await lifted.exchange('after')
    for (const one of [early, stays, lifted]) await one.end()
  })

  test('what a device was told for a name ends: its open flow survives, a new one is refused', async () => {
    const ends = instantIn(1000)
    wall.apply(
      site({ readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'readings' }) }),
      {
        bindings: {
          format: 1,
          names: [{ device: 'vent-01', name: 'api.volcano.example', addresses: [to], until: textOf(ends) }],
        },
      },
    )
    const agent = await wall.on('vent-01')
    const flow = await agent.open(https)
    await flow.exchange('before')
    expect(wall.decisions(flow)).toEqual(['allow vent-01/readings'])

    await past(ends)
    const late = await agent.begin(https)
    await wall.decides('deny default/deny', late)
    await flow.exchange('after')
    await (await wall.on('internet')).announce(443, ', and from the server')
    await flow.hears(', and from the server')
    expect(await late.fate()).toBe('opening')
    for (const one of [flow, late]) await one.end()
  })

  test('a leased address ends: what comes from it is nobody’s, and is held', async () => {
    const ends = instantIn(1000)
    const other = places['vent-02']
    wall.apply(
      policy('volcano', {
        owner,
        networks,
        devices: {
          'vent-02': device({
            mac: other.mac,
            network: 'things',
            rules: { readings: allow.out({ to, service: 'https', why: 'readings' }) },
          }),
        },
      }),
      {
        bindings: {
          format: 1,
          addresses: [other.four, other.six].map((address) => ({
            device: 'vent-02',
            address,
            until: textOf(ends),
          })),
        },
      },
    )
    const agent = await wall.on('vent-02')
    const flow = await agent.open(https)
    await flow.exchange('before')
    expect(wall.decisions(flow)).toEqual(['allow vent-02/readings'])
    await past(ends)
    await flow.say('late')
    await wall.decides('deny fixed/spoofed', flow)
    expect(await flow.heard()).toBe('before')
    await flow.end()
  })
})

test('a rule whose date has passed before it is loaded lets nothing in', async () => {
  wall.apply(
    site({
      visit: allow.out({
        to: '203.0.113.10',
        service: 'https',
        why: 'the vendor looked',
        expires: '2020-01-01',
      }),
    }),
  )
  const late = await (await wall.on('vent-01')).begin({
    protocol: 'tcp',
    to: places.internet.four,
    port: 443,
  })
  await wall.decides('deny default/deny', late)
  await late.end()
})
