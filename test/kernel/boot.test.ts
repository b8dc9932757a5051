/**
 * A restart, as far as a network namespace can have one: the kernel forgets everything, the boot unit's script loads what
 * was kept, and `thingwall boot` brings back the rest. Real packets say what is in force. What needs a real boot (the
 * order of units, a power cut, a clock of 1970) is in `test/machine`.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cli, root } from './program.ts'

const boot = join(root, 'packaging/boot')
const folder = '/run/thingwall-boot'
const state = join(folder, 'state')
const policy = join(folder, 'site.policy.json')

const peers = {
  plain: '203.0.113.1',
  boxed: '203.0.113.3',
  never: '203.0.113.4',
  lifted: '203.0.113.5',
} as const
type Peer = keyof typeof peers

let site: Site
beforeAll(async () => {
  site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: { wlan0: { addresses: ['10.20.0.1/24'] }, wan0: { addresses: ['203.0.113.2/24'] } },
      },
      sensor: {
        interfaces: { eth0: { link: '24:6f:28:aa:00:01', addresses: ['10.20.0.11/24'] } },
        routes: [{ to: 'default', via: '10.20.0.1' }],
      },
      internet: {
        interfaces: { eth0: { addresses: Object.values(peers).map((address) => `${address}/24`) } },
        routes: [{ to: '10.20.0.0/24', via: '203.0.113.2' }],
      },
    },
    links: [
      ['router:wlan0', 'sensor:eth0'],
      ['router:wan0', 'internet:eth0'],
    ],
  })
  mkdirSync(folder)
  writeFileSync(policy, JSON.stringify(document))
})
afterAll(() => site.end())
beforeEach(async () => {
  await site.must('router', ['nft', 'flush', 'ruleset'])
  await site.must('router', ['rm', '-rf', state])
})

const rule = (effect: 'allow' | 'deny', to: string, more: object = {}) => ({
  [effect]: 'out',
  to,
  service: 'ping',
  why: 'whether the network is there at all',
  ...more,
})
const document = {
  policy: 'restarts',
  owner: 'geo@volcano.example',
  networks: {
    things: { role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], isolation: 'access-point' },
    uplink: { role: 'uplink', interface: 'wan0' },
  },
  devices: {
    'vent-01': {
      mac: '24:6f:28:aa:00:01',
      ip: '10.20.0.11',
      rules: {
        wide: rule('allow', '203.0.113.0/29'),
        never: rule('deny', peers.never),
        lifted: rule('deny', peers.lifted, { expires: '2030-01-01', onExpiry: 'lift' }),
      },
    },
  },
}

interface Answer {
  readonly status: number | null
  readonly json: Record<string, unknown>
}

async function thingwall(...args: readonly string[]): Promise<Answer> {
  const env = { SSH_CONNECTION: '', SUDO_USER: '' }
  const ended = await site.run('router', [...cli, ...args, '--state', state, '--json'], { env, cwd: root })
  return { status: ended.status, json: JSON.parse(ended.stdout) }
}

async function confirmed(given: object = document): Promise<void> {
  writeFileSync(policy, JSON.stringify(given))
  expect(await thingwall('apply', '--policy', policy)).toMatchObject({ status: 0 })
  expect(await thingwall('confirm')).toMatchObject({ status: 0 })
}

/** What a restart leaves of the kernel's state: nothing. */
async function restart(own = join(folder, 'none')): Promise<number | null> {
  await site.must('router', ['nft', 'flush', 'ruleset'])
  await site.run('router', ['conntrack', '-F'])
  await site.must('router', ['sh', '-c', 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose'])
  return (await site.run('router', [boot, state, join(root, 'packaging/closed.nft'), own])).status
}

async function reaches(): Promise<Readonly<Record<Peer, boolean>>> {
  const found = await Promise.all(
    Object.entries(peers).map(async ([name, address]) => {
      const { status } = await site.run('sensor', ['ping', '-c', '2', '-i', '0.2', '-W', '1', address])
      return [name, status === 0] as const
    }),
  )
  return Object.fromEntries(found) as Readonly<Record<Peer, boolean>>
}

/** The policy, with one more allow that ends; `boxed` is outside of what the others speak of. */
function boxed(expires: string): object {
  const own = document.devices['vent-01']
  const rules = {
    ...own.rules,
    wide: rule('allow', peers.plain),
    // The denies need something to deny.
    rest: rule('allow', '203.0.113.4/31'),
    boxed: rule('allow', peers.boxed, { expires }),
  }
  return { ...document, devices: { 'vent-01': { ...own, rules } } }
}

test('where nothing was confirmed, a restart changes nothing', async () => {
  expect(await thingwall('apply', '--policy', policy)).toMatchObject({ status: 0 })
  expect(await restart()).toBe(0)
  expect(await site.must('router', ['nft', 'list', 'ruleset'])).toBe('')
  expect(await thingwall('boot')).toMatchObject({ status: 0, json: { restored: null } })
})

describe('after a restart', () => {
  test('allows that end are off until the time is known, and denies are on', async () => {
    await confirmed(boxed('2030-01-01'))
    expect(await reaches()).toEqual({ plain: true, boxed: true, never: false, lifted: false })
    expect(await restart()).toBe(0)
    expect(await reaches()).toEqual({ plain: true, boxed: false, never: false, lifted: false })
    const loose = await site.must('router', ['cat', '/proc/sys/net/netfilter/nf_conntrack_tcp_loose'])
    expect(loose.trim()).toBe('0')
    expect((await thingwall('status')).json).toMatchObject({ inForce: true, isTimeless: true, sequence: 1 })

    const known = await thingwall('boot', '--trust-clock')
    expect(known).toMatchObject({ status: 0, json: { restored: 'restored', clock: { trusted: true } } })
    expect(await reaches()).toEqual({ plain: true, boxed: true, never: false, lifted: false })
    expect((await thingwall('status', '--policy', policy)).json).toMatchObject({
      isTimeless: false,
      integrity: { kind: 'intact' },
      file: { same: true },
      sequence: 1,
    })
    expect(await thingwall('boot', '--trust-clock')).toMatchObject({ json: { restored: 'already' } })
    expect(Object.keys((await thingwall('history')).json)).not.toHaveLength(0)
  })

  test('an allow that has ended meanwhile stays off', async () => {
    await confirmed(boxed('2030-01-01'))
    const later = new Date('2031-01-01').getTime()
    // The clock of this machine cannot be moved here; what was seen last can.
    writeFileSync(join(state, 'clock'), `${later}\n`)
    expect(await restart()).toBe(0)
    const early = await thingwall('boot')
    expect(early).toMatchObject({ status: 0, json: { clock: { lastSeen: later } } })
    expect((await reaches()).boxed).toBe((early.json['clock'] as { trusted: boolean }).trusted)
    expect((await reaches()).never).toBe(false)
  })

  test('what was only on trial does not come back, what was confirmed before it does', async () => {
    await confirmed()
    writeFileSync(policy, JSON.stringify(boxed('2030-01-01')))
    expect(await thingwall('apply', '--policy', policy, '--confirm-within', '1h')).toMatchObject({
      status: 0,
    })
    expect(await restart()).toBe(0)
    expect((await thingwall('status')).json).toMatchObject({ sequence: 1 })
    expect(await thingwall('boot', '--trust-clock')).toMatchObject({
      json: { sequence: 1, restored: 'restored' },
    })
    expect(await reaches()).toEqual({ plain: true, boxed: true, never: false, lifted: false })
  })

  test('a policy that nothing times is whole at once', async () => {
    const own = document.devices['vent-01']
    const { lifted: _, ...rules } = own.rules
    await confirmed({ ...document, devices: { 'vent-01': { ...own, rules } } })
    expect(await restart()).toBe(0)
    expect((await thingwall('status', '--policy', policy)).json).toMatchObject({
      isTimeless: false,
      integrity: { kind: 'intact' },
      file: { same: true },
    })
    expect(await reaches()).toEqual({ plain: true, boxed: true, never: false, lifted: true })
  })

  test.each([
    ['a folder', 'mkdir'],
    ['a pipe', 'mkfifo'],
  ])('a journal of bindings that is %s keeps no wall down, and is told', async (_, make) => {
    await confirmed(boxed('2030-01-01'))
    mkdirSync(join(state, 'gateway'), { recursive: true })
    await site.must('router', [make, join(state, 'gateway/bindings.journal')])
    // Somebody is there to mend it.
    writeFileSync(policy, JSON.stringify(boxed('2031-01-01')))
    expect(await thingwall('apply', '--policy', policy)).toMatchObject({
      json: { error: { code: 'TW4023' } },
    })
    expect((await thingwall('status')).json).toMatchObject({ trial: null, sequence: 1 })
    expect(await restart()).toBe(0)
    const back = await thingwall('boot', '--trust-clock')
    expect(back).toMatchObject({ status: 0, json: { restored: 'restored', sequence: 1 } })
    expect(back.json['unread']).toMatch(/bindings\.journal is not a file/)
    expect(await reaches()).toEqual({ plain: true, boxed: true, never: false, lifted: false })
    expect((await thingwall('status')).json).toMatchObject({ isTimeless: false })
  })

  test('somebody else’s rule set and a running trial are left alone', async () => {
    await confirmed()
    writeFileSync(policy, JSON.stringify(boxed('2030-01-01')))
    await thingwall('apply', '--policy', policy, '--confirm-within', '1h')
    expect(await thingwall('boot', '--trust-clock')).toMatchObject({ status: 0, json: { restored: 'other' } })
    expect((await thingwall('status')).json['trial']).not.toBeNull()
  })
})

describe('what was kept cannot be loaded', () => {
  const nothing = { plain: false, boxed: false, never: false, lifted: false }

  test.each([
    ['is damaged', () => appendFileSync(join(state, 'confirmed/boot.nft'), '\n')],
    ['is gone', () => site.must('router', ['rm', join(state, 'confirmed/boot.nft')])],
    ['is empty', () => writeFileSync(join(state, 'confirmed/boot.nft'), '')],
    ['leads nowhere', () => site.must('router', ['rm', '-r', join(state, 'applications/000001')])],
  ])('it %s: the machine is closed, and says so', async (what, harm) => {
    await confirmed()
    expect((await reaches()).plain).toBe(true)
    await harm()
    expect(await restart()).toBe(1)
    expect(await reaches()).toEqual(nothing)
    const { status } = await site.run('sensor', ['ping', '-c', '1', '-W', '1', '10.20.0.1'])
    expect(status).not.toBe(0)
    const back = await thingwall('boot', '--trust-clock')
    // Where the policy itself is there yet, it is put back and the closed wall taken away.
    const isMended = what !== 'leads nowhere'
    expect(back.json['restored']).toBe(isMended ? 'restored' : null)
    expect((await reaches()).plain).toBe(isMended)
    expect((await site.must('router', ['nft', 'list', 'tables'])).includes('thingwall_closed')).toBe(
      !isMended,
    )
  })

  test('the administrator may have written another wall for that', async () => {
    await confirmed()
    writeFileSync(join(state, 'confirmed/boot.nft'), 'no rule set')
    const own = join(folder, 'closed.nft')
    const shipped = readFileSync(join(root, 'packaging/closed.nft'), 'utf8')
    writeFileSync(
      own,
      shipped.replace('iif "lo" accept', 'iif "lo" accept\n\t\ticmp type echo-request accept'),
    )
    expect(await restart(own)).toBe(1)
    const { status } = await site.run('sensor', ['ping', '-c', '1', '-W', '1', '10.20.0.1'])
    expect(status).toBe(0)
    expect(await reaches()).toEqual(nothing)
    // One that cannot be loaded does not leave the machine open.
    writeFileSync(own, 'no rule set')
    expect(await restart(own)).toBe(1)
    expect(await reaches()).toEqual(nothing)
  })

  test('nothing can be loaded at all: nothing is forwarded', async () => {
    await confirmed()
    writeFileSync(join(state, 'confirmed/boot.nft'), '')
    await site.must('router', ['nft', 'flush', 'ruleset'])
    const none = join(folder, 'none')
    expect(existsSync(none)).toBe(false)
    expect((await site.run('router', [boot, state, none, none])).status).toBe(1)
    expect(await reaches()).toEqual(nothing)
    await site.must('router', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
  })
})
