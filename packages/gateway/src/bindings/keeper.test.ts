/** What the keeper of bindings does under the lock, with a point that only counts; what packets meet is in `test/kernel`. */
import {
  type Address,
  device,
  type LinkAddress,
  lower,
  network,
  parseAddress,
  policy,
} from '@thingwall/policy'
import type { Generation } from '@thingwall/policy/nftables'
import { expect, test } from 'vitest'
import type { Living } from '../enforce/nftables.ts'
import type { Fact } from './entry.ts'
import { noFile } from './from-file.ts'
import { openJournal } from './journal.ts'
import { type MadeOf, openKeeper } from './keeper.ts'

const link = '24:6f:28:aa:00:01' as LinkAddress
const [lowered] = lower(
  policy('station', {
    owner: 'geo@volcano.example',
    networks: {
      things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], gateway: '10.20.0.1' }),
    },
    devices: { 'vent-01': device({ mac: `${link}`, network: 'things' }) },
  }),
)
const ruleset = lowered ?? expect.fail('does not lower')

/** Has whatever the compiler would make. */
const everySet = new (class extends Set<string> {
  override has(): boolean {
    return true
  }
})()
const generation = (letter: string, sequence: number | null): Living => ({
  generation: letter as Generation,
  sequence,
  digest: `digest of ${sequence}`,
  sets: everySet,
})

function keeping(first: readonly Living[]) {
  let all = first
  let isLocked = false
  const asked: (number | null)[] = []
  const written: string[] = []
  let known = (_: number | null): MadeOf | null => ({ ruleset, file: noFile })
  const clock = { boot: 'b', now: () => 1000, sinceBootMs: () => 1000, isTrusted: () => true }
  const nothing = (): void => {}
  const file = {
    ...{ read: () => '', append: nothing, replace: nothing, setAside: nothing, close: nothing },
    sync: async () => {},
  }
  const journal = openJournal({ file, clock })
  const keeper = openKeeper({
    journal,
    clock,
    point: {
      generations: async () => all,
      exclusively: async (_, work) => {
        expect(isLocked).toBe(false)
        isLocked = true
        try {
          return await work()
        } finally {
          isLocked = false
        }
      },
    },
    elements: async (changes) => {
      expect(isLocked).toBe(true)
      written.push(...new Set(changes.map(({ set }) => set.split('/')[0] ?? '')))
    },
    madeOf: async ({ sequence }) => {
      expect(isLocked).toBe(false)
      asked.push(sequence)
      // Somebody applies while it is read.
      if (sequence === 2) all = [generation('a', 1), generation('b', 3)]
      return known(sequence)
    },
    conflict: () => expect.fail('nobody claims it'),
  })
  const bind = (last: number): Promise<unknown> => {
    const address = parseAddress(`10.20.0.${last}`) as Address
    return keeper.bind({ kind: 'lease', link, address, source: 'dnsmasq' } satisfies Fact, 60_000)
  }
  return {
    bind,
    asked,
    written,
    stand: (now: readonly Living[]) => {
      all = now
    },
    knows: (what: typeof known) => {
      known = what
    },
  }
}

test('policies are read while others may take the lock, and each once', async () => {
  const { bind, asked, written } = keeping([generation('a', 1)])
  await bind(11)
  await bind(12)
  expect(asked).toEqual([1])
  expect(new Set(written)).toEqual(new Set(['a']))
})

test('what came while a policy was read gets the binding as well, what went does not', async () => {
  const { bind, asked, written } = keeping([generation('a', 1), generation('c', 2)])
  await bind(11)
  expect(asked).toEqual([1, 2, 3])
  expect(new Set(written)).toEqual(new Set(['a', 'b']))
})

test('what nobody knows now gets nothing, and is asked for again with the next binding', async () => {
  const { bind, asked, written, knows } = keeping([generation('a', null)])
  knows(() => null)
  await bind(11)
  expect([asked, written]).toEqual([[null], []])
  knows(() => ({ ruleset, file: noFile }))
  await bind(12)
  expect(asked).toEqual([null, null])
  expect(new Set(written)).toEqual(new Set(['a']))
})
