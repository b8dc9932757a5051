/** Allowances: what is left to whom, when it comes back, and what clocks and crowds do to it. */
import { describe, expect, test } from 'vitest'
import { askerOf } from './asker.ts'
import { memoryState } from './memory.ts'
import { parseRate, type State, type Taken } from './state.ts'

const rate = { amount: 3, perMs: 60_000 }

interface World {
  readonly state: State
  at: number
  take(key?: string): boolean
  waitMs(key?: string): number
}

function stateAt(most?: number): World {
  const world: World = {
    at: 1_000_000,
    state: memoryState({ now: () => world.at, ...(most !== undefined && { most }) }),
    take: (key = 'a') => (world.state.take(key, rate) as Taken).allowed,
    waitMs: (key = 'a') => (world.state.take(key, rate) as Taken).retryAfterMs,
  }
  return world
}

test('all at once, then one at a time', () => {
  const world = stateAt()
  expect([1, 2, 3, 4, 5].map(() => world.take())).toEqual([true, true, true, false, false])
  world.at += 19_999
  expect(world.waitMs()).toBeCloseTo(1)
  world.at += 1
  expect([1, 2].map(() => world.take())).toEqual([true, false])
  world.at += 60_000
  expect([1, 2, 3, 4].map(() => world.take())).toEqual([true, true, true, false])
})

test('asking in vain takes nothing', () => {
  const world = stateAt()
  for (let i = 0; i < 3; i++) world.take()
  for (let i = 0; i < 1000; i++) expect(world.take()).toBe(false)
  world.at += 20_000
  expect(world.take()).toBe(true)
})

test('each key has its own', () => {
  const world = stateAt()
  for (const key of ['a', 'b', '__proto__', 'constructor', ''])
    expect([1, 2, 3, 4].map(() => world.take(key))).toEqual([true, true, true, false])
})

test('over a long time never more than the rate and one allowance', () => {
  const world = stateAt()
  let taken = 0
  for (let step = 0; step < 10_000; step++) {
    world.at += 100
    if (world.take()) taken++
  }
  expect(taken).toBe(Math.floor((10_000 * 100) / 20_000) + 3 - 1)
})

test('a clock that goes back makes nobody wait longer than one span', () => {
  const world = stateAt()
  for (let i = 0; i < 3; i++) world.take()
  world.at -= 10_000_000
  expect(world.waitMs()).toBeLessThanOrEqual(60_000)
  world.at += 60_000
  expect(world.take()).toBe(true)
})

test('a clock that leaps gives no more than one allowance', () => {
  const world = stateAt()
  world.take()
  world.at += 1e12
  expect([1, 2, 3, 4].map(() => world.take())).toEqual([true, true, true, false])
})

test('when it is full, who has not asked for longest is forgotten', () => {
  const world = stateAt(2)
  for (let i = 0; i < 4; i++) world.take('a')
  world.take('b')
  expect(world.take('a')).toBe(false)
  world.take('c')
  // `b` was forgotten, `a` was not.
  expect(world.take('a')).toBe(false)
  expect([1, 2, 3].map(() => world.take('b'))).toEqual([true, true, true])
})

describe('who asks', () => {
  const caller = { id: 'vent-01', profile: null }
  test.each<[key: string, caller: typeof caller | null, address: string | undefined]>([
    ['caller vent-01', caller, '10.0.0.1'],
    ['address 10.0.0.1', null, '10.0.0.1'],
    ['address 10.0.0.1', null, '::ffff:10.0.0.1'],
    ['address 10.0.0.1', null, '0:0:0:0:0:ffff:10.0.0.1'],
    ['address fd20:0:0:0', null, 'fd20::1'],
    ['address fd20:0:0:0', null, 'fd20::ffff:2'],
    ['address fd20:0:0:0', null, 'FD20:0000::2%eth0'],
    ['address fd20:0:0:0', null, '[fd20::3]'],
    ['address fd20:0:0:1', null, 'fd20:0:0:1::'],
    ['address 1:2:3:4', null, '1:2:3:4:5:6:7:8'],
    ['address 0:0:0:0', null, '::'],
    ['strangers', null, undefined],
    ['strangers', null, ''],
  ])('%s', (key, who, address) => {
    expect(askerOf(who, address)).toBe(key)
  })

  test('keys are bounded', () => {
    expect(askerOf({ id: 'x'.repeat(10_000), profile: null }, undefined).length).toBeLessThan(250)
    expect(askerOf(null, 'x'.repeat(10_000)).length).toBeLessThan(100)
    expect(askerOf(null, ':'.repeat(10_000)).length).toBeLessThan(100)
  })
})

test('rates', () => {
  expect(parseRate('30/min')).toEqual({ amount: 30, perMs: 60_000 })
  expect(parseRate('5/s')).toEqual({ amount: 5, perMs: 1000 })
  expect(parseRate('1000/h')).toEqual({ amount: 1000, perMs: 3_600_000 })
  for (const text of ['', '0/s', '-1/s', '1.5/s', '1/d', '1/min ', '1', 'constructor', '1/constructor'])
    expect(parseRate(text)).toBeNull()
})
