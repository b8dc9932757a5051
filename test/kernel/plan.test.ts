/**
 * `thingwall plan` against what is in force in a real kernel, and `thingwall apply PLAN`: exactly what was planned, or
 * nothing, with the code that says why.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventFolder, type Happening, nowhere, openSqliteStore } from '@thingwall/gateway'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { type Address, parseAddress } from '@thingwall/policy'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { volcano } from '../cli/program.ts'
import { cli } from './program.ts'

const wider = volcano.replace("service: 'https', why", "service: ['https', 'mqtts'], why")
const silent = volcano.replace(/ {4}readings: .*\n/, '').replace(/ {4}test\.allows.*\n/, '')

let site: Site
let folder: string
let folders = 0

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
      },
      sensor: { interfaces: { eth0: { link: '24:6f:28:aa:00:01', addresses: ['10.20.0.11/24'] } } },
      laptop: { interfaces: { eth0: { addresses: ['10.30.0.5/24'] } } },
      internet: { interfaces: { eth0: { addresses: ['203.0.113.1/24'] } } },
    },
    links: [
      ['router:wlan0', 'sensor:eth0'],
      ['router:lan0', 'laptop:eth0'],
      ['router:wan0', 'internet:eth0'],
    ],
  })
})
beforeEach(() => {
  folders += 1
  folder = `/run/thingwall-plan-${folders}`
  mkdirSync(folder)
  write(volcano)
})
afterEach(() => site.must('router', ['nft', 'flush', 'ruleset']))
afterAll(() => site.end())

function write(policy: string): void {
  writeFileSync(join(folder, 'thingwall.policy.ts'), policy)
}

interface Answer {
  readonly status: number | null
  readonly json: Readonly<Record<string, unknown>>
}

/** The command line on the router, in the folder of the policy, and what it answered. */
async function thingwall(...args: readonly string[]): Promise<Answer> {
  const command = [...cli, ...args, '--state', join(folder, 'state'), '--json'] as const
  const env = { SSH_CONNECTION: '', SUDO_USER: '' }
  const { status, stdout, stderr } = await site.run('router', command, { env, cwd: folder })
  expect(stderr).toBe('')
  return { status, json: JSON.parse(stdout) }
}

const apply = (...args: readonly string[]): Promise<Answer> => thingwall('apply', '--no-confirm', ...args)
const inForce = async (): Promise<unknown> => (await thingwall('status')).json.digest

describe('what would change', () => {
  test('with nothing in force all is new; with the same in force nothing is; with another that is told', async () => {
    const first = await thingwall('plan', '--exit-code')
    expect(first).toMatchObject({ status: 3, json: { changed: true, against: null, flows: null } })
    const { digest, sequence } = (await apply()).json
    expect(await thingwall('plan', '--exit-code')).toMatchObject({
      status: 0,
      json: { changed: false, against: { sequence, digest }, changes: [], flows: { changes: [] } },
    })
    write(wider)
    const { status, json } = await thingwall('plan', '--exit-code')
    expect(status).toBe(3)
    expect(json).toMatchObject({
      changes: [{ kind: 'changed', name: 'seismometer/readings' }],
      flows: {
        changes: [{ words: 'profile seismometer (2 devices) may now open 8883/tcp to api.volcano.example' }],
      },
    })
    expect(await inForce()).toBe(digest)
  })

  test('what the gateway recorded of the last days would be cut', async () => {
    await apply()
    write(silent)
    expect((await thingwall('plan')).json.recorded).toBeNull()
    const store = openSqliteStore({
      folder: eventFolder(join(folder, 'state')),
      keepHours: 240,
      maxBytes: 1 << 30,
    })
    const at = Date.now()
    await store.append([opened('192.0.2.80', at - 60_000), opened('192.0.2.80', at - 30_000)], at)
    await store.close()
    const { json } = await thingwall('plan')
    expect(json.recorded).toMatchObject({
      undecided: 0,
      cuts: [
        {
          from: 'vent-01',
          to: 'api.volcano.example',
          service: '443/tcp',
          count: 2,
          rule: 'default/deny',
          before: 'seismometer/readings',
        },
      ],
    })
  })

  test('a policy that apply would refuse: 1', async () => {
    write(volcano.replace("test.denies('vent-01', '10.30", "test.allows('vent-01', '10.30"))
    expect((await thingwall('plan')).status).toBe(1)
  })
})

function opened(destination: string, at: number): Happening {
  const address = (text: string): Address => parseAddress(text) as Address
  return {
    kind: 'opened',
    at,
    until: at,
    rule: 'seismometer/readings',
    source: { ...nowhere, address: address('10.20.0.11'), port: 49_152, device: 'vent-01' },
    destination: { ...nowhere, address: address(destination), port: 443, name: 'api.volcano.example' },
    translated: { source: null, destination: null },
    etherType: 0x0800,
    protocol: 6,
    icmpType: null,
    link: null,
    ingress: 'wlan0',
    count: 1,
    sent: { packets: 0, bytes: 0 },
    answered: { packets: 0, bytes: 0 },
    isGathered: false,
  }
}

describe('apply PLAN', () => {
  test('does exactly what was planned, whatever the policy file says by now', async () => {
    expect((await thingwall('plan', '--out', 'first.plan')).json).toMatchObject({ out: 'first.plan' })
    write(wider)
    expect((await apply('first.plan')).json).toMatchObject({ changed: true, sequence: 1 })
    expect(await thingwall('status')).toMatchObject({ status: 1, json: { file: { same: false } } })
    write(volcano)
    expect(await thingwall('status')).toMatchObject({ status: 0, json: { file: { same: true } } })
  })

  test('on trial as any other, and after a dry run that changes nothing', async () => {
    await apply()
    write(wider)
    await thingwall('plan', '--out', 'wider.plan')
    const before = await inForce()
    expect((await thingwall('apply', 'wider.plan', '--dry-run')).status).toBe(0)
    expect(await inForce()).toBe(before)
    const { json } = await thingwall('apply', 'wider.plan', '--confirm-within', '10m')
    expect(json).toMatchObject({ sequence: 2, trial: expect.anything() })
    expect((await thingwall('confirm')).status).toBe(0)
    expect(await inForce()).toBe(json.digest)
  })

  test('refuses where something else is in force than the plan was made against: TW4030', async () => {
    await apply()
    write(wider)
    await thingwall('plan', '--out', 'wider.plan')
    write(silent)
    await apply()
    const before = await inForce()
    for (const args of [[], ['--dry-run']]) {
      const { status, json } = await apply('wider.plan', ...args)
      expect({ status, json }).toMatchObject({ status: 1, json: { error: { code: 'TW4030' } } })
    }
    expect(await inForce()).toBe(before)
    await site.must('router', ['nft', 'flush', 'ruleset'])
    expect((await apply('wider.plan')).json).toMatchObject({ error: { code: 'TW4030' } })
    expect(await site.must('router', ['nft', 'list', 'ruleset'])).toBe('')
  })

  test('refuses a plan that says something else than it did, or that is none', async () => {
    await thingwall('plan', '--out', 'first.plan')
    const plan = JSON.parse(readFileSync(join(folder, 'first.plan'), 'utf8'))
    const refusals: readonly (readonly [string, unknown, number, string])[] = [
      ['edited', { ...plan, document: { ...plan.document, devices: {} } }, 1, 'policy'],
      ['narrower', { ...plan, document: { ...plan.document, rules: {} } }, 1, 'TW4031'],
      ['hostile', { ...plan, document: { ...plan.document, name: '"; flush ruleset #' } }, 1, 'policy'],
      ['older', { ...plan, version: 0 }, 2, 'TW4032'],
      ['without a base', { ...plan, base: { sequence: '1', digest: plan.artifact } }, 2, 'TW4032'],
      ['a list', [plan], 2, 'TW4032'],
    ]
    for (const [name, value, status, code] of refusals) {
      writeFileSync(join(folder, 'odd.plan'), JSON.stringify(value))
      const answer = await apply('odd.plan')
      expect({ name, ...answer }).toMatchObject({ name, status, json: { error: { code } } })
    }
    expect((await apply('thingwall.policy.ts')).status).toBe(2)
    expect((await apply('first.plan', '--policy', 'thingwall.policy.ts')).status).toBe(2)
    expect(await site.must('router', ['nft', 'list', 'ruleset'])).toBe('')
  })
})
