/** Memory is bounded whatever comes and however much, and nothing that was put in is missing from what comes out. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Clock, type Gathered, type GatherOptions, gather } from './gather.ts'

interface Subject {
  readonly detail: 'kind' | 'group' | 'all'
  readonly group: string
  readonly key: string
}

const one = { count: 1, packets: 2, bytes: 60, answeredPackets: 3, answeredBytes: 70 }
const bound = ({ kinds, groups }: GatherOptions): number => kinds + groups + 1

function put(gathered: ReturnType<typeof gather<Subject>>, group: string, key: string, clock: Clock): void {
  if (gathered.count(key, one, clock)) return
  const subject = (detail: Subject['detail']): Subject => ({ detail, group, key })
  gathered.begin(key, { group, subject }, one, clock)
}

function total(all: readonly Gathered<Subject>[]): number {
  for (const { count, packets, bytes, answeredPackets, answeredBytes } of all) {
    expect([packets, bytes, answeredPackets, answeredBytes]).toEqual(
      [2, 60, 3, 70].map((each) => each * count),
    )
  }
  return all.reduce((sum, { count }) => sum + count, 0)
}

test('whatever comes in whatever order, bounds hold at every moment and the counts add up', () => {
  const options: GatherOptions = { kinds: 24, kindsPerGroup: 5, groups: 6, againMs: 1000 }
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ kind: fc.constant('put' as const), group: fc.nat(40), key: fc.nat(30) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), afterMs: fc.nat(2500) }) },
  )
  let runs = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const gathered = gather<Subject>(options)
      let [nowMs, came, told] = [0, 0, 0]
      const clock = (): Clock => ({ wallMs: nowMs, monotonicMs: nowMs })
      for (const each of steps) {
        if (each.kind === 'put') {
          put(gathered, `g${each.group}`, `g${each.group} k${each.key}`, clock())
          came += 1
        } else {
          nowMs += each.afterMs
          told += total(gathered.take(clock(), 'due'))
        }
        expect(gathered.size()).toBeLessThanOrEqual(bound(options))
      }
      told += total(gathered.take(clock(), 'all'))
      expect(told).toBe(came)
      // Nothing comes any more: what is quiet is forgotten.
      gathered.take(clock(), 'all')
      expect(gathered.size()).toBe(0)
      runs += 1
    }),
  )
  expect(runs).toBe(100)
})

test('with its usual bounds, a flood of a million kinds from as many senders stays small', () => {
  const gathered = gather<Subject>()
  const clock = { wallMs: 5, monotonicMs: 5 }
  const senders = 200_000
  let largest = 0
  for (let at = 0; at < 5 * senders; at++) {
    put(gathered, `s${at % senders}`, `k${at}`, clock)
    if (at % 1000 === 0) largest = Math.max(largest, gathered.size())
  }
  largest = Math.max(largest, gathered.size())
  expect(largest).toBeLessThanOrEqual(16_384 + 1024 + 1)
  const told = gathered.take(clock, 'all')
  expect(total(told)).toBe(5 * senders)
  expect(told.filter(({ subject }) => subject.detail === 'all').length).toBe(1)
})
