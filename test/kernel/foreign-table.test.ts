/**
 * Other tables on the machine: a drop of theirs wins, whatever ours accepts (netfilter: an accept ends one base
 * chain, a drop ends the packet), and ours leaves theirs as they are.
 */
import { allow, device, policy } from '@thingwall/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const { mac, four, six } = places['vent-01']
const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks,
  devices: {
    'vent-01': device({
      mac,
      ip: [four, six],
      rules: {
        readings: allow.out({ to: '203.0.113.10', service: ['https', 'mqtts'], why: 'readings' }),
      },
    }),
  },
})

/** Somebody else’s: drops one port before us or after us, and counts. */
const foreign = (priority: number): string => `
  table inet docker {
    counter seen { }
    set blocked { type inet_service; elements = { 8883 } }
    chain forward {
      type filter hook forward priority ${priority}; policy accept;
      counter name "seen"
      tcp dport @blocked drop
    }
  }`

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  const internet = await wall.on('internet')
  for (const port of [443, 8883]) await internet.serve('tcp', port)
})
afterAll(() => wall?.end())

const nft = (...words: readonly string[]): Promise<string> => wall.site.must('gateway', ['nft', ...words])

test.each([
  { where: 'before ours', priority: -10, judged: [] },
  { where: 'after ours', priority: 10, judged: ['allow vent-01/readings'] },
])('a drop $where wins, and its neighbour passes', async ({ priority, judged }) => {
  await wall.site.must('gateway', ['nft', '-f', '-'], { input: foreign(priority) })
  wall.apply(site)
  const vent = await wall.on('vent-01')
  const open = await vent.open({ protocol: 'tcp', to: places.internet.four, port: 443 })
  await open.exchange('here')
  const shut = await vent.begin({ protocol: 'tcp', to: places.internet.four, port: 8883 })
  await open.exchange('still here')
  expect(await shut.fate()).toBe('opening')
  expect([...new Set(wall.decisions(shut))]).toEqual(judged)
  for (const flow of [open, shut]) await flow.end()
  await nft('delete', 'table', 'inet', 'docker')
})

test('a new rule set leaves the table of another as it is, counts and elements included', async () => {
  await wall.site.must('gateway', ['nft', '-f', '-'], { input: foreign(10) })
  wall.apply(site)
  const vent = await wall.on('vent-01')
  const flow = await vent.open({ protocol: 'tcp', to: places.internet.four, port: 443 })
  await flow.exchange('here')
  await flow.end()
  const before = await nft('list', 'table', 'inet', 'docker')
  expect(before).toMatch(/packets [1-9]/)
  wall.apply(policy('other', { owner: 'geo@volcano.example', networks }))
  expect(await nft('list', 'table', 'inet', 'docker')).toBe(before)
  expect((await nft('list', 'tables')).trim().split('\n').sort()).toEqual([
    'table arp thingwall',
    'table inet docker',
    'table inet thingwall',
  ])
})
