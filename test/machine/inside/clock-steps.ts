/**
 * Runs in the test machine, as root, because it jumps the clock of the whole system: a rule that ends in an hour, an
 * open flow, and what becomes of it and of new ones when the clock jumps ahead and back. Prints what it saw as JSON; it
 * expects nothing.
 */
import { execFileSync } from 'node:child_process'
import { allow, device, policy } from '@thingwall/policy'
import type { Agent, LiveFlow } from '../../kernel/wall/agent.ts'
import { networks, places, siteDescription } from '../../kernel/wall/places.ts'
import { buildWall, type Wall } from '../../kernel/wall/wall.ts'

const hourMs = 3_600_000
const https = { protocol: 'tcp', to: places.internet.four, port: 443 } as const

const wall = await buildWall(siteDescription)
await (await wall.on('internet')).serve('tcp', 443)
const agent = await wall.on('vent-01')
const { mac, four, six } = places['vent-01']
const ends = new Date(Date.now() + hourMs).toISOString().replace(/\.\d+Z$/, 'Z')
const visit = allow.out({ to: https.to, service: 'https', why: 'the vendor looks today', expires: ends })
wall.apply(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks,
    devices: { 'vent-01': device({ mac, ip: [four, six], rules: { visit } }) },
  }),
)
const flow = await agent.open(https)

const before = await look(wall, agent, flow)
jump(2 * hourMs)
const ahead = await look(wall, agent, flow)
jump(-24 * hourMs)
const back = await look(wall, agent, flow)
await flow.end()
await wall.end()
process.stdout.write(`${JSON.stringify({ before, ahead, back })}\n`)
process.exit(0)

function jump(byMs: number): void {
  execFileSync('date', ['--utc', '--set', `@${Math.round((Date.now() + byMs) / 1000)}`])
}

async function look(on: Wall, from: Agent, open: LiveFlow): Promise<{ fresh: string; open: string }> {
  on.forget()
  const another = await from.begin(https)
  let fresh = ''
  for (let tries = 0; fresh === '' && tries < 500; tries++) {
    fresh = on.decisions(another)[0] ?? ''
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await another.end()
  const isOpen = await open.exchange(`at ${Date.now()}`).then(
    () => true,
    () => false,
  )
  return { fresh, open: isOpen ? 'goes on' : 'is cut' }
}
