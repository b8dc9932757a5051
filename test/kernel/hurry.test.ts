/**
 * What is decided in a hurry, on a router between real hosts: quarantine, release and allow reach the kernel at once,
 * end by the kernel's own clock, stand in the overlay where check, list and explain see them, and bring nothing along
 * that the policy file says and nobody has applied.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { cli } from './program.ts'

const policy = `policy: home
owner: ops@home.example
networks:
  things: { role: things, interface: wlan0, cidrs: 10.20.0.0/24, isolation: access-point }
  uplink: { role: uplink, interface: wan0 }
profiles:
  sensor:
    why: Sends readings
    rules:
      ping: { allow: out, to: 203.0.113.1, service: ping, why: Is the world there }
devices:
  vent: { profile: sensor, mac: '24:6f:28:aa:00:01', ip: 10.20.0.11 }
rules:
  never: { deny: both, who: any, peer: 203.0.113.66, why: Known for attacks }
`

let site: Site
let folder: string

beforeAll(async () => {
  site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: {
          wlan0: { addresses: ['10.20.0.1/24'] },
          wan0: { addresses: ['203.0.113.2/24'] },
        },
      },
      sensor: {
        interfaces: { eth0: { link: '24:6f:28:aa:00:01', addresses: ['10.20.0.11/24'] } },
        routes: [{ to: 'default', via: '10.20.0.1' }],
      },
      internet: {
        interfaces: { eth0: { addresses: ['203.0.113.1/24', '203.0.113.9/24', '203.0.113.66/24'] } },
        routes: [{ to: '10.20.0.0/24', via: '203.0.113.2' }],
      },
    },
    links: [
      ['router:wlan0', 'sensor:eth0'],
      ['router:wan0', 'internet:eth0'],
    ],
  })
})
afterAll(() => site.end())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-hurry-'))
  writeFileSync(named('home.policy.yaml'), policy)
  expect((await run('apply', '--no-confirm')).status).toBe(0)
})
afterEach(async () => {
  await site.run('router', ['nft', 'flush', 'ruleset'])
  rmSync(folder, { recursive: true, force: true })
})

const named = (name: string): string => join(folder, name)
const overlay = (): string => readFileSync(named('home.overlay.yaml'), 'utf8')

function run(verb: string, ...args: readonly string[]): ReturnType<Site['run']> {
  const state = ['check', 'explain', 'list'].includes(verb) ? [] : ['--state', named('state')]
  return site.run('router', [...cli, verb, ...args, '--policy', named('home.policy.yaml'), ...state])
}
async function reaches(address: string): Promise<boolean> {
  return (await site.run('sensor', ['ping', '-c1', '-W1', address])).status === 0
}
async function verdict(to: string): Promise<string> {
  const said = JSON.parse((await run('explain', '--from', 'vent', '--to', to, '--json')).stdout)
  return `${said.verdict} ${said.rule?.id ?? said.because}`
}

test('a device is put in quarantine, let out for a while, comes back by itself, and is let out for good', async () => {
  expect(await reaches('203.0.113.1')).toBe(true)
  // A reason that would turn the line around is refused, and leaves nothing behind.
  const turned = await run('quarantine', 'vent', '--why', 'Scans\u202e the station', '--ticket', 'INC-1')
  expect([turned.status, existsSync(named('home.overlay.yaml'))]).toEqual([1, false])
  const really = await run('quarantine', 'vent', '--why', 'Scans the "station"', '--ticket', 'INC-1')
  expect([really.status, really.stdout]).toEqual([0, expect.stringContaining('in quarantine: vent')])
  expect(await reaches('203.0.113.1')).toBe(false)
  expect(overlay()).toMatch(/quarantine:\n {2}vent:\n {4}why: .*Scans the "station"/)
  expect(await verdict('203.0.113.1:ping')).toBe('deny quarantine/vent')
  const listed = JSON.parse((await run('list', 'rules', '--json')).stdout)
  expect(JSON.stringify(listed)).toContain('home.overlay.yaml')

  const out = await run('release', 'vent', '--for', '20s', '--why', 'The vendor looks at it', '--json')
  expect([out.status, out.stderr]).toEqual([0, expect.any(String)])
  expect(await reaches('203.0.113.1')).toBe(true)
  expect(JSON.parse((await run('check', '--json')).stdout).diagnostics).toMatchObject([{ code: 'TW2018' }])
  await sleep(Date.parse(JSON.parse(out.stdout).until) - Date.now() + 1100)
  expect(await reaches('203.0.113.1')).toBe(false)

  expect((await run('release', 'vent', '--why', 'It was the vendor')).status).toBe(0)
  expect(await reaches('203.0.113.1')).toBe(true)
  expect(overlay()).not.toContain('vent')
})

test('one flow is allowed for a while, and says how to make it last', async () => {
  expect(await reaches('203.0.113.9')).toBe(false)
  const done = await run(
    'allow',
    '--from',
    'vent',
    '--to',
    '203.0.113.9:ping',
    '--for',
    '15s',
    '--why',
    'A test',
  )
  expect([done.status, done.stdout]).toEqual([0, expect.stringContaining('To make it last, in the policy:')])
  expect(await reaches('203.0.113.9')).toBe(true)
  expect(await verdict('203.0.113.9:ping')).toBe('allow hurry-vent')
  const until = /^ {4}expires: (.*)$/m.exec(overlay())?.[1] ?? ''
  await sleep(Date.parse(until) - Date.now() + 1100)
  expect(await reaches('203.0.113.9')).toBe(false)
  const lasting = done.stdout.slice(done.stdout.indexOf('rules:')).replace(/^ {2}/gm, '')
  writeFileSync(named('home.policy.yaml'), policy.replace(/^rules:\n/m, lasting))
  rmSync(named('home.overlay.yaml'))
  expect((await run('apply', '--no-confirm')).status).toBe(0)
  expect(await reaches('203.0.113.9')).toBe(true)
})

test('what the file says and nobody applied stays out', async () => {
  writeFileSync(
    named('home.policy.yaml'),
    policy.replace('to: 203.0.113.1,', 'to: [203.0.113.1, 203.0.113.9],'),
  )
  expect((await run('quarantine', 'vent', '--for', '1h', '--why', 'Odd')).status).toBe(0)
  expect((await run('release', 'vent', '--why', 'Not odd')).status).toBe(0)
  expect(await reaches('203.0.113.1')).toBe(true)
  expect(await reaches('203.0.113.9')).toBe(false)
})

test.each([
  [
    ['allow', '--from', 'vent', '--to', '203.0.113.66:443/tcp', '--for', '1h', '--why', 'x y'],
    1,
    'no allow can win',
  ],
  [['allow', '--from', 'vent', '--to', '203.0.113.9:443/tcp', '--why', 'x y'], 2, '--for is missing'],
  [['allow', '--from', 'vent', '--to', '203.0.113.9:443/tcp', '--for', '90d', '--why', 'x'], 2, 'at most 7d'],
  [['allow', '--from', 'vent', '--to', '203.0.113.9:443/tcp', '--for', '1h'], 2, '--why is missing'],
  [['quarantine', 'ven', '--why', 'x y'], 1, 'did you mean vent'],
  [['release', 'vent', '--why', 'x y'], 1, 'not in quarantine'],
] as const)('%j stops, and nothing is written', async (args, status, message) => {
  const [verb, ...rest] = args
  const ended = await run(verb, ...rest)
  expect([ended.status, ended.stderr.replace(/\s+/g, ' ')]).toEqual([
    status,
    expect.stringContaining(message),
  ])
  expect(existsSync(named('home.overlay.yaml'))).toBe(false)
})

test('a device is held and let out whatever tests of the policy say of it, or a date has made of them', async () => {
  const soon = new Date(Date.now() + 8000).toISOString().replace(/\.\d+Z$/, 'Z')
  const tests = `tests:
  - { from: vent, to: '203.0.113.1:ping', expect: allow }
  - { from: vent, to: '203.0.113.9:ping', expect: allow }
  - { from: vent, to: '203.0.113.8:ping', expect: deny }
`
  const trial = `  trial: { allow: out, who: vent, to: 203.0.113.9, service: ping, expires: '${soon}', why: The fitters }
`
  writeFileSync(named('home.policy.yaml'), `${policy}${trial}${tests}`)
  expect((await run('apply', '--no-confirm')).status).toBe(0)
  await sleep(Date.parse(soon) - Date.now() + 1000)
  // What is applied anew has to hold to its tests, and so has what opens something in a hurry.
  expect((await run('apply', '--no-confirm')).stderr).toContain('TW2014')
  const opened = await run(
    'allow',
    '--from',
    'vent',
    '--to',
    '203.0.113.8:ping',
    '--for',
    '1h',
    '--why',
    'x y',
  )
  expect([opened.status, opened.stderr]).toEqual([1, expect.stringContaining('TW2014')])

  const held = await run('quarantine', 'vent', '--why', 'Scans the station')
  expect([held.status, held.stderr]).toEqual([0, expect.stringContaining('TW2020')])
  expect(await reaches('203.0.113.1')).toBe(false)
  expect((await run('release', 'vent', '--why', 'It was the fitters')).status).toBe(0)
  expect(await reaches('203.0.113.1')).toBe(true)
  const back = ['rollback', '2', '--no-confirm', '--state', named('state')]
  expect(await site.run('router', [...cli, ...back])).toMatchObject({ status: 0 })
})

test('a quarantine that the policy itself holds is let out for a while only', async () => {
  writeFileSync(named('home.policy.yaml'), `${policy}quarantine:\n  vent: { why: Bought second hand }\n`)
  expect((await run('apply', '--no-confirm')).status).toBe(0)
  const ended = await run('release', 'vent', '--why', 'x y')
  expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('home.policy.yaml:16')])
  expect((await run('release', 'vent', '--for', '1h', '--why', 'x y')).status).toBe(0)
  expect(await reaches('203.0.113.1')).toBe(true)
})
