/**
 * Runs in the test machine, as root, because it jumps the clock of the whole system: an allow and a deny that end in an
 * hour, open flows, and what becomes of them and of new ones when the clock jumps ahead and back. Prints what it saw as
 * JSON; it expects nothing.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { allow, deny, device, policy } from '@thingwall/policy'
import type { LiveFlow } from '../../kernel/wall/agent.ts'
import { networks, places, siteDescription } from '../../kernel/wall/places.ts'
import { buildWall } from '../../kernel/wall/wall.ts'

const hourMs = 3_600_000
const internet = places.internet.four
const ports = { visit: 443, noise: 8443, lasting: 8080 }

const wall = await buildWall(siteDescription)
const server = await wall.on('internet')
for (const port of Object.values(ports)) await server.serve('tcp', port)
const agent = await wall.on('vent-01')
const { mac, four, six } = places['vent-01']
const expires = new Date(Date.now() + hourMs).toISOString().replace(/\.\d+Z$/, 'Z')
const to = internet
wall.apply(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks,
    devices: {
      'vent-01': device({
        mac,
        ip: [four, six],
        rules: {
          visit: allow.out({ to, service: `${ports.visit}/tcp`, why: 'the vendor looks today', expires }),
          noise: deny.out({ to, service: `${ports.noise}/tcp`, why: 'seen to flood that host', expires }),
          other: allow.out({ to, service: `${ports.noise}/tcp`, why: 'once somebody takes that away' }),
          lasting: allow.out({ to, service: `${ports.lasting}/tcp`, why: 'it reports there' }),
        },
      }),
    },
  }),
)
const open = {
  visiting: await agent.open({ protocol: 'tcp', to, port: ports.visit }),
  lasting: await agent.open({ protocol: 'tcp', to, port: ports.lasting }),
}

const before = await look()
jump(2 * hourMs)
const ahead = await look()
jump(-24 * hourMs)
const back = await look()
for (const flow of Object.values(open)) await flow.end()
await wall.end()
process.stdout.write(`${JSON.stringify({ before, ahead, back })}\n`)
process.exit(0)

function jump(byMs: number): void {
  execFileSync('date', ['--utc', '--set', `@${Math.round((Date.now() + byMs) / 1000)}`])
}

async function look(): Promise<Readonly<Record<string, string>>> {
  return {
    visit: await decided(ports.visit),
    noise: await decided(ports.noise),
    visiting: await fateOf(open.visiting),
    lasting: await fateOf(open.lasting),
  }
}

/** Verdict and rule of a new flow. */
async function decided(port: number): Promise<string> {
  wall.forget()
  const flow = await agent.begin({ protocol: 'tcp', to, port })
  let decision = ''
  for (let tries = 0; decision === '' && tries < 500; tries++) {
    decision = wall.decisions(flow)[0] ?? ''
    await sleep(10)
  }
  await flow.end()
  return decision
}

async function fateOf(flow: LiveFlow): Promise<string> {
  return flow.exchange(`at ${Date.now()}`).then(
    () => 'goes on',
    () => 'is cut',
  )
}
