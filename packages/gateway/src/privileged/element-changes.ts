/**
 * Changes of the elements of sets while a rule set is in force: bindings that come and go. Each batch is one transaction.
 *
 * An element that is there already does not get a new time limit by being added again; `renew` takes it out and puts it
 * back, and works whether it was there or not. In a map it must have had the same data.
 */
import { familyOf, fieldsOf, nameOf, only, Refused, type TableFamily } from './checked.ts'
import { isOurTable } from './rule-text.ts'

export interface ElementChange {
  readonly verb: 'add' | 'delete' | 'renew'
  readonly family: TableFamily
  readonly table: string
  readonly set: string
  /** `10.0.0.7`, `24:6f:28:aa:00:01 . 10.0.0.7 timeout 5m`, `10.0.0.7 : 0x1`. For `delete` the keys alone. */
  readonly elements: readonly string[]
}

const MOST_CHANGES = 1000
const MOST_ELEMENTS = 100_000
/** An interface's name, addresses, numbers, concatenations, a time limit and data. Nothing that could end the list. */
const ELEMENT = /^(?:"[0-9A-Za-z_.@-]{1,15}" \. )?[0-9A-Za-z:][0-9A-Za-z:./ -]{0,199}$/

/** Reads changes that came from outside and writes them as nft commands. Throws `Refused`. */
export function readChanges(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_CHANGES)
    throw new Refused('not a batch')
  let count = 0
  const commands: string[] = []
  for (const change of value as readonly unknown[]) {
    const { verb, family, table, set, elements, ...rest } = fieldsOf(change)
    only(rest, [])
    if (verb !== 'add' && verb !== 'delete' && verb !== 'renew') throw new Refused('no such change')
    if (!Array.isArray(elements) || elements.length === 0) throw new Refused('not a list of elements')
    count += elements.length
    if (count > MOST_ELEMENTS) throw new Refused('too many elements')
    const place = `${familyOf(family)} ${nameOf(table)} ${nameOf(set)}`
    if (!isOurTable(table as string)) throw new Refused('not our table')
    commands.push(...writeChange(verb, place, elements.map(elementOf)))
  }
  return commands.join('')
}

/** The same for changes of our own making. */
export function writeChanges(changes: readonly ElementChange[]): string {
  return readChanges(changes)
}

function writeChange(
  verb: ElementChange['verb'],
  place: string,
  elements: readonly string[],
): readonly string[] {
  const all = elements.join(', ')
  if (verb !== 'renew') return [`${verb} element ${place} { ${all} }\n`]
  const keys = elements.map(keyOf).join(', ')
  // Without a limit of its own the first addition would leave a trace if the rest failed; it cannot: one transaction.
  return [
    `add element ${place} { ${all} }\n`,
    `delete element ${place} { ${keys} }\n`,
    `add element ${place} { ${all} }\n`,
  ]
}

/** An element without its time limit and data. */
function keyOf(element: string): string {
  return element.replace(/ (?:timeout|:) .*$/, '')
}

function elementOf(value: unknown): string {
  if (typeof value !== 'string' || !ELEMENT.test(value)) throw new Refused('not an element')
  return value
}
