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

/** One command of nft: elements that come, or keys that go. */
export interface ElementStep {
  readonly verb: 'add' | 'delete'
  readonly family: TableFamily
  readonly table: string
  readonly set: string
  /** As nft reads them between braces. */
  readonly elements: string
}

const MOST_CHANGES = 1000
const MOST_ELEMENTS = 100_000
/** An interface's name, addresses, numbers, concatenations, a time limit and data. Nothing that could end the list. */
const ELEMENT = /^(?:"[0-9A-Za-z_.@-]{1,15}" \. )?[0-9A-Za-z:][0-9A-Za-z:./ -]{0,199}$/

/** Reads changes that came from outside. Throws `Refused`. */
export function readChanges(value: unknown): readonly ElementStep[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_CHANGES)
    throw new Refused('not a batch')
  let count = 0
  const steps: ElementStep[] = []
  for (const change of value as readonly unknown[]) {
    const { verb, family, table, set, elements, ...rest } = fieldsOf(change)
    only(rest, [])
    if (verb !== 'add' && verb !== 'delete' && verb !== 'renew') throw new Refused('no such change')
    if (!Array.isArray(elements) || elements.length === 0) throw new Refused('not a list of elements')
    count += elements.length
    if (count > MOST_ELEMENTS) throw new Refused('too many elements')
    const place = { family: familyOf(family), table: nameOf(table), set: nameOf(set) }
    if (!isOurTable(place.table)) throw new Refused('not our table')
    steps.push(...stepsOf(verb, place, elements.map(elementOf)))
  }
  return steps
}

/** Changes of our own making as nft commands. */
export function writeChanges(changes: readonly ElementChange[]): string {
  return writeSteps(readChanges(changes))
}

/** As nft commands. */
export function writeSteps(steps: readonly ElementStep[]): string {
  return steps
    .map(
      ({ verb, family, table, set, elements }) =>
        `${verb} element ${family} ${table} ${set} { ${elements} }\n`,
    )
    .join('')
}

function stepsOf(
  verb: ElementChange['verb'],
  place: Pick<ElementStep, 'family' | 'table' | 'set'>,
  elements: readonly string[],
): readonly ElementStep[] {
  const all = elements.join(', ')
  if (verb !== 'renew') return [{ verb, ...place, elements: all }]
  const come = { verb: 'add', ...place, elements: all } as const
  // Without a limit of its own the first addition would leave a trace if the rest failed; it cannot: one transaction.
  return [come, { verb: 'delete', ...place, elements: elements.map(keyOf).join(', ') }, come]
}

/** An element without its time limit and data. */
function keyOf(element: string): string {
  return element.replace(/ (?:timeout|:) .*$/, '')
}

function elementOf(value: unknown): string {
  if (typeof value !== 'string' || !ELEMENT.test(value)) throw new Refused('not an element')
  return value
}
