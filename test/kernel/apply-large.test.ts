/**
 * Applications whose sets are large enough to be filled by themselves: whole or not at all, by whichever way they are
 * filled, and whatever ends that in between.
 */
import { spawnSync } from 'node:child_process'
import {
  fillerBy,
  type NftablesPoint,
  type NftablesPointOptions,
  openNft,
  openNftablesPoint,
  spawned,
  thisMachine,
} from '@thingwall/gateway'
import { type Artifact, allow, compileFor, device, lower, network, policy, validate } from '@thingwall/policy'
import { inGeneration, nftables } from '@thingwall/policy/nftables'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { order } from '../contracts/enforcement-point.ts'

type Filler = NonNullable<NftablesPointOptions['filler']>

const DEVICES = 7000
/** An element of a large set. */
const ONE = '02:00:00:00:00:05 . fd20::1:5'
const direct = fillerBy(spawned())
let small: Artifact
let large: Artifact
let states = 0

beforeAll(() => {
  small = artifactOf(5)
  large = artifactOf(DEVICES)
})
afterEach(() => {
  nft('flush', 'ruleset')
})

function nft(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('nft', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

function artifactOf(count: number): Artifact {
  const hex = (at: number): string => at.toString(16).padStart(2, '0')
  const [document] = validate(
    policy('large', {
      owner: 'tests@volcano.example',
      networks: {
        things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.64.0.0/16', 'fd20::/64'] }),
        wan: network({ role: 'uplink', interface: 'wan0' }),
      },
      devices: Object.fromEntries(
        Array.from({ length: count }, (_, at) => [
          `d${at}`,
          device({
            network: 'things',
            mac: `02:00:00:00:${hex(at >> 8)}:${hex(at & 255)}`,
            ip: [`10.64.${(at >> 8) + 1}.${at & 255}`, `fd20::1:${at.toString(16)}`],
          }),
        ]),
      ),
      rules: { clock: allow.out({ who: 'things', to: '203.0.113.5', service: 'ntp', why: 'The time' }) },
    }),
  )
  const [ruleset] = lower(document as NonNullable<typeof document>)
  const [artifact] = compileFor(nftables, ruleset as NonNullable<typeof ruleset>, {})
  return artifact as Artifact
}

function open(filler?: Filler): Promise<NftablesPoint> {
  states += 1
  const state = `/run/thingwall-large-${states}`
  return openNftablesPoint({ machine: thisMachine, state, ...(filler === undefined ? {} : { filler }) })
}

/** Everything in our tables, with elements in one order. */
function held(): string {
  return nft('-s', 'list', 'ruleset')
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*elements = \{ /, '')
        .replace(/(?: \}|,)$/, '')
        .trim(),
    )
    .flatMap((line) => line.split(', '))
    .sort()
    .join('\n')
}

test('the policy has sets of that size, and the small one has none', () => {
  const sizes = (artifact: Artifact): number =>
    inGeneration(artifact.text, 'a').reduce((sum, table) => sum + table.large.length, 0)
  expect(sizes(large)).toBeGreaterThan(2)
  expect(sizes(small)).toBe(0)
})

describe('is the same in the kernel', () => {
  let byText: string
  beforeAll(async () => {
    await (await open()).apply(large, order)
    byText = held()
    nft('flush', 'ruleset')
  })
  test.each<[string, Filler]>([
    ['filled without a text', direct],
    ['where nothing fills but nft', async () => null],
    [
      'where half of it was left to nft',
      async () => {
        const filler = await direct()
        let turn = 0
        return filler === null
          ? null
          : { ...filler, fill: async (one) => (await filler.fill(one)) && (turn++ & 1) === 0 }
      },
    ],
    [
      'where koffi is missing',
      fillerBy(() => {
        throw new Error("Cannot find module 'koffi'")
      }),
    ],
  ])('%s', async (_, filler) => {
    const point = await open(filler)
    expect(await point.apply(large, order)).toMatchObject({ changed: true, diagnostics: [] })
    expect(held()).toBe(byText)
  })
})

test('on trial and confirmed, and another in its place', async () => {
  const point = await open(direct)
  await point.apply(small, order)
  const { trial } = await point.apply(large, { ...order, confirmWithinMs: 60_000 })
  expect(trial).not.toBeNull()
  await point.confirm({ by: 'tests', at: Date.now() })
  expect(await point.read()).toMatchObject({ digest: large.digest, integrity: { kind: 'intact' } })
  expect(nft('list', 'set', 'inet', 'thingwall', 'b/bound/things/6')).toContain(ONE)
  await point.apply(small, order)
  expect((await point.read()).digest).toBe(small.digest)
})

test('filled sets and nothing else: without a text no file of elements is ever loaded', async () => {
  const loaded: string[] = []
  const machine = {
    ...thisMachine,
    run: async (...asked: Parameters<typeof thisMachine.run>) => {
      const [, args] = asked
      if (args[0] === '-f')
        loaded.push(spawnSync('cat', [args[1] as string], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout)
      return thisMachine.run(...asked)
    },
  }
  const point = await openNftablesPoint({ machine, state: '/run/thingwall-large-watched', filler: direct })
  await point.apply(large, order)
  expect(loaded.length).toBeGreaterThan(0)
  expect(loaded.join('').includes(ONE)).toBe(false)
  expect(nft('list', 'set', 'inet', 'thingwall', 'a/bound/things/6')).toContain(ONE)
})

test('what devices were given is put in after what the policy says, and takes its place', async () => {
  const point = await open(direct)
  const six = (generation: string, elements: string): string =>
    `element inet thingwall ${generation}/bound/things/6 { ${elements} }\n`
  await point.apply(large, order, (generation) =>
    [
      `add ${six(generation, ONE)}`,
      `delete ${six(generation, ONE)}`,
      `add ${six(generation, `${ONE} timeout 1h`)}`,
      `add ${six(generation, '02:00:00:00:00:05 . fd20::9:9 timeout 2h')}`,
    ].join(''),
  )
  const held = nft('list', 'set', 'inet', 'thingwall', 'a/bound/things/6')
  expect(held).toContain(`${ONE} timeout 1h`)
  expect(held).toContain('02:00:00:00:00:05 . fd20::9:9 timeout 2h')
})

describe('another program changes an element of a small set of a large rule set', () => {
  const changes: readonly [string, string, string][] = [
    ['set', 'live', 'add element inet thingwall a/live { 0x0fffffff }'],
    ['verdict map', 'decide', 'add element inet thingwall a/decide { 0:fff : goto a/through }'],
  ]
  const ways: readonly [string, Filler | undefined][] = [
    ['a privileged process', direct],
    ['nft alone', undefined],
  ]
  test.each(ways.flatMap((way) => changes.map((change) => [...change, ...way] as const)))(
    'a %s: %s, %s, looked at by %s',
    async (_, name, command, _way, filler) => {
      const point = await open(filler)
      await point.apply(large, order)
      expect((await point.read()).integrity.kind).toBe('intact')
      nft(command)
      expect((await point.read()).integrity).toEqual({
        kind: 'changed',
        changes: [`set inet ${name} has other elements`],
      })
    },
  )
})

test('sets and maps read the same by a privileged process as by nft', async () => {
  await (await open(direct)).apply(large, order)
  const program = await openNft(thisMachine)
  const filler = await direct()
  const listed: string[] = []
  try {
    for (const [, family = '', kind = '', name = ''] of nft('-t', 'list', 'ruleset')
      .split(/^table /m)
      .flatMap((table) => {
        const [family = ''] = table.split(' ')
        return [...table.matchAll(/^\t(set|map) (\S+) \{/gm)].map(([, kind, name]) => [
          '',
          family,
          kind,
          name,
        ])
      })) {
      if (/(bound|class|target|claimed|link)/.test(name)) continue
      const by = await program.set(kind as 'set' | 'map', family, 'thingwall', name)
      expect(await filler?.set(kind as 'set' | 'map', family, 'thingwall', name)).toBe(by)
      expect(by).toContain(name)
      listed.push(kind)
    }
  } finally {
    filler?.close()
  }
  expect(new Set(listed)).toEqual(new Set(['set', 'map']))
})

describe('interrupted while it is filled', () => {
  test.each(['for good', 'on trial'] as const)(
    '%s, what was in force still is, and the rest is gone',
    async (kind) => {
      const dying: Filler = async () => {
        const filler = await direct()
        let turn = 0
        return filler === null
          ? null
          : {
              ...filler,
              fill: async (one) => {
                turn += 1
                if (turn === 3) throw Object.assign(new Error('gone'), { code: 'TW4020' })
                return filler.fill(one)
              },
            }
      }
      const point = await open(dying)
      await point.apply(small, order)
      const before = held()
      const confirmWithinMs = kind === 'for good' ? null : 60_000
      await expect(point.apply(large, { ...order, confirmWithinMs })).rejects.toThrow('gone')
      expect(held()).toBe(before)
      expect(await point.read()).toMatchObject({
        digest: small.digest,
        trial: null,
        integrity: { kind: 'intact' },
      })
    },
  )
  test('when nobody could clean up, the next apply does', async () => {
    const state = '/run/thingwall-large-hanging'
    const point = await openNftablesPoint({ machine: thisMachine, state })
    await point.apply(small, order)
    const before = held()
    const ended = spawnSync(
      process.execPath,
      [
        '--conditions=thingwall-source',
        new URL('./fixtures/ended-while-filling.ts', import.meta.url).pathname,
        state,
      ],
      { input: JSON.stringify({ artifact: large, order }), encoding: 'utf8' },
    )
    expect(ended.signal).toBe('SIGKILL')
    expect(nft('list', 'chains')).toContain('b/taken')
    expect((await point.read()).digest).toBe(small.digest)
    await point.tidy()
    expect(held()).toBe(before)
  })
})
