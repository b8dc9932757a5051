/**
 * What each device was told, as numbers in one flat array: until when it may use which answer for which name that rules
 * speak of. `evaluate` asks for every flow; at 100,000 devices maps of texts answer with a dozen trips to main memory,
 * this with two or three.
 *
 * Names that no rule speaks of are left out, because no rule asks for them.
 */
import type { Address } from '../model/address.ts'
import { ABSENT, addressTable, findAddress, putAddress } from '../model/address-table.ts'
import { EVERY_DEVICE, type Said, type Told } from '../model/flow.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { MAYBE, NO, type Truth, YES } from './truth.ts'

/** Nobody was told anything; of any rule set. */
export const nothingTold: Told = {
  answers: addressTable(0, 0),
  starts: new Int32Array(0),
  rows: new Float64Array(0),
}

/** Stands for "any answer at all", and sorts before those of addresses, which begin at 0. */
const ANY_ANSWER = -1

/** The table for the devices and patterns of one rule set. */
export function tellAll(ruleset: Ruleset, names: Said['names']): Told {
  if (names.size === 0) return nothingTold
  const answers = numberAnswers(names)
  const patternsOf = patternFinder(ruleset.patterns)
  const everybody = ruleset.devices.length
  const untilOf = new Array<Map<number, number> | undefined>(everybody + 1)
  for (const [device, told] of names) {
    const index = device === EVERY_DEVICE ? everybody : ruleset.deviceByName.get(device)
    if (index === undefined) continue
    const longest = new Map<number, number>()
    for (const [name, given] of told) {
      for (const pattern of patternsOf(name)) {
        for (const { address, until } of given) {
          for (const answer of [ANY_ANSWER, findAddress(answers, address)]) {
            const key = keyOf(pattern, answer)
            longest.set(key, Math.max(until, longest.get(key) ?? until))
          }
        }
      }
    }
    untilOf[index] = longest
  }
  return { answers, ...packed(untilOf) }
}

/**
 * Whether a device (an index; the number of devices: everybody) may use an answer now for a name that a pattern covers:
 * yes, no (it has others), or it was told nothing, which says neither.
 */
export function toldBy(told: Told, device: number, pattern: number, answer: number, at: number): Truth {
  const end = told.starts[device + 1] ?? 0
  const first = findRow(told.rows, told.starts[device] ?? 0, end, keyOf(pattern, ANY_ANSWER))
  if (first === end || !isValid(told.rows, first, keyOf(pattern, ANY_ANSWER), at)) return MAYBE
  if (answer === ABSENT) return NO
  const row = findRow(told.rows, first + 1, end, keyOf(pattern, answer))
  return row < end && isValid(told.rows, row, keyOf(pattern, answer), at) ? YES : NO
}

/** The first of some rows whose key is not smaller. */
function findRow(rows: Float64Array, from: number, end: number, key: number): number {
  let low = from
  for (let high = end; low < high; ) {
    const middle = (low + high) >>> 1
    if ((rows[middle * 2] as number) < key) low = middle + 1
    else high = middle
  }
  return low
}

function isValid(rows: Float64Array, row: number, key: number, at: number): boolean {
  return rows[row * 2] === key && (rows[row * 2 + 1] as number) > at
}

/** Pattern and answer as one number, in the order of the rows. */
function keyOf(pattern: number, answer: number): number {
  return pattern * 2 ** 32 + answer + 1
}

function packed(
  untilOf: readonly (ReadonlyMap<number, number> | undefined)[],
): Pick<Told, 'starts' | 'rows'> {
  const starts = new Int32Array(untilOf.length + 1)
  for (const [device, longest] of untilOf.entries())
    starts[device + 1] = (starts[device] as number) + (longest?.size ?? 0)
  const rows = new Float64Array((starts[untilOf.length] as number) * 2)
  let at = 0
  for (const longest of untilOf) {
    if (longest === undefined) continue
    for (const [key, until] of [...longest].sort((a, b) => a[0] - b[0])) {
      rows[at++] = key
      rows[at++] = until
    }
  }
  return { starts, rows }
}

function numberAnswers(names: Said['names']): Told['answers'] {
  const found = new Set<Address>()
  for (const told of names.values())
    for (const answers of told.values()) for (const { address } of answers) found.add(address)
  let six = 0
  for (const address of found) if (address.length === 32) six += 1
  const table = addressTable(found.size - six, six)
  let next = 0
  for (const address of found) putAddress(table, address, next++)
  return table
}

/** The indexes of the patterns that cover a name: itself, and a wildcard for each of its ends (see `nameMatches`). */
function patternFinder(patterns: readonly string[]): (name: string) => readonly number[] {
  const indexOf = new Map(patterns.map((pattern, index) => [pattern, index]))
  const known = new Map<string, readonly number[]>()
  return (name) => {
    let found = known.get(name)
    if (found === undefined) {
      const covering = [name]
      for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1))
        covering.push(`*${name.slice(dot)}`)
      found = covering.flatMap((pattern) => indexOf.get(pattern) ?? [])
      known.set(name, found)
    }
    return found
  }
}
