/**
 * What every store of events owes: ids that last and grow, every event back as it was, questions answered alike, and
 * a clock that may jump. Run by each implementation against the real thing. Long, because a contract is read in one
 * file, the makers of events it needs among it.
 */
import {
  compareIds,
  type End,
  type EventId,
  type Happening,
  type NoticeEvent,
  parseEventId,
  type Store,
  type StoredEvent,
  type TrafficEvent,
} from '@thingwall/gateway'
import { type Address, type LinkAddress, parseAddress } from '@thingwall/policy'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

export interface StoreLimits {
  readonly keepHours: number
  readonly maxBytes: number
}

export interface StoreSubject {
  /** Opens the same store again each time. */
  readonly open: (limits: StoreLimits) => Promise<Store>
  readonly end: () => Promise<void>
}

const HOUR = 3_600_000
const NOW = Date.parse('2026-11-22T10:30:00Z')
const plenty: StoreLimits = { keepHours: 168, maxBytes: 1 << 30 }

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

function end(text: string, device: string | null = null, port: number | null = null): End {
  return { address: address(text), port, device, name: null }
}

/** A refused packet of vent-01, unless said otherwise. */
function traffic(change: Partial<TrafficEvent> = {}): TrafficEvent {
  return {
    kind: 'denied',
    at: NOW,
    until: NOW,
    rule: 'default/deny',
    source: end('10.20.0.11', 'vent-01', 40_000),
    destination: end('198.51.100.10', null, 23),
    translated: { source: null, destination: null },
    etherType: 0x0800,
    protocol: 6,
    icmpType: null,
    link: '02:00:00:00:00:11' as LinkAddress,
    ingress: 'wlan0',
    count: 1,
    sent: { packets: 1, bytes: 60 },
    answered: { packets: 0, bytes: 0 },
    isGathered: false,
    ...change,
  }
}

function notice(change: Partial<NoticeEvent> = {}): NoticeEvent {
  return {
    kind: 'notice',
    at: NOW,
    until: NOW,
    topic: 'test',
    text: 'a word',
    device: null,
    count: 1,
    ...change,
  }
}

const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '',
    '7',
    '1e3',
    '-1',
    '=x',
    "'; drop table event; --",
    '\u0000',
    'a\nb',
    '\u001b[2J',
    '😀',
    'null',
  ),
)
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null })
const port = some(fc.nat(0xffff))
const amount = fc.oneof(fc.nat(5), fc.nat(), fc.maxSafeNat())
const volume = fc.record({ packets: amount, bytes: amount })
const family = fc.constantFrom(4, 6)
const addressOf = (which: number): fc.Arbitrary<Address> =>
  fc
    .uint8Array({ minLength: which === 4 ? 4 : 16, maxLength: which === 4 ? 4 : 16 })
    .map((bytes) => Buffer.from(bytes).toString('hex') as Address)
const anyTraffic: fc.Arbitrary<TrafficEvent> = family.chain((which) => {
  const anyEnd = fc.record({
    address: some(addressOf(which)),
    device: some(hostile),
    name: some(hostile),
  })
  return fc
    .record({
      kind: fc.constantFrom('denied' as const, 'allowed' as const, 'opened' as const, 'closed' as const),
      lasted: fc.nat(60_000),
      rule: some(hostile),
      ends: fc.tuple(anyEnd, anyEnd),
      ports: fc.tuple(port, port),
      translated: fc.record({ source: some(addressOf(which)), destination: some(addressOf(which)) }),
      etherType: fc.constantFrom(0, 0x0806, 0x88cc, which === 4 ? 0x0800 : 0x86dd),
      protocol: some(fc.nat(255)),
      icmpType: fc.nat(255),
      link: some(fc.constant('02:00:00:00:00:01' as LinkAddress)),
      ingress: some(hostile),
      count: amount,
      sent: volume,
      answered: volume,
      isGathered: fc.boolean(),
    })
    .map(({ lasted, ends: [source, destination], ports: [from, to], icmpType, ...rest }) => {
      const isIcmp =
        (rest.etherType === 0x0800 && rest.protocol === 1) ||
        (rest.etherType === 0x86dd && rest.protocol === 58)
      return {
        ...rest,
        at: NOW - lasted,
        until: NOW,
        source: { ...source, port: from },
        destination: { ...destination, port: isIcmp ? null : to },
        icmpType: isIcmp ? icmpType : null,
      }
    })
})
const anyNotice: fc.Arbitrary<NoticeEvent> = fc
  .record({ topic: hostile, text: hostile, device: some(hostile), count: amount })
  .map((parts) => notice(parts))

export function storeContract(name: string, make: () => Promise<StoreSubject>): void {
  describe(`store: ${name}`, () => {
    // Each of these opens many stores, on disks that may be slow.
    vi.setConfig({ testTimeout: 60_000 })
    let subject: StoreSubject
    let stores: Store[]
    beforeEach(async () => {
      subject = await make()
      stores = []
    })
    afterEach(async () => {
      for (const store of stores) await store.close()
      await subject.end()
    })
    const open = async (limits: StoreLimits = plenty): Promise<Store> => {
      const store = await subject.open(limits)
      stores.push(store)
      return store
    }
    const append = async (store: Store, events: readonly Happening[], nowMs = NOW): Promise<EventId> => {
      const appended = await store.append(events, nowMs)
      expect(appended).toMatchObject({ written: events.length, lost: 0, because: null })
      return appended.last as EventId
    }
    const all = async (store: Store): Promise<readonly StoredEvent[]> =>
      (await store.query({ order: 'oldest', limit: 10_000 })).events

    test('empty, it answers with nothing', async () => {
      const store = await open()
      expect(await all(store)).toEqual([])
      expect(await store.find('1-1' as EventId)).toBeNull()
      const overview = await store.overview({ sinceMs: 0, untilMs: NOW, top: 3 })
      expect(overview).toMatchObject({ minutes: [], unreadable: [] })
      expect(await store.seen({ sinceMs: 0, untilMs: NOW })).toMatchObject({ flows: [], isComplete: true })
    })

    test('any event comes back as it was, also after the store was closed', async () => {
      const store = await open()
      const written: Happening[] = []
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(anyTraffic, anyNotice), { minLength: 1, maxLength: 5 }),
          async (events) => {
            await append(store, events)
            written.push(...events)
          },
        ),
        { numRuns: 100 },
      )
      const before = await all(store)
      expect(before.map(({ id, ...event }) => event)).toEqual(written)
      await store.close()
      const again = await open()
      expect(await all(again)).toEqual(before)
      for (const event of before.slice(0, 20)) expect(await again.find(event.id)).toEqual(event)
    })

    test('ids are short, grow, are read back from what a person typed, and go on after a restart', async () => {
      const store = await open()
      const first = await append(store, [traffic(), traffic()])
      await store.close()
      const again = await open()
      const second = await append(again, [traffic()])
      expect(compareIds(first, second)).toBeLessThan(0)
      expect(first.length).toBeLessThan(8)
      expect(parseEventId(` ${first.toUpperCase()} `)).toBe(first)
      expect(parseEventId('no id')).toBeNull()
      const ids = (await all(again)).map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted(compareIds))
      expect(new Set(ids).size).toBe(3)
    })

    test('questions', async () => {
      const store = await open()
      const minute = 60_000
      const events: Happening[] = [
        traffic({ at: NOW - 5 * minute, until: NOW - 5 * minute }),
        traffic({ kind: 'opened', rule: 'sensor/readings', at: NOW - 4 * minute, until: NOW - 4 * minute }),
        traffic({
          source: end('10.20.0.12', 'vent-02'),
          destination: end('10.20.0.11', 'vent-01', 80),
          at: NOW - 3 * minute,
          until: NOW - 3 * minute,
        }),
        traffic({ source: end('203.0.113.9'), destination: end('10.20.0.12', 'vent-02', 22) }),
        notice({ topic: 'default/deny', device: 'vent-02' }),
      ]
      await append(store, events)
      const ask = async (query: Parameters<Store['query']>[0]): Promise<number[]> => {
        const { events: found, unreadable } = await store.query({ order: 'oldest', ...query })
        expect(unreadable).toEqual([])
        return found.map(({ id, ...event }) =>
          events.findIndex((one) => JSON.stringify(one) === JSON.stringify(event)),
        )
      }
      const table: readonly (readonly [Parameters<Store['query']>[0], number[]])[] = [
        [{}, [0, 1, 2, 3, 4]],
        [{ order: 'newest' }, [4, 3, 2, 1, 0]],
        [{ device: 'vent-01' }, [0, 1, 2]],
        [{ device: 'vent-02' }, [2, 3, 4]],
        [{ device: 'vent' }, []],
        [{ kinds: ['opened', 'notice'] }, [1, 4]],
        [{ kinds: [] }, []],
        // A notice has no rule, whatever its topic is called.
        [{ rule: 'default/deny' }, [0, 2, 3]],
        [{ rule: 'sensor/readings', device: 'vent-02' }, []],
        [{ sinceMs: NOW - 4 * minute }, [1, 2, 3, 4]],
        [{ untilMs: NOW - 4 * minute }, [0]],
        [{ sinceMs: NOW - 4 * minute, untilMs: NOW }, [1, 2]],
        [{ limit: 2 }, [0, 1]],
        [{ limit: 2, order: 'newest' }, [4, 3]],
      ]
      for (const [query, expected] of table) expect([query, await ask(query)]).toEqual([query, expected])
    })

    test('paged either way, every event comes once; followed, only what is new', async () => {
      const store = await open()
      for (let batch = 0; batch < 5; batch++) {
        const nowMs = NOW + batch * HOUR
        await append(
          store,
          Array.from({ length: 7 }, (_, at) => notice({ at: nowMs, until: nowMs, count: batch * 7 + at })),
          nowMs,
        )
      }
      for (const order of ['oldest', 'newest'] as const) {
        const seen: number[] = []
        let edge: EventId | undefined
        for (;;) {
          const from = edge === undefined ? {} : order === 'oldest' ? { after: edge } : { before: edge }
          const page = await store.query({ order, limit: 4, ...from })
          seen.push(...page.events.map(({ count }) => count))
          edge = page.events.at(-1)?.id
          if (!page.hasMore) break
        }
        const expected = Array.from({ length: 35 }, (_, at) => at)
        expect(seen).toEqual(order === 'oldest' ? expected : expected.toReversed())
      }
      const last = (await store.query({ limit: 1 })).events[0]?.id as EventId
      await append(store, [notice({ count: 99 })], NOW + 4 * HOUR)
      const { events } = await store.query({ after: last, order: 'oldest' })
      expect(events.map(({ count }) => count)).toEqual([99])
    })

    test('the overview adds up to what was written', async () => {
      const store = await open()
      const random = fc.sample(
        fc.tuple(fc.nat(9), fc.nat(3), fc.nat(119), fc.integer({ min: 1, max: 50 })),
        300,
      )
      const totals = new Map<string, number>()
      // In order of time, as they come.
      for (const [device, rule, minute, count] of random.toSorted((a, b) => a[2] - b[2])) {
        const at = NOW - (NOW % HOUR) + minute * 60_000
        await append(
          store,
          [
            traffic({
              at,
              until: at,
              rule: `rule-${rule}`,
              source: end('10.0.0.1', `vent-${device}`),
              count,
            }),
          ],
          at,
        )
        for (const key of ['all', `rule-${rule}`, `vent-${device}`, `minute ${at}`]) {
          totals.set(key, (totals.get(key) ?? 0) + count)
        }
      }
      await append(store, [notice({ device: 'vent-0', count: 1000 })], NOW - (NOW % HOUR) + 2 * HOUR - 1)
      const sinceMs = NOW - (NOW % HOUR)
      const overview = await store.overview({ sinceMs, untilMs: sinceMs + 2 * HOUR, top: 100 })
      const sum = (counts: readonly { readonly count: number }[]): number =>
        counts.reduce((all, { count }) => all + count, 0)
      expect(sum(overview.rules.denied)).toBe(totals.get('all'))
      expect(sum(overview.devices.denied)).toBe(totals.get('all'))
      for (const { name, count } of [...overview.rules.denied, ...overview.devices.denied]) {
        expect([name, count]).toEqual([name, totals.get(name)])
      }
      for (const { at, denied } of overview.minutes)
        expect([at, denied]).toEqual([at, totals.get(`minute ${at}`)])
      expect(sum(overview.minutes.map(({ denied }) => ({ count: denied })))).toBe(totals.get('all'))
      const top = await store.overview({ sinceMs, untilMs: sinceMs + 2 * HOUR, top: 2 })
      expect(top.devices.denied).toEqual(overview.devices.denied.slice(0, 2))
      expect(top.devices.opened).toEqual([])
      // Half of it.
      const half = await store.overview({ sinceMs, untilMs: sinceMs + HOUR, top: 1 })
      expect(half.minutes.every(({ at }) => at < sinceMs + HOUR)).toBe(true)
    })

    test('flows that were let in, each once, with every rule that let it in', async () => {
      const store = await open()
      const readings = { destination: { ...end('198.51.100.10', null, 443), name: 'api.volcano.example' } }
      await append(store, [
        traffic({ kind: 'allowed', rule: 'sensor/readings', ...readings, count: 2 }),
        traffic({
          kind: 'opened',
          rule: 'sensor/readings',
          ...readings,
          ingress: null,
          link: null,
          count: 3,
        }),
        traffic({ kind: 'closed', rule: 'sensor/readings', ...readings }),
        traffic({ kind: 'denied' }),
      ])
      await append(
        store,
        [
          traffic({
            kind: 'opened',
            rule: 'sensor/new',
            ...readings,
            at: NOW + HOUR,
            until: NOW + HOUR,
            count: 4,
          }),
        ],
        NOW + HOUR,
      )
      const seen = await store.seen({ sinceMs: NOW - HOUR, untilMs: NOW + 2 * HOUR })
      expect(seen).toEqual({
        isComplete: true,
        unreadable: [],
        flows: [
          {
            source: address('10.20.0.11'),
            destination: address('198.51.100.10'),
            sourceDevice: 'vent-01',
            destinationDevice: null,
            destinationName: 'api.volcano.example',
            ingress: 'wlan0',
            protocol: 6,
            destinationPort: 443,
            icmpType: null,
            rules: ['sensor/new', 'sensor/readings'],
            count: 7,
            firstMs: NOW,
            lastMs: NOW + HOUR,
          },
        ],
      })
      expect(
        (await store.seen({ sinceMs: NOW - HOUR, untilMs: NOW + HOUR, device: 'vent-02' })).flows,
      ).toEqual([])
      await append(
        store,
        [
          traffic({
            kind: 'opened',
            isGathered: true,
            source: end('10.20.0.11', 'vent-01'),
            destination: { address: null, port: null, device: null, name: null },
          }),
        ],
        NOW + HOUR,
      )
      expect((await store.seen({ sinceMs: NOW, untilMs: NOW + 2 * HOUR })).isComplete).toBe(false)
    })

    test('a clock that jumps loses nothing, and the order stays that of writing', async () => {
      const store = await open()
      const jumps = [NOW, NOW + 900 * HOUR, NOW + 1, 12_345, NOW + 2, NOW + HOUR, NOW + 3]
      for (const [at, nowMs] of jumps.entries()) {
        await append(store, [notice({ at: nowMs, until: nowMs, count: at })], nowMs)
      }
      expect((await all(store)).map(({ count }) => count)).toEqual(jumps.map((_, at) => at))
      // Dated by the clock before it was set.
      await append(store, [notice({ at: 12_345, until: 12_400, count: 50 })], NOW + 4)
      expect((await store.query({ limit: 1 })).events[0]).toMatchObject({ count: 50, at: NOW + 4 })
    })

    test('what is beyond its time goes, and its ids are never used again', async () => {
      const limits = { keepHours: 3, maxBytes: 1 << 30 }
      let store = await open(limits)
      const ids: EventId[] = []
      for (let hour = 0; hour < 8; hour++) {
        const at = NOW + hour * HOUR
        ids.push(await append(store, [notice({ at, until: at, count: hour })], at))
      }
      const left = (await all(store)).map(({ count }) => count)
      // Of the hour before the last three the newest was half past: too old.
      expect(left).toEqual([4, 5, 6, 7])
      expect((await store.size()).oldestMs).toBe(NOW - (NOW % HOUR) + 4 * HOUR)
      expect(await store.find(ids[0] as EventId)).toBeNull()
      await store.close()
      store = await open(limits)
      const later = await append(store, [notice()], NOW + 100 * HOUR)
      expect(ids.every((id) => compareIds(id, later) < 0)).toBe(true)
    })

    test('a clock that jumps far ahead and back does not cost the history', async () => {
      const store = await open({ keepHours: 24, maxBytes: 1 << 30 })
      for (let hour = 0; hour < 20; hour++) await append(store, [notice({ count: hour })], NOW + hour * HOUR)
      await append(store, [notice({ count: 100 })], NOW + 100_000 * HOUR)
      await append(store, [notice({ count: 101 })], NOW + 20 * HOUR)
      const left = (await all(store)).map(({ count }) => count)
      expect(left.length).toBeGreaterThanOrEqual(20)
      expect(left.slice(-2)).toEqual([100, 101])
    })

    test('what is beyond its size goes, the oldest first and the current hour never', async () => {
      const store = await open({ keepHours: 1000, maxBytes: 400_000 })
      for (let hour = 0; hour < 10; hour++) {
        const at = NOW + hour * HOUR
        const many = Array.from({ length: 1000 }, (_, of) =>
          notice({ at, until: at, text: `${hour} ${of} ${'x'.repeat(80)}`, count: hour }),
        )
        await append(store, many, at)
      }
      const left = new Set((await all(store)).map(({ count }) => count))
      expect([...left]).toEqual([...left].toSorted((a, b) => a - b))
      expect(left.has(9)).toBe(true)
      expect(left.has(0)).toBe(false)
      expect(left.size).toBeLessThan(10)
      const tiny = await open({ keepHours: 1000, maxBytes: 1 })
      await append(tiny, [notice({ count: 77 })], NOW + 9 * HOUR)
      expect((await all(tiny)).some(({ count }) => count === 77)).toBe(true)
    })
  })
}
