/**
 * A trial after another program has taken our tables away, or changed them: what was confirmed is put back first, so that
 * the trial goes back to it and not to nothing. And what a dry run says, held against what the apply then does.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cli, root } from './program.ts'

const folder = '/run/thingwall-put-back'
const state = join(folder, 'state')

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
        interfaces: { eth0: { addresses: ['203.0.113.1/24', '203.0.113.3/24'] } },
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
  await site.must('router', ['nft', 'flush', 'ruleset'])
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  write('usual', '203.0.113.1')
  write('wider', '203.0.113.0/29')
})

function write(name: string, to: string): void {
  const document = {
    policy: 'site',
    owner: 'geo@volcano.example',
    networks: {
      things: { role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], isolation: 'access-point' },
      uplink: { role: 'uplink', interface: 'wan0' },
    },
    devices: {
      'vent-01': {
        mac: '24:6f:28:aa:00:01',
        ip: '10.20.0.11',
        rules: { alive: { allow: 'out', to, service: 'ping', why: 'whether the network is there' } },
      },
    },
  }
  writeFileSync(join(folder, `${name}.policy.json`), JSON.stringify(document))
}

interface Answer {
  readonly status: number | null
  readonly json: Record<string, unknown>
}

async function thingwall(verb: string, policy: string | null, ...args: readonly string[]): Promise<Answer> {
  const named = policy === null ? [] : ['--policy', join(folder, `${policy}.policy.json`)]
  const env = { SSH_CONNECTION: '', SUDO_USER: '' }
  const command = [...cli, verb, ...args, ...named, '--state', state, '--json'] as const
  const { status, stdout } = await site.run('router', command, { env, cwd: root })
  return { status, json: JSON.parse(stdout) }
}

const nft = (...args: readonly string[]): Promise<string> => site.must('router', ['nft', ...args])
const isReached = async (address: string): Promise<boolean> =>
  (await site.run('sensor', ['ping', '-c', '2', '-i', '0.2', '-W', '1', address])).status === 0
const reaches = async () => ({ usual: await isReached('203.0.113.1'), wider: await isReached('203.0.113.3') })

async function confirmed(): Promise<unknown> {
  const { status, json } = await thingwall('apply', 'usual', '--no-confirm')
  expect(status).toBe(0)
  return json['digest']
}

describe('another program', () => {
  test.each([
    ['took everything away', ['flush', 'ruleset']],
    ['took the table of ARP away', ['delete', 'table', 'arp', 'thingwall']],
    ['put a rule before ours', ['insert', 'rule', 'inet', 'thingwall', 'forward', 'accept']],
  ] as const)('%s: a trial goes back to what was confirmed, not to less', async (_, command) => {
    const usual = await confirmed()
    await nft(...command)
    const untouched = await nft('list', 'ruleset')
    const dry = await thingwall('apply', 'wider', '--dry-run', '--confirm-within', '1s')
    expect(dry).toMatchObject({ status: 0, json: { would: 'replaces', putBack: 1, changed: true } })
    expect(await nft('list', 'ruleset')).toBe(untouched)

    const { status, json } = await thingwall('apply', 'wider', '--confirm-within', '1h')
    expect({ status, json }).toMatchObject({
      status: 0,
      json: { putBack: 1, before: usual, trial: { returnsTo: { digest: usual, sequence: 1 } } },
    })
    expect(await reaches()).toEqual({ usual: true, wider: true })
    expect((await thingwall('rollback', null)).status).toBe(0)
    expect(await reaches()).toEqual({ usual: true, wider: false })
    expect((await thingwall('status', 'usual')).json).toMatchObject({
      digest: usual,
      integrity: { kind: 'intact' },
      isTimeless: false,
      file: { same: true },
    })
  })

  test('took everything away: nobody confirms, and the kernel alone goes back to what was confirmed', async () => {
    await confirmed()
    await nft('flush', 'ruleset')
    expect((await thingwall('apply', 'wider', '--confirm-within', '1s')).status).toBe(0)
    await expect
      .poll(() => nft('list', 'set', 'inet', 'thingwall', 'trial'), { timeout: 10_000 })
      .not.toContain('expires')
    expect(await reaches()).toEqual({ usual: true, wider: false })
  })

  test('took everything away: what was confirmed, applied once more, is only put back', async () => {
    const usual = await confirmed()
    await nft('flush', 'ruleset')
    expect(await thingwall('apply', 'usual')).toMatchObject({
      status: 0,
      json: { putBack: 1, sequence: 1, digest: usual, trial: null, changed: true },
    })
    expect(await reaches()).toEqual({ usual: true, wider: false })
  })

  test('took everything away, and what was confirmed cannot be read: no trial, and nothing changed', async () => {
    await confirmed()
    await nft('flush', 'ruleset')
    rmSync(join(state, 'applications/000001/policy.json.gz'))
    const { status, json } = await thingwall('apply', 'wider')
    expect({ status, json }).toMatchObject({ status: 1, json: { error: { code: 'TW4016' } } })
    expect(await nft('list', 'ruleset')).toBe('')
    expect((await thingwall('apply', 'wider', '--no-confirm')).status).toBe(0)
  })

  test('took everything away: a plan against nothing is refused, and says how to go on', async () => {
    await confirmed()
    await nft('flush', 'ruleset')
    const plan = join(folder, 'odd.plan')
    expect(await thingwall('plan', 'wider', '--out', plan)).toMatchObject({
      status: 0,
      json: { against: null, lost: 1, changed: true },
    })
    const { json } = await thingwall('apply', null, plan)
    expect(json).toMatchObject({ error: { code: 'TW4016', hint: expect.stringContaining('thingwall boot') } })
    expect(await nft('list', 'ruleset')).toBe('')
  })
})

test('a plan knows that another log group is something to do, though no flow is judged differently', async () => {
  await confirmed()
  expect(await thingwall('plan', 'usual', '--exit-code')).toMatchObject({
    status: 0,
    json: { changed: false, lost: null },
  })
  const other = await thingwall('plan', 'usual', '--exit-code', '--log', '7')
  expect(other).toMatchObject({ status: 3, json: { changed: true, changes: [], flows: { changes: [] } } })
  expect((await thingwall('apply', 'usual', '--log', '7')).json).toMatchObject({ changed: true, sequence: 2 })
})

describe('a dry run says what the apply then does', () => {
  const dry = (policy: string, ...args: readonly string[]): Promise<Answer> =>
    thingwall('apply', policy, '--dry-run', ...args)

  test('while something is on trial', async () => {
    const usual = await confirmed()
    const { json } = await thingwall('apply', 'wider', '--confirm-within', '1h')
    const { until } = json['trial'] as { readonly until: string }
    const running = { until, returnsTo: { digest: usual } }
    const before = await nft('-s', 'list', 'ruleset')

    expect((await dry('wider')).json).toMatchObject({ would: 'nothing', changed: false, trial: running })
    expect((await dry('wider', '--no-confirm')).json).toMatchObject({
      would: 'confirms',
      changed: true,
      trial: running,
    })
    expect((await dry('usual')).json).toMatchObject({ would: 'replaces', changed: true, trial: running })
    expect((await dry('wider', '--log', '7')).json).toMatchObject({ would: 'replaces', changed: true })
    const back = await thingwall('rollback', null, '--dry-run')
    expect(back.json).toMatchObject({ would: 'ends', digest: usual, sequence: 1 })
    expect(await nft('-s', 'list', 'ruleset')).toBe(before)

    expect((await thingwall('apply', 'wider')).json).toMatchObject({ changed: false, trial: running })
    expect((await thingwall('apply', 'wider', '--no-confirm')).json).toMatchObject({
      changed: true,
      trial: null,
    })
    expect((await dry('wider')).json).toMatchObject({ would: 'nothing', trial: null })
    expect((await thingwall('status', 'wider')).json).toMatchObject({ trial: null, file: { same: true } })
  }, 300_000)

  test('the end of a trial is the same at each look', async () => {
    const { json } = await thingwall('apply', 'wider', '--confirm-within', '10m')
    const { until } = json['trial'] as { readonly until: string }
    const looks = [await thingwall('status', 'wider'), await dry('wider'), await thingwall('status', 'wider')]
    expect(looks.map((look) => (look.json['trial'] as { readonly until: string }).until)).toEqual([
      until,
      until,
      until,
    ])
    const [newest] = (await thingwall('history', null)).json['applications'] as readonly Record<
      string,
      unknown
    >[]
    expect(newest?.['fate']).toEqual({ kind: 'on trial', until })
  })
})
