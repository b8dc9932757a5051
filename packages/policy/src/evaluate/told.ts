/**
 * What each device was told, as numbers in one flat array: until when it may use which answer for which name that rules
 * speak of. `evaluate` asks for every flow; at 100,000 devices maps of texts answer with a dozen trips to main memory,
 * this with one.
 *
 * Names that no rule speaks of are left out, because no rule asks for them.
 */
import type { Address } from '../model/address.ts'
import {
  ABSENT,
  type AddressTable,
  addressTable,
  findAddress,
  putAddress,
  scatter,
} from '../model/address-table.ts'
import { EVERY_DEVICE, type Said, type Told } from '../model/flow.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { MAYBE, NO, type Truth, YES } from './truth.ts'

/** Nobody was told anything; of any rule set. */
export const nothingTold: Told = {
  answers: addressTable(0, 0),
  patterns: 0,
  choices: 0,
  isCommon: false,
  rows: new Float64Array(0),
}

/** Stands for "any answer at all", beside the numbers of answers, which begin at 0. */
const ANY_ANSWER = -1

/** The table for the devices and patterns of one rule set. Throws where their product is past what a number can hold. */
export function tellAll(ruleset: Ruleset, names: Said['names']): Told {
  const patternsOf = patternFinder(ruleset.patterns)
  const [answers, count, rowCount] = numberAnswers(names, patternsOf)
  if (rowCount === 0) return nothingTold
  const everybody = ruleset.devices.length
  const told: Told = {
    answers,
    patterns: ruleset.patterns.length,
    choices: count + 1,
    isCommon: names.has(EVERY_DEVICE),
    rows: new Float64Array(2 ** Math.ceil(Math.log2(rowCount * 1.5)) * 2),
  }
  if (!Number.isSafeInteger(keyOf(told, everybody + 1, 0, 0)))
    throw new RangeError(`${everybody} devices, ${told.patterns} names and ${count} answers are too many`)
  for (const [device, said] of names) {
    const index = device === EVERY_DEVICE ? everybody : ruleset.deviceByName.get(device)
    if (index === undefined) continue
    for (const [name, given] of said) {
      for (const pattern of patternsOf(name)) {
        for (const { address, until } of given) {
          lengthen(told, index, pattern, ANY_ANSWER, until)
          lengthen(told, index, pattern, findAddress(answers, address), until)
        }
      }
    }
  }
  return told
}

/**
 * Whether a device (an index; the number of devices: everybody) may use an answer now for a name that a pattern covers:
 * yes, no (it has others), or it was told nothing, which says neither.
 */
export function toldBy(told: Told, device: number, pattern: number, answer: number, at: number): Truth {
  if (told.rows.length === 0) return MAYBE
  if (answer !== ABSENT && isValid(told, device, pattern, answer, at)) return YES
  return isValid(told, device, pattern, ANY_ANSWER, at) ? NO : MAYBE
}

function isValid(told: Told, device: number, pattern: number, answer: number, at: number): boolean {
  const row = rowOf(told, device, pattern, answer)
  return told.rows[row] !== 0 && (told.rows[row + 1] as number) > at
}

function lengthen(told: Told, device: number, pattern: number, answer: number, until: number): void {
  const { rows } = told
  const row = rowOf(told, device, pattern, answer)
  rows[row + 1] = rows[row] === 0 ? until : Math.max(until, rows[row + 1] as number)
  rows[row] = keyOf(told, device, pattern, answer)
}

/** Where a row is, or the free place where it would be: open addressing with linear probing. */
function rowOf(told: Told, device: number, pattern: number, answer: number): number {
  const { rows } = told
  const key = keyOf(told, device, pattern, answer)
  const mask = rows.length - 1
  let row = (scatter(device ^ scatter(pattern ^ scatter(answer))) << 1) & mask
  while (rows[row] !== 0 && rows[row] !== key) row = (row + 2) & mask
  return row
}

/** Device, pattern and answer as one number from 1. */
function keyOf({ patterns, choices }: Told, device: number, pattern: number, answer: number): number {
  return (device * patterns + pattern) * choices + answer + 2
}

/** The table of the answers to names that rules speak of, how many there are, and the most rows they can fill. */
function numberAnswers(
  names: Said['names'],
  patternsOf: (name: string) => readonly number[],
): readonly [answers: AddressTable, count: number, rows: number] {
  const found = new Set<Address>()
  let rows = 0
  for (const told of names.values()) {
    for (const [name, given] of told) {
      const patterns = patternsOf(name).length
      if (patterns === 0) continue
      for (const { address } of given) found.add(address)
      if (given.length > 0) rows += patterns * (given.length + 1)
    }
  }
  let six = 0
  for (const address of found) if (address.length === 32) six += 1
  const table = addressTable(found.size - six, six)
  let next = 0
  for (const address of found) putAddress(table, address, next++)
  return [table, found.size, rows]
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
