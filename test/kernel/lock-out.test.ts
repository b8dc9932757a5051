/**
 * An administrator locks themselves out and is let in again, by the kernel alone: real connections from a laptop, cut
 * by `apply --lock-me-out` on the router, with every process of ours dead, go on once the trial is over. And what a
 * trial leaves behind when it is over: nothing that only it allowed.
 *
 * `THINGWALL_LOCK_OUTS=N` sets how often; the usual 25 times cut and bring back four connections each.
 */
import { writeFileSync } from 'node:fs'
import { deny, network, policy } from '@thingwall/policy'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { order } from '../contracts/enforcement-point.ts'
import { at, buildCity, type City, families, isAlive, killGroup } from './lock-out/city.ts'
import { type LiveFlow, until } from './wall/agent.ts'
import { artifactOf } from './wall/point.ts'

const LOCK_OUTS = Number(process.env.THINGWALL_LOCK_OUTS ?? 25)
const ABREAST = 3

const wan = network({ role: 'uplink', interface: 'wan0' })
const lan = { role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] } as const
const usual = policy('usual', {
  owner: 'tests@volcano.example',
  networks: { lan: network({ ...lan, admin: [at.laptop.four, at.laptop.six] }), wan },
  devices: {},
  rules: { news: deny.out({ who: 'lan', to: 'any', service: '9000/tcp', why: 'Nobody asked for it' }) },
})
/** No administrator any more, and port 7 closed; 9000 is open only here. */
const mistaken = policy('mistaken', {
  owner: 'tests@volcano.example',
  networks: { lan: network(lan), wan },
  devices: {},
  rules: { echo: deny.out({ who: 'lan', to: 'any', service: '7/tcp', why: 'A mistake' }) },
})
const [usualFile, mistakenFile] = ['/run/usual.policy.json', '/run/mistaken.policy.json'] as const

const cities: City[] = []
let states = 0
beforeAll(async () => {
  writeFileSync(usualFile, JSON.stringify(usual))
  writeFileSync(mistakenFile, JSON.stringify(mistaken))
  for (let one = 0; one < ABREAST; one++) cities.push(await buildCity())
  for (const { router, outside } of cities) {
    await router.serve('tcp', 22)
    for (const port of [7, 9000, 9001]) await outside.serve('tcp', port)
  }
})
afterEach(async () => {
  for (const city of cities) await city.nft('flush', 'ruleset')
})
afterAll(async () => {
  for (const city of cities) await city.end()
})

function freshState(): string {
  states += 1
  return `/run/lock-out-state-${states}`
}

async function mustApply(city: City, state: string): Promise<void> {
  const ended = await city.thingwall(['apply', '--no-confirm', '--policy', usualFile, '--state', state])
  expect(ended).toMatchObject({ status: 0 })
}

/** To the router itself and through it, in both families. */
const destinations = families.flatMap((family) => [
  { protocol: 'tcp', to: at.router[family], port: 22 } as const,
  { protocol: 'tcp', to: at.outside[family], port: 7 } as const,
])

const locking = (state: string, within: string): readonly string[] => [
  ...['apply', '--lock-me-out', '--confirm-within', within, '--policy', mistakenFile, '--state', state],
]

type Ending = 'by itself' | 'killed'

/** Locks out, waits until the kernel lets in again, and says how many connections were seen cut and back. */
async function lockOut(
  city: City,
  state: string,
  sessions: readonly LiveFlow[],
  { ending, name, within }: { readonly ending: Ending; readonly name: string; readonly within: string },
): Promise<'seen' | 'too late to see'> {
  const command = city.start(locking(state, within))
  let isOver = false
  void command.ended.then(() => {
    isOver = true
  })
  if (ending === 'by itself') expect(await command.ended).toMatchObject({ status: 0 })
  // A command has to start first, and several do at once.
  const isTried = async (): Promise<boolean> => isOver || (await city.trial())?.isRunning === true
  await until('the kernel to have the trial', isTried, 60_000)
  if (ending === 'killed') killGroup(command.pid as number)
  await command.ended
  await until('every process of ours to be dead', () => !isAlive(command.pid as number))

  await Promise.all(sessions.map((one) => one.say(`${name} `)))
  const trial = await city.trial()
  // Nobody could tell a connection that was cut from one that nothing was said on.
  if (trial?.isRunning !== true) {
    await Promise.all(sessions.map((one) => one.hears(`${name} `)))
    return 'too late to see'
  }
  await until(
    'the trial to drop what was said',
    async () => (await city.counted(trial.generation, 'default/deny', 'echo')) >= sessions.length,
  )
  const heard = await Promise.all(sessions.map((one) => one.heard()))
  if ((await city.trial())?.isRunning === true)
    for (const text of heard) expect(text).not.toContain(`${name} `)

  await Promise.all(sessions.map((one) => one.hears(`${name} `)))
  expect(await city.trial()).toEqual({ generation: trial.generation, isRunning: false })
  for (const destination of destinations) {
    const another = await city.laptop.open(destination)
    await another.exchange(name)
    await another.end()
  }
  return 'seen'
}

test(`${LOCK_OUTS} times locked out, ${LOCK_OUTS} times let in again, on connections that were open and on new ones`, async () => {
  let [left, late] = [LOCK_OUTS, 0]
  const cutBack = { connections: 0, lockOuts: 0 }
  await Promise.all(
    cities.map(async (city, which) => {
      const state = freshState()
      await mustApply(city, state)
      const sessions = await Promise.all(destinations.map((one) => city.laptop.open(one)))
      await Promise.all(sessions.map((one) => one.exchange('begin ')))
      while (left > 0 && late <= LOCK_OUTS) {
        const turn = left--
        const ending = turn % 2 === 0 ? 'killed' : 'by itself'
        const seen = await lockOut(city, state, sessions, {
          ending,
          name: `city ${which} turn ${turn}.${late}`,
          // Where this machine is too busy to see a short one, a longer one.
          within: `${1 + Math.floor(late / 3)}s`,
        })
        if (seen === 'seen') {
          cutBack.lockOuts += 1
          cutBack.connections += sessions.length
        } else {
          late += 1
          left += 1
        }
      }
      await Promise.all(sessions.map((one) => one.end()))
    }),
  )
  expect(cutBack).toEqual({ lockOuts: LOCK_OUTS, connections: LOCK_OUTS * destinations.length })
}, 600_000)

describe('when a trial is over', () => {
  const [before, tried] = [artifactOf(usual), artifactOf(mistaken)]
  const over = (city: City): Promise<void> =>
    until('the trial to be over', async () => (await city.trial())?.isRunning !== true)

  test.each(families)(
    'over IPv%s, a flow that only it allowed is cut at its next packet, whoever sends it',
    async (family) => {
      const city = cities[0] as City
      const point = await city.open(freshState())
      await point.apply(before, order)
      const destination = { protocol: 'tcp', to: at.outside[family], port: 9000 } as const
      await point.apply(tried, { ...order, confirmWithinMs: 3000 })
      const flows = [await city.laptop.open(destination), await city.laptop.open(destination)]
      for (const flow of flows) await flow.exchange('while it lasts')
      await over(city)
      const generation = settledIn(await city.nft('list', 'chain', 'inet', 'thingwall', 'forward'))
      const refused = (): Promise<number> => city.counted(generation, 'news', 'default/deny')

      const atFirst = await refused()
      await city.outside.announce(9000, ' from the server')
      await until('the server to be refused', async () => (await refused()) >= atFirst + flows.length)
      const then = await refused()
      for (const flow of flows) await flow.say(' from the opener')
      await until('the opener to be refused', async () => (await refused()) >= then + flows.length)
      for (const flow of flows) {
        expect(await flow.heard()).toBe('while it lasts')
        await flow.end()
      }
    },
  )

  test('the first of all goes back to nothing, and everything passes as before it', async () => {
    const city = cities[0] as City
    const session = await city.laptop.open({ protocol: 'tcp', to: at.router.four, port: 22 })
    await session.exchange('before ')
    const ended = await city.thingwall([...locking(freshState(), '5s'), '--json'])
    expect(ended).toMatchObject({ status: 0 })
    expect(JSON.parse(ended.stdout)).toMatchObject({ before: null, trial: { returnsTo: { digest: null } } })
    await session.say('after ')
    await over(city)
    await session.hears('after ')
    const another = await city.laptop.open({ protocol: 'tcp', to: at.outside.six, port: 9000 })
    await another.exchange('and 9000, which nobody refuses now')
    await Promise.all([session.end(), another.end()])
  })

  test('confirmed within time, it stays: what it cut stays cut, what it allowed goes on', async () => {
    const city = cities[0] as City
    const state = freshState()
    await mustApply(city, state)
    const cut = await city.laptop.open({ protocol: 'tcp', to: at.outside.four, port: 7 })
    await cut.exchange('before')
    expect(await city.thingwall(locking(state, '1h'))).toMatchObject({ status: 0 })
    const own = await city.laptop.open({ protocol: 'tcp', to: at.outside.four, port: 9000 })
    expect(await city.thingwall(['confirm', '--state', state])).toMatchObject({ status: 0 })
    expect(await city.nft('list', 'ruleset')).not.toContain('@trial')
    expect(await city.nft('list', 'ruleset')).not.toContain('set trial')
    const generation = settledIn(await city.nft('list', 'chain', 'inet', 'thingwall', 'forward'))
    await cut.say('after')
    await until('it to be refused', async () => (await city.counted(generation, 'echo')) > 0)
    await own.exchange('goes on')
    expect(await cut.heard()).toBe('before')
    await Promise.all([cut.end(), own.end()])
  })

  test('the ARP table goes with it: hosts that may not be found on trial are found again', async () => {
    const city = cities[0] as City
    const point = await city.open(freshState())
    await point.apply(before, order)
    const strangers = policy('strangers', {
      owner: 'tests@volcano.example',
      networks: { lan: network({ ...lan, role: 'things', isolation: 'access-point' }), wan },
      devices: {},
    })
    await point.apply(artifactOf(strangers), { ...order, confirmWithinMs: 3000 })
    const { generation } = (await city.trial()) as { generation: string }
    const forget = async (): Promise<void> => {
      for (const host of ['laptop', 'router'] as const)
        await city.site.must(city.named(host), ['ip', 'neighbour', 'flush', 'all'])
    }
    await forget()
    const begun = await city.laptop.begin({ protocol: 'tcp', to: at.router.four, port: 22 })
    await until('ARP to be refused', async () => (await city.refusedArp(generation)) > 0)
    expect(await begun.fate()).toBe('opening')
    await begun.end()
    await over(city)
    await forget()
    for (const family of families) {
      const flow = await city.laptop.open({ protocol: 'tcp', to: at.router[family], port: 22 })
      await flow.exchange('found')
      await flow.end()
    }
    expect((await point.read()).integrity.kind).toBe('intact')
  })

  test('flows that both allow lose no packet as it begins and as it ends', async () => {
    const city = cities[0] as City
    const point = await city.open(freshState())
    await point.apply(before, order)
    const talk = await city.laptop.open({ protocol: 'tcp', to: at.outside.four, port: 9001 })
    const floods = families.map((family) =>
      city.site.spawn(city.named('laptop'), ['ping', '-q', '-i', '0.001', '-W', '2', at.outside[family]]),
    )
    let trials = 0
    for (; trials < 5; trials++) {
      await point.apply(tried, { ...order, confirmWithinMs: 300 })
      await talk.exchange(`trial ${trials}`)
      await over(city)
      await talk.exchange(`after ${trials}`)
    }
    for (const flood of floods) {
      process.kill(flood.pid as number, 'SIGINT')
      const { stdout } = await flood.ended
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? []
      expect(Number(sent)).toBeGreaterThan(1000)
      // The last may be under way when it is told to end.
      expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1)
    }
    await talk.end()
  })
})

/** The letter of the generation that a base chain goes to once no trial runs. */
function settledIn(chain: string): string {
  const letter = /^\s*goto ([a-z])\//m.exec(chain)?.[1]
  if (letter === undefined) throw new Error(`nothing stands: ${chain}`)
  return letter
}
