/**
 * A pattern that is run in one pass: every state it can be in is made before the first text comes, and each character of a text is
 * one step in a table. What would need a table without bounds is refused when it is declared. A text is searched, as JSON
 * Schema does: `^` and `$` say where it must begin and end. No engine that goes back ever sees a text.
 */
import { type CodePoints, includes, lastCodePoint, words } from './code-points.ts'
import { type Machine, machineOf, mostSteps } from './machine.ts'
import { type Assertion, parsePattern } from './parse.ts'

/** Whether a text has the pattern in it. Linear in the text; never throws. */
export type TestPattern = (text: string) => boolean

const mostStates = 5_000
const mostCells = 400_000
/** Places looked at while states are made. */
const mostWork = 4_000_000

/** The test, or why there is none. */
export function readPattern(source: string): TestPattern | string {
  const tree = parsePattern(source)
  if (typeof tree === 'string') return tree
  const machine = machineOf(tree)
  if (machine === null)
    return `written out it has more than ${mostSteps} steps: use \`maxLength\` instead of large repetitions`
  return tableOf(machine)
}

/** What stands before or behind a place. */
type Side = 'nothing' | 'word' | 'other'

/** All code points that no step of the machine tells apart are of one class. */
interface Alphabet {
  readonly sides: readonly Side[]
  readonly members: readonly number[]
  readonly classOf: (code: number) => number
}

const dead = 0
const found = 1

interface State {
  readonly places: readonly number[]
  readonly before: Side
}

function tableOf(machine: Machine): TestPattern | string {
  const alphabet = alphabetOf(machine)
  const width = alphabet.members.length + 1
  const tooMany = 'it needs too many states: begin it with `^`, or make its repetitions shorter'
  const rows: number[][] = [new Array<number>(width).fill(dead), new Array<number>(width).fill(found)]
  const states: State[] = []
  const known = new Map<string, number>()
  const idOf = (places: readonly number[], before: Side): number => {
    const key = `${before}${places.join()}`
    const id = known.get(key) ?? states.push({ places, before }) + 1
    known.set(key, id)
    return id
  }
  const walk = walkerOf(machine)
  idOf([machine.start], 'nothing')
  let work = 0
  for (let at = 0; at < states.length; at++) {
    const { places, before } = states[at] as State
    const row: number[] = []
    for (let symbol = 0; symbol < width; symbol++) {
      const isEnd = symbol === width - 1
      const after = isEnd ? 'nothing' : (alphabet.sides[symbol] as Side)
      const next = walk(places, before, after, isEnd ? null : (alphabet.members[symbol] as number))
      work += next.looked
      if (work > mostWork) return tooMany
      // From every place of the text a match may begin.
      row.push(
        next.matched ? found : isEnd ? dead : idOf([...next.places, machine.start].toSorted(byNumber), after),
      )
    }
    rows.push(row)
    if (states.length > mostStates || states.length * width > mostCells) return tooMany
  }
  return runnerOf(rows, alphabet, width)
}

const byNumber = (a: number, b: number): number => a - b

function runnerOf(rows: readonly (readonly number[])[], { classOf }: Alphabet, width: number): TestPattern {
  const hopeful = whichCanMatch(rows)
  const table = Int32Array.from(
    rows.flatMap((row) => row.map((id) => (hopeful[id] === true ? id : dead) * width)),
  )
  const first = 2 * width
  return (text) => {
    let state = hopeful[2] === true ? first : dead
    for (let at = 0; at < text.length; at++) {
      if (state <= width) return state !== dead
      const code = text.codePointAt(at) as number
      if (code > 0xffff) at++
      state = table[state + classOf(code)] as number
    }
    return table[state + width - 1] === width
  }
}

/** States from which some text still leads to a match. */
function whichCanMatch(rows: readonly (readonly number[])[]): readonly boolean[] {
  const from: number[][] = rows.map(() => [])
  for (const [id, row] of rows.entries()) for (const next of new Set(row)) from[next]?.push(id)
  const can = rows.map(() => false)
  can[found] = true
  const queue = [found]
  for (let at = 0; at < queue.length; at++) {
    for (const id of from[queue[at] as number] ?? []) {
      if (can[id] === true) continue
      can[id] = true
      queue.push(id)
    }
  }
  return can
}

interface Walked {
  readonly matched: boolean
  /** Behind the character. */
  readonly places: readonly number[]
  readonly looked: number
}

/** From some places over one character, or over none at the end of the text. */
function walkerOf({
  steps,
  sets,
}: Machine): (places: readonly number[], before: Side, after: Side, code: number | null) => Walked {
  const seen = new Int32Array(steps.length)
  let round = 0
  return (places, before, after, code) => {
    round++
    const stack = [...places]
    const next = new Set<number>()
    let matched = false
    let looked = 0
    while (stack.length > 0) {
      const place = stack.pop() as number
      if (seen[place] === round) continue
      seen[place] = round
      looked++
      const step = steps[place] as Machine['steps'][number]
      switch (step.kind) {
        case 'match':
          matched = true
          break
        case 'one':
          if (code !== null && includes(sets[step.set] as CodePoints, code)) next.add(step.next)
          break
        case 'both':
          stack.push(step.next, step.other)
          break
        case 'assert':
          if (holds(step.what, before, after)) stack.push(step.next)
          break
        default:
          step satisfies never
      }
    }
    return { matched, places: [...next], looked }
  }
}

function holds(what: Assertion, before: Side, after: Side): boolean {
  switch (what) {
    case 'start':
      return before === 'nothing'
    case 'end':
      return after === 'nothing'
    case 'boundary':
      return (before === 'word') !== (after === 'word')
    case 'no-boundary':
      return (before === 'word') === (after === 'word')
    default:
      return what satisfies never
  }
}

function alphabetOf({ sets, steps }: Machine): Alphabet {
  const asksForWords = steps.some(
    (step) => step.kind === 'assert' && (step.what === 'boundary' || step.what === 'no-boundary'),
  )
  const told = asksForWords ? [...sets, words] : sets
  const starts = [0, ...told.flatMap((set) => set.flatMap(([first, last]) => [first, last + 1]))]
  const borders = [...new Set(starts)].filter((code) => code <= lastCodePoint).toSorted(byNumber)
  const byMembership = new Map<string, number>()
  const members: number[] = []
  const classes = borders.map((code) => {
    const key = told.map((set) => (includes(set, code) ? '1' : '0')).join('')
    const id = byMembership.get(key) ?? members.push(code) - 1
    byMembership.set(key, id)
    return id
  })
  const ascii = Int32Array.from({ length: 128 }, (_, code) => classes[placeIn(borders, code)] as number)
  return {
    members,
    sides: members.map((code) => (asksForWords && includes(words, code) ? 'word' : 'other')),
    classOf: (code) => (code < 128 ? (ascii[code] as number) : (classes[placeIn(borders, code)] as number)),
  }
}

/** The last border that is not behind the code point. */
function placeIn(borders: readonly number[], code: number): number {
  let low = 0
  let high = borders.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((borders[middle] as number) <= code) low = middle
    else high = middle - 1
  }
  return low
}
