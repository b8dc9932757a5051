/**
 * Time is enforced by the kernel: nothing of ours runs between the loading of a rule set and the instants in it.
 *
 * Each test sets a stage with an instant ahead at which something ends, and asserts what is so on both sides of it; it
 * never asserts how fast anything was. Where the machine was too busy to set the stage in time, it is set once more, with
 * twice the time. Long because every kind of end is held to the same, in both families.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { allow, deny, device, list, type PolicyDocument, policy } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { networks, places, siteDescription } from './wall/places.ts'
import { type Applied, buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  const internet = await wall.on('internet')
  for (const port of [443, 8883]) await internet.serve('tcp', port)
})
afterAll(() => wall?.end())
beforeEach(() => wall.forget())

/** A stage that was set before its instant, and the instant. */
type Stage<T> = T & { readonly applied: Applied; readonly ends: number }

/** Sets a stage on which something ends at the instant it is given; again and with more time where that came too soon. */
async function inTime<T extends { readonly applied: Applied }>(
  set: (ends: number) => Promise<T>,
): Promise<Stage<T>> {
  for (let leadMs = 1000; ; leadMs *= 2) {
    const ends = Math.ceil((Date.now() + leadMs) / 1000) * 1000
    const [stage] = await Promise.allSettled([set(ends)])
    const isInTime = Date.now() < ends
    if (stage.status === 'fulfilled' && isInTime) return { ...stage.value, ends }
    // What was seen after the instant says nothing about what was so before it.
    if (stage.status === 'rejected' && (isInTime || leadMs >= LONGEST_LEAD_MS)) throw stage.reason
    if (leadMs >= LONGEST_LEAD_MS) throw new Error(`the stage was not set within ${leadMs} ms`)
    wall.forget()
  }
}

const LONGEST_LEAD_MS = 16_000

function textOf(instant: number): string {
  return new Date(instant).toISOString().replace('.000Z', 'Z')
}

/** Until after the instant, by the kernel's clock and by its timeouts; those end at whole milliseconds and ticks. */
async function past({ ends, applied }: Stage<object>): Promise<void> {
  await sleep(ends + applied.slipMs - Date.now() + 60)
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
    const agent = await wall.on('vent-01')
    const stage = await inTime(async (ends) => {
      const applied = wall.apply(
        site({
          visit: allow.out({ to, service: 'https', why: 'the vendor looks today', expires: textOf(ends) }),
          telemetry: allow.out({ to, service: 'mqtts', why: 'telemetry' }),
        }),
      )
      const flow = await agent.open(https)
      const neighbour = await agent.open(mqtts)
      await flow.exchange('before')
      await neighbour.exchange('before')
      expect(wall.decisions(flow)).toEqual(['allow vent-01/visit'])
      return { applied, flow, neighbour }
    })
    const { flow, neighbour } = stage

    await past(stage)
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
      const agent = await wall.on('vent-01')
      const stage = await inTime(async (ends) => {
        const applied = wall.apply(
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
        const flow = await agent.open(https)
        const neighbour = await agent.open(mqtts)
        await flow.exchange('before')
        await flow.exchange(', and more')
        await neighbour.exchange('before')
        expect(wall.decisions(flow)).toEqual(['allow vent-01/visit'])
        return { applied, flow, neighbour }
      })
      const { flow, neighbour } = stage

      await past(stage)
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
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const agent = await wall.on('vent-01')
    const stage = await inTime(async (ends) => {
      const servers = list('servers', {
        why: 'where readings go',
        entries: {
          [to]: { why: 'the old server, until it is switched off', expires: textOf(ends) },
          [other]: { why: 'the new server' },
        },
      })
      const applied = wall.apply(
        site({ readings: allow.out({ to: servers, service: 'https', why: 'readings' }) }),
      )
      const old = await agent.open(https)
      const lasting = await agent.open({ ...https, to: other })
      await old.exchange('before')
      await lasting.exchange('before')
      return { applied, old, lasting }
    })
    const { old, lasting } = stage
    wall.forget()

    await past(stage)
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
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const agent = await wall.on('vent-01')
    const stage = await inTime(async (ends) => {
      const spared = list('spared', {
        why: 'whom the wall lets through',
        entries: {
          [to]: { why: 'the old server, until it is switched off', expires: textOf(ends) },
          [other]: { why: 'the new server' },
        },
      })
      const applied = wall.apply(
        site({
          wall: deny.out({ to: 'any', except: spared, why: 'nobody else' }),
          readings: allow.out({ to: 'any', service: ['https', 'mqtts'], why: 'readings' }),
        }),
      )
      const old = await agent.open(https)
      const heard = await agent.open(mqtts)
      const lasting = await agent.open({ ...https, to: other })
      for (const one of [old, heard, lasting]) await one.exchange('before')
      expect(wall.decisions(old)).toEqual(['allow vent-01/readings'])
      return { applied, old, heard, lasting }
    })
    const { old, heard, lasting } = stage

    await past(stage)
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
    const other = family === 'four' ? '203.0.113.20' : '2001:db8:a::20'
    const agent = await wall.on('vent-01')
    const stage = await inTime(async (ends) => {
      const shunned = list('shunned', {
        why: 'not to be asked',
        entries: {
          [to]: { why: 'breaks the format', expires: textOf(ends) },
          [other]: { why: 'is down', expires: textOf(ends), onExpiry: 'lift' },
        },
      })
      const applied = wall.apply(
        site({ readings: allow.out({ to: 'any', except: shunned, service: 'https', why: 'readings' }) }),
      )
      const early = await agent.begin({ ...https, to: other })
      await wall.decides('deny default/deny', early)
      expect(await early.fate()).toBe('opening')
      return { applied, early }
    })
    const { early } = stage

    await past(stage)
    const stays = await agent.begin(https)
    await wall.decides('deny default/deny', stays)
    const lifted = await agent.open({ ...https, to: other })
    await lifted.exchange('after')
    for (const one of [early, stays, lifted]) await one.end()
  })

  test('what a device was told for a name ends: its open flow survives, a new one is refused', async () => {
    const agent = await wall.on('vent-01')
    const stage = await inTime(async (ends) => {
      const applied = wall.apply(
        site({ readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'readings' }) }),
        {
          bindings: {
            format: 1,
            names: [{ device: 'vent-01', name: 'api.volcano.example', addresses: [to], until: textOf(ends) }],
          },
        },
      )
      const flow = await agent.open(https)
      await flow.exchange('before')
      expect(wall.decisions(flow)).toEqual(['allow vent-01/readings'])
      return { applied, flow }
    })
    const { flow } = stage

    await past(stage)
    const late = await agent.begin(https)
    await wall.decides('deny default/deny', late)
    await flow.exchange('after')
    await (await wall.on('internet')).announce(443, ', and from the server')
    await flow.hears(', and from the server')
    expect(await late.fate()).toBe('opening')
    for (const one of [flow, late]) await one.end()
  })

  test('a leased address ends: what comes from it is nobody’s, and is held', async () => {
    const other = places['vent-02']
    const agent = await wall.on('vent-02')
    const stage = await inTime(async (ends) => {
      const applied = wall.apply(
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
      const flow = await agent.open(https)
      await flow.exchange('before')
      expect(wall.decisions(flow)).toEqual(['allow vent-02/readings'])
      return { applied, flow }
    })
    const { flow } = stage

    await past(stage)
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
