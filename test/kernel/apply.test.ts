/**
 * The enforcement point against the real kernel, and `thingwall apply` and `status` on a router between real hosts:
 * idempotence, what is refused, what becomes of the connection it was called from, other programs' tables, replaces
 * under traffic, and a disk that is full at the worst moment. In one file, because the site is built once for all.
 */
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, type NftablesPoint, openNftablesPoint } from '@thingwall/gateway'
import { buildSite, type Site } from '@thingwall/gateway/lab'
import { type Artifact, allow, compileFor, deny, lower, network, policy, validate } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { enforcementPointContract, order } from '../contracts/enforcement-point.ts'
import { cli, node, root } from './program.ts'

const volcano = join(root, 'examples/volcano/thingwall.policy.ts')
const terminal = join(import.meta.dirname, 'fixtures/terminal.ts')

let site: Site
let machine: Machine
let states = 0

beforeAll(async () => {
  site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: {
          wlan0: { addresses: ['10.20.0.1/24', 'fd20::1/64'] },
          lan0: { addresses: ['10.30.0.1/24', 'fd30::1/64'] },
          wan0: { addresses: ['203.0.113.2/24', '2001:db8::2/64'] },
        },
      },
      laptop: {
        interfaces: {
          eth0: { link: '02:00:00:00:30:05', addresses: ['10.30.0.5/24', '10.30.0.7/24', 'fd30::5/64'] },
        },
        routes: [{ to: 'default', via: '10.30.0.1' }],
      },
      sensor: { interfaces: { eth0: { link: '24:6f:28:aa:00:01', addresses: ['10.20.0.11/24'] } } },
      internet: {
        interfaces: { eth0: { addresses: ['203.0.113.1/24'] } },
        routes: [{ to: '10.30.0.0/24', via: '203.0.113.2' }],
      },
    },
    links: [
      ['router:wlan0', 'sensor:eth0'],
      ['router:lan0', 'laptop:eth0'],
      ['router:wan0', 'internet:eth0'],
    ],
  })
  machine = machineOf('router')
})
afterEach(async () => {
  await nft('flush', 'ruleset')
  await site.run('router', ['conntrack', '-F'])
})
afterAll(() => site.end())

/** A host of the site as the machine that the gateway acts on. */
function machineOf(host: string): Machine {
  return {
    run: async (program, args) => {
      const result = await site.run(host, [program, ...args], { env: { LC_ALL: 'C', TZ: 'UTC' } })
      return { ...result, isMissing: false }
    },
    read: async (path) => {
      const { status, stdout } = await site.run(host, ['cat', path])
      return status === 0 ? stdout : null
    },
    write: async (path, text) => (await site.run(host, ['tee', path], { input: text })).status === 0,
    links: async () => [],
  }
}

function nft(...args: readonly string[]): Promise<string> {
  return site.must('router', ['nft', ...args])
}

function freshState(): string {
  states += 1
  return `/run/thingwall-state-${states}`
}

/** The command line on the router, and what it answered. */
async function thingwall(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ status: number | null; json: Record<string, unknown> & { diagnostics: { code: string }[] } }> {
  const variables = { SSH_CONNECTION: '', SUDO_USER: '', ...env }
  const { status, stdout, stderr } = await site.run('router', [...cli, ...args, '--json'], {
    env: variables,
    cwd: root,
  })
  expect(stderr).toBe('')
  return { status, json: JSON.parse(stdout) }
}

function artifactOf(rule: 'closed' | 'open'): Artifact {
  const [document] = validate(
    policy('contract', {
      owner: 'tests@volcano.example',
      networks: {
        lan: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24'] }),
        wan: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
      },
      devices: {},
      rules:
        rule === 'closed'
          ? { telnet: deny.out({ who: 'lan', to: 'any', service: '23/tcp', why: 'Not in this century' }) }
          : { admin: allow.in({ who: 'gateway', from: 'lan', service: '22/tcp', why: 'Everybody, today' }) },
    }),
  )
  const [ruleset] = lower(document as NonNullable<typeof document>)
  const [artifact] = compileFor(nftables, ruleset as NonNullable<typeof ruleset>, {})
  return artifact as Artifact
}

function open(state: string = freshState(), on: Machine = machine): Promise<NftablesPoint> {
  return openNftablesPoint({ machine: on, state })
}

enforcementPointContract('nftables', async () => ({
  point: await open(),
  artifacts: {
    first: artifactOf('closed'),
    second: artifactOf('open'),
    broken: {
      ...artifactOf('open'),
      digest: '0'.repeat(32),
      text: artifactOf('open').text.replace('chain tracked {\n', '$&\t\tjump nowhere\n'),
    },
  },
  tamper: async () => {
    await nft('insert', 'rule', 'inet', 'thingwall', 'forward', 'accept')
  },
  flush: async () => {
    await nft('flush', 'ruleset')
  },
  end: async () => {
    await nft('flush', 'ruleset')
  },
}))

describe('in the kernel', () => {
  test('what is dumped loads again and is the same', async () => {
    await (await open()).apply(artifactOf('open'), order)
    const dump = await nft('-s', 'list', 'ruleset')
    await nft('flush', 'ruleset')
    await site.must('router', ['nft', '-f', '-'], { input: dump })
    expect(await nft('-s', 'list', 'ruleset')).toBe(dump)
  })

  test('elements added by hand show, those that come and go by themselves do not', async () => {
    const point = await open()
    await point.apply(artifactOf('open'), order)
    await nft(
      'add',
      'element',
      'inet',
      'thingwall',
      'a/bound/lan/4',
      '{ 02:00:00:00:00:09 . 10.30.0.9 timeout 1h }',
    )
    expect((await point.read()).integrity.kind).toBe('intact')
    await nft('add', 'element', 'inet', 'thingwall', 'a/bound/lan/4', '{ 02:00:00:00:00:08 . 10.30.0.8 }')
    expect((await point.read()).integrity).toEqual({
      kind: 'changed',
      changes: ['set inet bound/lan/4 has other elements'],
    })
  })

  test('a table taken away alone shows', async () => {
    const point = await open()
    await point.apply(artifactOf('open'), order)
    await nft('delete', 'table', 'arp', 'thingwall')
    expect(await point.read()).toMatchObject({
      digest: null,
      integrity: { kind: 'changed', changes: ['only table inet thingwall is there'] },
    })
  })

  test('tables of other programs are not touched; their drops are shown', async () => {
    await nft(
      'add table inet other; add chain inet other calls; add rule inet other calls tcp dport 23 reject',
    )
    await nft('add chain inet other hooked { type filter hook forward priority 10; policy accept; }')
    await nft('add rule inet other hooked jump calls')
    await nft('add chain inet other input { type filter hook input priority 5; policy drop; }')
    await nft('add rule inet other input counter accept')
    await nft('add chain inet other harmless { type filter hook output priority 5; policy accept; }')
    const before = await nft('-s', 'list', 'table', 'inet', 'other')
    const point = await open()
    await point.apply(artifactOf('open'), order)
    await point.apply(artifactOf('closed'), order)
    expect(await nft('-s', 'list', 'table', 'inet', 'other')).toBe(before)
    const common = { kind: 'drop', family: 'inet', table: 'other' }
    expect((await point.surroundings()).foreign).toEqual([
      { ...common, chain: 'hooked', hook: 'forward', priority: 10, drops: 'rules' },
      { ...common, chain: 'input', hook: 'input', priority: 5, drops: 'policy' },
    ])
  })

  test('counters are told by rule', async () => {
    const point = await open()
    await point.apply(artifactOf('open'), order)
    await site.run('laptop', ['ping', '-c', '2', '-W', '1', '203.0.113.1'])
    const { counters } = await point.surroundings()
    expect(counters.find(({ rule }) => rule === 'default/trusted-to-uplink')?.packets).toBe(1)
  })

  test('replaces under traffic lose nothing of what is open, and let in nothing that is refused', async () => {
    const point = await open()
    await point.apply(artifactOf('open'), order)
    const flood = (host: string, to: string, everySeconds: string, packets: number) =>
      site.run(host, ['ping', '-q', '-i', everySeconds, '-c', String(packets), '-W', '1', to])
    let replaces = 0
    // As many rounds as a busy machine needs.
    while (replaces < 6) {
      const allowed = flood('laptop', '203.0.113.1', '0.001', 3000)
      const refused = flood('internet', '10.30.0.5', '0.01', 300)
      let isOver = false
      void allowed.then(() => {
        isOver = true
      })
      for (; !isOver; replaces++) {
        await point.apply(artifactOf(replaces % 2 === 0 ? 'closed' : 'open'), order)
      }
      expect((await allowed).stdout).toMatch(/3000 packets transmitted, 3000 received/)
      expect((await refused).stdout).toMatch(/300 packets transmitted, 0 received/)
    }
  })

  test('what cannot be changed in place is made anew', async () => {
    const point = await open()
    await point.apply(artifactOf('open'), order)
    await nft(
      'delete table inet thingwall; add table inet thingwall; add set inet thingwall live { type ipv4_addr; }',
    )
    expect(await point.apply(artifactOf('closed'), order)).toMatchObject({ changed: true, before: null })
    expect(await point.read()).toMatchObject({
      digest: artifactOf('closed').digest,
      integrity: { kind: 'intact' },
    })
  })

  test('after however many replaces the kernel holds one generation, and the same as after the first', async () => {
    const point = await open()
    const compiled = (dump: string): readonly string[] =>
      dump
        .replaceAll(/(?<=[\s@"])[a-z]\//g, '')
        .replaceAll(/chain digest\/[0-9a-f]{32}\/\d+/g, 'chain digest')
        .split('\n')
        .sort()
    await point.apply(artifactOf('closed'), order)
    const once = await nft('-s', 'list', 'ruleset')
    await point.apply(artifactOf('open'), order)
    await point.apply(artifactOf('closed'), order)
    const then = await nft('-s', 'list', 'ruleset')
    expect(then).not.toBe(once)
    expect(compiled(then)).toEqual(compiled(once))
  })
})

describe('the state folder', () => {
  const tmpfs = async (sizeBytes: number): Promise<string> => {
    const folder = freshState()
    await site.must('router', ['mkdir', folder])
    await site.must('router', ['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder])
    return folder
  }

  test('one that cannot be written stops an apply while nothing has changed', async () => {
    const point = await open('/proc/version/state')
    await expect(point.apply(artifactOf('open'), order)).rejects.toMatchObject({ code: 'TW4008' })
    expect((await point.read()).digest).toBeNull()
  })

  test('a full disk stops an apply, and what was in force is told as before', async () => {
    const folder = await tmpfs(256 * 1024)
    const point = await open(folder)
    await point.apply(artifactOf('open'), order)
    const before = await point.read()
    await site.run('router', ['dd', 'if=/dev/zero', `of=${folder}/ballast`, 'bs=4096'])
    await expect(point.apply(artifactOf('closed'), order)).rejects.toMatchObject({ code: 'TW4008' })
    expect(await point.read()).toEqual(before)
    await site.must('router', ['umount', folder])
  })

  test('a disk that fails right after the load: in force, said so, and still told by its digest', async () => {
    const folder = await tmpfs(256 * 1024)
    const failing: Machine = {
      ...machine,
      run: async (program, args) => {
        const ended = await machine.run(program, args)
        if (args[0] === '-f') await site.must('router', ['mount', '-o', 'remount,ro', folder])
        return ended
      },
    }
    await (await open(folder)).apply(artifactOf('open'), order)
    const applied = await (await open(folder, failing)).apply(artifactOf('closed'), order)
    expect(applied.diagnostics.map(({ code }) => code)).toEqual(['TW4012'])
    const point = await open(folder)
    const { digest, record, integrity, last } = await point.read()
    expect(digest).toBe(artifactOf('closed').digest)
    expect(record).toMatchObject({ sequence: 2, digest })
    expect(integrity.kind).toBe('unknown')
    expect(last).toBeNull()
    const fates = async () => (await point.history()).map(({ fate }) => fate.kind)
    expect(await fates()).toEqual(['in force', 'replaced'])
    await site.must('router', ['mount', '-o', 'remount,rw', folder])
    await point.tidy()
    expect(await fates()).toEqual(['in force', 'replaced'])
    expect(await point.generations()).toHaveLength(1)
    await site.must('router', ['umount', folder])
  })

  test('who may not write the records tidies the kernel alone, but for what tells of an apply that was ended', async () => {
    for (const isEnded of [false, true]) {
      const state = freshState()
      const [whole, gateway] = [
        await open(state),
        await openNftablesPoint({ machine, state, writer: 'gateway' }),
      ]
      await whole.apply(artifactOf('open'), order)
      const before = await nft('--terse', 'list', 'ruleset')
      await whole.apply(artifactOf('closed'), { ...order, at: Date.now(), confirmWithinMs: 1000 })
      const own = join(state, 'applications/000002')
      // Killed between the load and its record.
      if (isEnded) renameSync(join(own, 'story.json'), join(own, '.story.json.new'))
      await expect.poll(async () => (await whole.read()).trial, { timeout: 30_000 }).toBeNull()
      const after = await nft('--terse', 'list', 'ruleset')
      expect(await gateway.tidy()).toBe(!isEnded)
      expect(await nft('--terse', 'list', 'ruleset')).toBe(isEnded ? after : before)
      expect((await whole.history()).map(({ fate }) => fate.kind)).toEqual(['reverted', 'in force'])
      expect(await gateway.tidy()).toBe(false)
      expect(await whole.tidy()).toBe(isEnded)
      expect((await whole.history()).map(({ fate }) => fate.kind)).toEqual(['reverted', 'in force'])
      expect(await nft('--terse', 'list', 'ruleset')).toBe(before)
      await nft('flush', 'ruleset')
    }
  })
})

describe('the command line', () => {
  const applying = ['apply', '--no-confirm', '--policy', volcano] as const

  test('applies, says so the second time, and status tells the same', async () => {
    const state = freshState()
    const first = await thingwall([...applying, '--state', state], { SUDO_USER: 'ada' })
    expect(first).toMatchObject({ status: 0, json: { ok: true, changed: true, before: null, devices: 4 } })
    const second = await thingwall([...applying, '--state', state])
    expect(second).toMatchObject({ status: 0, json: { changed: false, digest: first.json.digest } })
    const status = await thingwall(['status', '--policy', volcano, '--state', state])
    expect(status).toMatchObject({
      status: 0,
      json: {
        inForce: true,
        digest: first.json.digest,
        by: expect.stringContaining('ada'),
        since: first.json.at,
        integrity: { kind: 'intact' },
        file: { same: true },
      },
    })
  })

  test('a dry run changes nothing', async () => {
    const state = freshState()
    const { status, json } = await thingwall([...applying, '--state', state, '--dry-run'])
    expect({ status, changed: json.changed }).toEqual({ status: 0, changed: true })
    expect(await nft('list', 'ruleset')).toBe('')
  })

  test('status: 1 when nothing is in force or somebody changed it, 3 with --exit-code when apply is due', async () => {
    const state = ['--policy', volcano, '--state', freshState()]
    expect((await thingwall(['status', ...state])).status).toBe(1)
    expect((await thingwall(['status', ...state, '--exit-code'])).status).toBe(3)
    await thingwall(['apply', '--no-confirm', ...state])
    await nft('add', 'rule', 'inet', 'thingwall', 'forward', 'accept')
    const { status, json } = await thingwall(['status', ...state, '--exit-code'])
    expect(status).toBe(1)
    expect(json.integrity).toEqual({ kind: 'changed', changes: ['chain inet forward was changed'] })
  })

  test('refuses an interface that is up and no network names', async () => {
    await site.must('router', ['ip', 'link', 'add', 'dmz0', 'type', 'veth', 'peer', 'name', 'dmz1'])
    await site.must('router', ['ip', 'address', 'add', '192.168.7.1/24', 'dev', 'dmz0'])
    await site.must('router', ['ip', 'link', 'set', 'dmz0', 'up'])
    const { status, json } = await thingwall([...applying, '--state', freshState()])
    await site.must('router', ['ip', 'link', 'delete', 'dmz0'])
    expect(status).toBe(1)
    const refusal = json.diagnostics.find(({ code }) => code === 'TW4004')
    expect(refusal).toMatchObject({
      value: 'dmz0',
      hint: expect.stringContaining("cidrs: ['192.168.7.0/24']"),
    })
    expect(await nft('list', 'ruleset')).toBe('')
  })

  test.each([
    ['an administrator', '10.30.0.5 5555 10.30.0.1 22', 0],
    ['a laptop that is none', '10.30.0.7 5555 10.30.0.1 22', 1],
    ['an administrator, to another port', '10.30.0.5 5555 10.30.0.1 2222', 1],
    ['somebody on the uplink', '203.0.113.1 5555 203.0.113.2 22', 1],
    ['a sensor', '10.20.0.11 5555 10.20.0.1 22', 1],
    ['a connection to another machine', '10.30.0.7 5555 192.0.2.1 22', 0],
  ])('called over SSH by %s', async (_, connection, expected) => {
    for (const host of ['10.20.0.11', '10.30.0.5'])
      await site.run('router', ['ping', '-c', '1', '-W', '1', host])
    const args = [...applying, '--state', freshState()]
    const { status, json } = await thingwall(args, { SSH_CONNECTION: connection })
    expect(status).toBe(expected)
    expect(json.diagnostics.some(({ code }) => code === 'TW4006')).toBe(expected === 1)
    expect((await nft('list', 'tables')).includes('thingwall')).toBe(expected === 0)
  })
})

describe('a real connection, found without the help of SSH', () => {
  const port = '22'

  /** What came back; a session that is cut gives nothing more, and ends when the time is over. */
  async function session(
    from: string,
    lines: readonly string[],
    withinMs = 60_000,
  ): Promise<readonly string[]> {
    const server = site.spawn('router', [...node, terminal, 'serve', port, ...cli], { cwd: root })
    await expect.poll(() => server.output().stdout, { timeout: 10_000 }).toBe('ready\n')
    const client = ['connect', port, '10.30.0.1', from, ...lines]
    const { stdout } = await site.run('laptop', [...node, terminal, ...client], { withinMs })
    await server.stop()
    return stdout.trim().split('\n')
  }
  const command = (state: string): string => `apply --no-confirm --policy ${volcano} --state ${state} --json`

  test('an administrator’s outlives the first apply, in both directions, and the next', async () => {
    const [state, other] = [freshState(), freshState()]
    const answers = await session('10.30.0.5', ['ping', command(state), 'ping', command(other), 'ping'])
    expect(answers).toHaveLength(5)
    expect([answers[0], answers[2], answers[4]]).toEqual(['pong', 'pong', 'pong'])
    const first = JSON.parse(answers[1] as string)
    expect(JSON.parse(first.stdout).caller).toMatchObject({
      peer: '10.30.0.5',
      port: 22,
      foundBy: expect.stringContaining('sshd'),
      rule: 'default/admin',
    })
    expect(await nft('list', 'tables')).toContain('thingwall')
  })

  test('anybody else’s is not cut: the apply is refused', async () => {
    const answers = await session('10.30.0.7', [command(freshState()), 'ping'])
    expect(JSON.parse(answers[0] as string)).toMatchObject({ status: 1 })
    expect(answers[1]).toBe('pong')
    expect(await nft('list', 'ruleset')).toBe('')
  })

  test('with --lock-me-out it is cut', async () => {
    const answers = await session(
      '10.30.0.7',
      ['ping', `${command(freshState())} --lock-me-out`, 'ping'],
      15_000,
    )
    expect(answers).toEqual(['pong'])
    expect(await nft('list', 'tables')).toContain('thingwall')
  })
})

test('the example policy is the one these tests speak of', () => {
  expect(readFileSync(volcano, 'utf8')).toContain("admin: ['10.30.0.5']")
})
