/**
 * What checking the types of a large policy costs, in the compiler's own counts, which no other work on the machine
 * disturbs; how long it takes is measured by `npm run bench -- types`. Twice the policy must cost about twice as much:
 * where each rule comes to look at every name, the counts grow four times.
 */
import { describe, expect, test } from 'vitest'
import { type Compiled, compile } from './compiler.ts'
import { fleetSource } from './fleet.ts'

/** A compiler beside other work may have to wait; what it waits is not what is tested. */
const LIMIT_MS = 300_000

const none = { devices: 1, rules: 0 }
const half = { devices: 500, rules: 250 }
const whole = { devices: 1000, rules: 500 }

/** For a fault says what the compiler said. */
async function sound(source: string): Promise<Compiled> {
  const compiled = await compile(source)
  expect(compiled.code, compiled.output).toBe(0)
  expect(compiled.faults).toEqual([])
  return compiled
}

describe('the types of a large policy', { timeout: LIMIT_MS }, () => {
  test('cost in proportion to its size', async () => {
    const [least, less, more] = [
      await sound(fleetSource(none)),
      await sound(fleetSource(half)),
      await sound(fleetSource(whole)),
    ]
    for (const count of ['instantiations', 'types', 'allocations', 'megabytes'] as const) {
      const growth = (more[count] - least[count]) / (less[count] - least[count])
      expect(growth, count).toBeGreaterThan(1.5)
      expect(growth, count).toBeLessThan(2.5)
    }
    expect(more.instantiations).toBeLessThan(285_000)
    expect(more.allocations).toBeLessThan(1_000_000)
    expect(more.megabytes).toBeLessThan(100)
  })

  test('still refuse a misspelt name at its place', async () => {
    const word = 'dev-1000'
    const source = fleetSource(
      whole,
      `    more: deny.both({ who: 'dev-999', peer: '${word}', why: 'Reason' }),`,
    )
    const before = source.slice(0, source.indexOf(`peer: '${word}'`)).split('\n')
    const { code, faults } = await compile(source)
    expect(code).toBe(1)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(
      `thingwall.policy.ts(${before.length},${(before.at(-1)?.length ?? 0) + 1}): error TS`,
    )
  })

  test('of 5,000 devices in one literal are checked', async () => {
    const { megabytes } = await sound(fleetSource({ devices: 5000, rules: 6 }))
    expect(megabytes).toBeLessThan(250)
  })
})
