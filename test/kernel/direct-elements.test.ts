/**
 * Elements put into the kernel without a text in between are the ones that nft would have put there: every set of every
 * golden rule set, looked at with nft. Which sets are left to nft is written down here, so that none is by accident.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Nft, openPrivileged, type Privileged, thisMachine } from '@thingwall/gateway'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

type Filler = NonNullable<Awaited<ReturnType<Nft['filler']>>>

const folder = join(import.meta.dirname, '../../packages/policy/src/compile/nftables/golden')
const names = readdirSync(folder).map((file) => file.replace(/\.txt$/, ''))
const TABLE = 'thingwall'

let privileged: Privileged
let filler: Filler

beforeAll(async () => {
  privileged = await openPrivileged(thisMachine)
  filler = (await privileged.filler()) as Filler
  expect(privileged.backend).toMatchObject({ kind: 'library' })
})
afterAll(() => privileged.close())
afterEach(() => {
  nft('flush', 'ruleset')
})

function nft(...args: readonly string[]): string {
  return run(args, '')
}

function run(args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync('nft', args, { input, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

interface Held {
  readonly kind: string
  readonly family: string
  readonly name: string
  /** Its declaration: type and flags. */
  readonly type: string
  readonly elements: string
}

/** Sets of a compiled text that have elements. */
function setsIn(text: string): readonly Held[] {
  return text.split(/^table (?=\w+ \w+ \{$)/m).flatMap((table) =>
    table.split('\n\t}\n').flatMap((object): readonly Held[] => {
      const [, kind, name] = /^\t(set|map) (\S+) \{$/m.exec(object) ?? []
      const [head = '', elements] = object.split('\n\t\telements = {')
      if (kind === undefined || name === undefined || elements === undefined) return []
      const type = [...head.matchAll(/^\t\t((?:type|flags).*)$/gm)].map(([, line]) => line).join('; ')
      const family = table.split(' ')[0] as string
      return [{ kind, family, name, type, elements: elements.slice(0, -'\n\t\t}'.length) }]
    }),
  )
}

/** What the kernel says of a set, by nft; the order of elements is the hash's, and time passes. */
function listed({ kind, family, name }: Held): unknown {
  const { nftables } = JSON.parse(nft('-j', 'list', kind, family, TABLE, name)) as {
    nftables: readonly Record<string, Record<string, unknown>>[]
  }
  return nftables.flatMap((object) => {
    const set = object.set ?? object.map
    if (set === undefined) return []
    const elements = ((set.elem ?? []) as readonly unknown[]).map((one) =>
      JSON.stringify(one, (key, value: unknown) => (key === 'expires' ? undefined : value)),
    )
    return [{ ...set, elem: elements.sort() }]
  })
}

const filled = new Set<string>()
const left = new Set<string>()

describe.each(names)('%s', (name) => {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8').split('-- output --\n')[1] ?? ''

  test('every set holds what it would hold had nft filled it', async () => {
    run(['-f', '-'], text)
    const sets = setsIn(text)
    expect(sets.length).toBeGreaterThan(2)
    for (const set of sets) {
      const before = listed(set)
      nft('flush', set.kind, set.family, TABLE, set.name)
      const isFilled = await filler.fill({
        family: set.family,
        table: TABLE,
        set: set.name,
        elements: set.elements,
        marker: 'root/input',
      })
      ;(isFilled ? filled : left).add(set.type)
      if (isFilled) expect(listed(set)).toEqual(before)
      else expect(listed(set)).toMatchObject([{ elem: [] }])
    }
  })
})

test('which kinds are filled so, and which are left to nft', () => {
  expect([...filled].sort()).toEqual([
    'type classid; flags timeout',
    'type ether_addr',
    'type ether_addr . ipv4_addr; flags timeout',
    'type ether_addr . ipv6_addr; flags timeout',
    'type ipv4_addr . ipv4_addr; flags timeout',
    'type ipv4_addr : classid; flags timeout',
    'type ipv4_addr; flags timeout',
    'type ipv6_addr . ipv6_addr; flags timeout',
    'type ipv6_addr : classid; flags timeout',
    'type ipv6_addr; flags timeout',
    'type mark; flags timeout',
    'typeof @th,64,128; flags timeout',
    'typeof ether saddr . @th,208,48',
    'typeof ether saddr . @th,64,128; flags timeout',
  ])
  // None of these grows with devices.
  expect([...left].sort()).toEqual([
    'type classid : verdict',
    'type ifname . inet_proto . inet_service : ipv4_addr . inet_service; flags timeout',
    'type ifname . inet_proto . inet_service : ipv4_addr; flags interval,timeout',
    'type ifname . inet_proto . inet_service : ipv6_addr . inet_service; flags timeout',
    'type ifname . inet_proto . inet_service : ipv6_addr; flags interval,timeout',
    'type ipv4_addr; flags interval',
    'type ipv6_addr; flags interval',
    'type mark : verdict',
  ])
})

describe('a set that is filled', () => {
  const sets = `table inet thingwall {
	chain mine {
	}
	set s {
		type ipv4_addr
		flags timeout
	}
}
`
  const place = { family: 'inet', table: TABLE, set: 's', marker: 'mine' } as const
  const many = (count: number): string =>
    Array.from({ length: count }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`).join(
      ',\n\t\t\t',
    )
  const counted = (): number =>
    nft('list', 'set', 'inet', TABLE, 's').match(/10\.\d+\.\d+\.\d+/g)?.length ?? 0

  test('takes as many as there are, over several transactions', async () => {
    run(['-f', '-'], sets)
    expect(await filler.fill({ ...place, elements: many(70_000) })).toBe(true)
    expect(counted()).toBe(70_000)
  })
  test('whose generation is gone gets nothing', async () => {
    run(['-f', '-'], sets)
    expect(await filler.fill({ ...place, marker: 'other', elements: many(10) })).toBe(false)
    expect(counted()).toBe(0)
  })
  test('is left to nft where an element is not understood, and where the kernel refuses one', async () => {
    run(['-f', '-'], sets)
    expect(await filler.fill({ ...place, elements: `${many(5)}, 10.9.0.0/16` })).toBe(false)
    nft('add', 'set', 'inet', TABLE, 'few', '{ type ipv4_addr; size 2; }')
    expect(await filler.fill({ ...place, set: 'few', elements: many(5) })).toBe(false)
    expect(await filler.fill({ ...place, set: 'none', elements: many(5) })).toBe(false)
    expect(counted()).toBe(0)
  })
  test('while another program changes rules all the time, gets every element all the same', async () => {
    run(['-f', '-'], sets)
    let isOver = false
    const busy = (async () => {
      for (let turn = 0; !isOver; turn++) {
        await thisMachine.run('nft', [
          `add table ip other${turn % 7}; add counter ip other${turn % 7} c${turn}`,
        ])
      }
    })()
    expect(await filler.fill({ ...place, elements: many(200_000) })).toBe(true)
    isOver = true
    await busy
    expect(counted()).toBe(200_000)
  })
})
