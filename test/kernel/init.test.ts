/**
 * `thingwall init` on a router between real hosts: what it suggests, what it asks at a terminal, and that check and
 * apply accept what it writes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { cli } from './program.ts'

let site: Site
let folder: string

beforeAll(async () => {
  site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: {
          wlan0: { addresses: ['10.20.0.1/24', 'fd20::1/64'] },
          lan0: { addresses: ['10.30.0.1/24', 'fd30::1/64'] },
          wan0: { addresses: ['203.0.113.2/24'] },
        },
        routes: [{ to: 'default', via: '203.0.113.1' }],
      },
      laptop: { interfaces: { eth0: { link: '02:00:00:00:00:05', addresses: ['10.30.0.5/24'] } } },
      sensor: { interfaces: { eth0: { link: '24:6f:28:aa:00:01', addresses: ['10.20.0.11/24'] } } },
      internet: { interfaces: { eth0: { addresses: ['203.0.113.1/24'] } } },
    },
    links: [
      ['router:wlan0', 'sensor:eth0'],
      ['router:lan0', 'laptop:eth0'],
      ['router:wan0', 'internet:eth0'],
    ],
  })
  // So that the router has heard of both.
  await site.run('sensor', ['ping', '-c1', '-W2', '10.20.0.1'])
  await site.run('laptop', ['ping', '-c1', '-W2', '10.30.0.1'])
})
afterAll(() => site.end())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-init-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const named = (name: string): string => join(folder, name)
const ssh = { SSH_CONNECTION: '10.30.0.5 50000 10.30.0.1 22' }

async function run(...args: readonly string[]): ReturnType<Site['run']> {
  return site.run('router', [...cli, ...args], { env: ssh })
}

test.each(['home.policy.ts', 'home.policy.yaml'])('%s is accepted by check and apply', async (name) => {
  const file = named(name)
  const made = await run('init', '--yes', '--owner', "O'Brien \\ ops", '--site', 'home', '--policy', file)
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)])
  const checked = JSON.parse((await run('check', '--policy', file, '--json')).stdout)
  expect(checked).toMatchObject({ ok: true, errors: 0, policy: 'home', devices: 1, tests: 2 })
  const tried = await run('apply', '--policy', file, '--dry-run', '--state', named('state'))
  expect([tried.status, tried.stderr]).toEqual([0, expect.any(String)])
  const text = readFileSync(file, 'utf8')
  // The thing that was heard of is offered, and permitted nothing; who administers is held to the address.
  expect(text).toMatch(/^\s*(?:\/\/|#).*24:6f:28:aa:00:01/m)
  expect(text).toContain('02:00:00:00:00:05')
  for (const [from, to, verdict] of [
    ['10.30.0.5', '10.30.0.1:22/tcp', 'allow'],
    ['10.20.0.11', '198.51.100.1:443/tcp', 'deny'],
  ] as const) {
    const said = await run('explain', '--policy', file, '--from', from, '--to', to, '--json')
    expect(JSON.parse(said.stdout).verdict, `${from} ${to}`).toBe(verdict)
  }
})

test('JSON is JSON, and a name that check would not read is refused', async () => {
  const file = named('home.policy.json')
  expect((await run('init', '--yes', '--owner', 'ops', '--site', 'home', '--policy', file)).status).toBe(0)
  const checked = JSON.parse((await run('check', '--policy', file, '--json')).stdout)
  expect(checked).toMatchObject({ ok: true, policy: 'home', devices: 1, tests: 2 })
  const other = await run('init', '--yes', '--owner', 'ops', '--policy', named('home.policy.txt'))
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('.ts, .yaml or .json')])
  expect(existsSync(named('home.policy.txt'))).toBe(false)
})

test('at a terminal it asks six questions, takes what is suggested, and asks again where an answer is wrong', async () => {
  const file = named('asked.policy.ts')
  const line = [...cli, 'init', '--policy', file].map((word) => `'${word}'`).join(' ')
  const asked = await site.run('router', ['script', '-qec', line, '/dev/null'], {
    env: { ...ssh, TERM: 'dumb' },
    input: 'lava\nops@lava.example\nwan9\nwan0\n\n\n\n',
  })
  expect(asked.stdout).toContain('wan9 is no interface here; there is wlan0 (10.20.0.1, fd20::1)')
  expect(asked.stdout.match(/\? /g)).toHaveLength(7)
  expect(asked.status).toBe(0)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(
    "things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'] })",
  )
  expect(text).toContain("admin: ['10.30.0.5']")
})

test.each([
  [['--owner', 'x', '--uplink', 'nope'], '--uplink nope: nope is no interface here'],
  [['--owner', 'x', '--things', 'wlan0', '--trusted', 'wlan0'], 'wlan0 is named for two networks'],
  [['--owner', 'x', '--admin', '198.51.100.9'], '198.51.100.9 is on no trusted or guest network'],
  [[], '--owner is needed'],
])('init --yes %j stops', async (args, message) => {
  const { status, stderr } = await run('init', '--yes', '--policy', named('no.policy.ts'), ...args)
  expect(status).toBe(2)
  expect(stderr).toContain(message)
  expect(() => readFileSync(named('no.policy.ts'))).toThrow('ENOENT')
})

test('never writes over a file', async () => {
  const args = ['init', '--yes', '--owner', 'x', '--policy', named('twice.policy.ts')]
  await run(...args)
  const first = readFileSync(named('twice.policy.ts'), 'utf8')
  const again = await run(...args)
  expect(again.status).toBe(2)
  expect(again.stderr).toContain('is there already')
  expect(readFileSync(named('twice.policy.ts'), 'utf8')).toBe(first)
})
