/**
 * The demo, run for real as people run it: with rights and without, with the policy in force and with rule sets that do
 * not work, to its end and interrupted. What it claims is told apart from what it would claim anyway.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const demo = [join(root, 'packages/cli/bin/thingwall'), 'demo']
/** As in lab-enter.test.ts: root by number only, with the one right that mapping it takes. */
const withoutRights = ['setpriv', '--bounding-set=-all,+setfcap', '--inh-caps=-all']

interface Told {
  readonly ok: boolean
  readonly scenes: readonly { readonly title: string; readonly attempts: readonly Attempt[] }[]
}

interface Attempt {
  readonly title: string
  readonly ok: boolean
  readonly verdict: 'allow' | 'deny'
  readonly rule: string
  readonly why: string
  readonly at: string | null
  readonly client: { readonly reached: boolean; readonly words: string }
  readonly kernel: Readonly<Record<string, number>>
  readonly arrived: number | null
  readonly arrivedAs: string | null
  readonly keptBy: string | null
  readonly differences: readonly string[]
}

interface Run {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the demo; whatever it starts carries `mark` in its environment. */
function start(
  mark: string,
  argv: readonly string[],
  extra: Readonly<Record<string, string>> = {},
  kind: 'single' | 'group' = 'single',
): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(THINGWALL_|FORCE_COLOR|COLUMNS)/.test(name),
  )
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', THINGWALL_TEST_MARK: mark, ...extra }
  const [program = '', ...args] = argv
  return spawn(program, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: kind === 'group',
  })
}

async function toItsEnd(argv: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<Run> {
  const mark = randomUUID()
  const child = start(mark, argv, extra)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const [exit] = await once(child, 'close')
  await nothingLeftOf(mark)
  return { exit, stdout, stderr }
}

/** A namespace lives as long as a process is in it, and every process of the demo carries the mark. */
async function nothingLeftOf(mark: string): Promise<void> {
  // The kernel ends what was below a killed process in its own time, which is short.
  for (let waited = 0; waited < 200 && processesOf(mark).length > 0; waited += 1) await sleep(10)
  expect(processesOf(mark)).toEqual([])
}

function processesOf(mark: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

function attemptsOf({ stdout }: Run): readonly Attempt[] {
  return (JSON.parse(stdout) as Told).scenes.flatMap(({ attempts }) => attempts)
}

const json = [...demo, '--json']

describe('to its end', () => {
  let runs: { readonly policy: Run; readonly unprivileged: Run; readonly open: Run; readonly closed: Run }

  beforeAll(async () => {
    // Each in namespaces of its own, so they may run at once.
    const [policy, unprivileged, open, closed] = await Promise.all([
      toItsEnd(json),
      toItsEnd([...withoutRights, ...demo]),
      toItsEnd(json, { THINGWALL_DEMO_RULES: 'open' }),
      toItsEnd(json, { THINGWALL_DEMO_RULES: 'closed' }),
    ])
    runs = { policy, unprivileged, open, closed }
  }, 120_000)

  test('with the policy in force all goes as it says, by the rules of the story', () => {
    const { exit, stdout, stderr } = runs.policy
    expect(stderr).toBe('')
    expect(exit).toBe(0)
    const told: Told = JSON.parse(stdout)
    expect(told.ok).toBe(true)
    expect(told.scenes).toHaveLength(6)
    expect(attemptsOf(runs.policy).map(({ verdict, rule, title }) => `${verdict} ${rule}: ${title}`)).toEqual(
      [
        'allow seismometer/readings: vent-01 posts a reading to the API over HTTPS',
        'allow seismometer/clock: vent-01 asks for the time',
        'allow thermal-camera/firmware: crater-cam fetches firmware from its vendor',
        'allow default/trusted-to-uplink: laptop browses the internet',
        'allow thermal-camera/stream: laptop watches the camera (RTSP)',
        'deny default/deny: laptop tries the same port on vent-01',
        'allow default/gateway-services: laptop pings the gateway',
        'allow default/admin: admin-laptop opens SSH on the gateway',
        'deny default/deny: laptop opens SSH on the gateway',
        "deny default/deny: the site's public address",
        'deny default/deny: the sensors, by a route somebody left open',
        'deny default/deny: the laptops, by the same route',
        'deny default/deny: it tries SSH on a laptop',
        'deny default/deny: it tries its neighbour vent-02 over the air',
        'deny default/deny: it tries vent-02 through the gateway',
        'deny default/deny: it reports to its new master by telnet',
        'deny botnets: it calls a host on the botnet list',
        'deny botnets: so does a laptop, which may go anywhere else',
        'deny default/deny: it uses a permission that has expired',
        'deny fixed/stranger: it reads out the API with an address of its own',
        "deny fixed/spoofed: it takes vent-01's address",
        "deny fixed/spoofed: vent-01, known by its MAC, takes vent-02's address",
        'deny fixed/spoofed: stranger tells the gateway by ARP that it is vent-01',
        'allow seismometer/readings: vent-01 posts a reading to the API over HTTPS',
        'allow default/trusted-to-uplink: laptop browses the internet',
        'deny default/deny: the attacker scans the sensors',
        'deny default/deny: hijacked, vent-01 tries SSH on a laptop',
        'deny botnets: it calls a host on the botnet list',
        'deny fixed/stranger: the stranger reads out the API',
        "deny fixed/spoofed: the stranger takes vent-01's address",
        'deny fixed/spoofed: stranger tells the gateway by NDP that it is vent-01',
      ],
    )
  })

  test('the policy speaks with its reasons and places', () => {
    const attempts = attemptsOf(runs.policy)
    const botnet = attempts.find(({ rule }) => rule === 'botnets')
    expect(botnet?.why).toMatch(/Never, whatever else.*known-botnets: Mirai loader, incident INC-88/)
    expect(botnet?.at).toMatch(/^examples\/volcano\/thingwall\.policy\.ts:\d+$/)
    const expired = attempts.find(({ title }) => title.includes('expired'))
    expect(expired?.why).toContain('seismometer/commissioning did until 2026-04-30')
  })

  test('what leaves over IPv4 leaves with the address of the site', () => {
    const left = attemptsOf(runs.policy).filter(({ arrivedAs }) => arrivedAs !== null)
    expect(left.map(({ arrivedAs, rule }) => `${rule} ${arrivedAs}`)).toEqual([
      'seismometer/readings 192.0.2.20',
      'seismometer/clock 192.0.2.20',
      'thermal-camera/firmware 192.0.2.20',
      'default/trusted-to-uplink 192.0.2.20',
    ])
  })

  test('without rights it tells the same, on pages that people can read', () => {
    const { exit, stdout, stderr } = runs.unprivileged
    expect(exit).toBe(0)
    expect(stdout).toContain('All went as the policy says: 31 tried, 9 allowed, 22 blocked')
    expect(stdout).not.toContain('\u001b')
    const story = stdout.slice(0, stdout.indexOf('\n$ thingwall'))
    expect(story.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(stdout).toMatch(/\$ thingwall explain .*\ndeny {2}vent-01 → 198\.51\.100\.7:443\/tcp/)
    expect(stdout).toMatch(/\$ thingwall list known-botnets[^$]*Mozi peers/)
    expect(stderr).toMatch(/^\nNext\n/)
  })

  test('a wall that lets everything through is found out, by the clients or at the far end', () => {
    expect(runs.open.exit).toBe(1)
    const refused = attemptsOf(runs.open).filter(
      ({ verdict, keptBy }) => verdict === 'deny' && keptBy === null,
    )
    expect(refused).toHaveLength(21)
    // Without a look at the counters of rules, which an empty rule set does not have.
    const unseen = refused.filter(({ client, arrived }) => !client.reached && (arrived ?? 0) === 0)
    expect(unseen.map(({ title }) => title)).toEqual([])
    expect(refused.filter(({ ok }) => ok)).toEqual([])
  })

  test('a wall that lets nothing through is found out by every client that should be served', () => {
    expect(runs.closed.exit).toBe(1)
    const granted = attemptsOf(runs.closed).filter(({ verdict }) => verdict === 'allow')
    expect(granted).toHaveLength(9)
    expect(granted.filter(({ client, ok }) => client.reached || ok)).toEqual([])
  })
})

test.each<[signal: NodeJS.Signals, exit: number | NodeJS.Signals, says: string]>([
  ['SIGINT', 130, 'thingwall: interrupted\n'],
  ['SIGTERM', 143, 'thingwall: interrupted\n'],
  ['SIGKILL', 'SIGKILL', ''],
])('interrupted by %s it leaves nothing behind, and says no more than that', async (signal, exit, says) => {
  const mark = randomUUID()
  const child = start(mark, demo)
  const stderr = wordsOf(child.stderr)
  await said(child, 'Everybody at work')
  expect(processesOf(mark).length).toBeGreaterThan(3)
  child.kill(signal)
  const [code, killedBy] = await once(child, 'exit')
  expect(code ?? killedBy).toBe(exit)
  await nothingLeftOf(mark)
  expect(await stderr).toBe(says)
})

test.each([
  ['while the site is built', 'hosts'],
  ['while something is tried', 'vent-01 asks for the time'],
])('Ctrl-C reaches the whole group of `npm run demo`, %s', async (_, moment) => {
  const mark = randomUUID()
  const child = start(mark, [process.execPath, join(root, 'scripts/bootstrap.mjs'), 'demo'], {}, 'group')
  const stderr = wordsOf(child.stderr)
  await said(child, moment)
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect(await once(child, 'exit')).toEqual([130, null])
  await nothingLeftOf(mark)
  expect(await stderr).toBe('thingwall: interrupted\n')
})

test('--stay leaves the site up, with a way in that works, until it is interrupted', async () => {
  const mark = randomUUID()
  const child = start(mark, [...demo, '--stay'])
  const text = await said(
    child,
    'thingwall explain --policy examples/volcano/thingwall.policy.ts --from vent-01 --to 10',
  )
  const [, way = ''] = /^ +(on\(\) \{.*\})$/m.exec(text) ?? []
  const enter = spawn('bash', ['-c', `${way}; on laptop ping -c 1 203.0.113.40`], { stdio: 'ignore' })
  expect(await once(enter, 'exit')).toEqual([0, null])
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
  await nothingLeftOf(mark)
})

test('where namespaces are forbidden it says why, and what would help', async () => {
  const forbid = `
    require('node:fs').writeFileSync('/proc/sys/user/max_user_namespaces', '0')
    const { status } = require('node:child_process').spawnSync(
      '${withoutRights[0]}', ${JSON.stringify([...withoutRights.slice(1), ...demo])}, { stdio: 'inherit' })
    process.exit(status)`
  const argv = ['unshare', '--user', '--map-root-user', process.execPath, '--eval', forbid]
  const { exit, stdout, stderr } = await toItsEnd(argv)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr).toMatch(
    /needs network namespaces: this machine allows no user namespaces.*\n.*sysctl -w user/,
  )
})

async function wordsOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : (await stream.toArray()).join('')
}

async function said(child: ChildProcess, words: string): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += chunk
    // Enough is heard; what comes after is left unread.
    if (text.includes(words) && text.endsWith('\n')) return text
  }
  throw new Error(`it ended after ${JSON.stringify(text)}`)
}
