/**
 * Time cut where either policy changes by itself: at dates on which rules begin and end, and at hours of the week. What
 * is judged at one moment holds for the whole of the time it stands for.
 */
import { isWithin, type Ruleset, type WeekRanges } from '../../model/ruleset.ts'

export interface Moment {
  /** The instant that is judged, milliseconds since 1970. */
  readonly at: number
  /** Which stretch between two dates it stands for, and which hours of the week. */
  readonly stretch: number
  readonly hours: number
}

/** When something is so. All null: from now on, always. */
export interface Span {
  readonly fromMs: number | null
  readonly untilMs: number | null
  /** Only in these minutes of the week, UTC. */
  readonly hours: WeekRanges | null
}

export interface Moments {
  readonly all: readonly Moment[]
  /** Some of the moments, told as one span. */
  readonly spanOf: (some: readonly Moment[]) => Span
  /** False where there are more dates or hours than were looked at. */
  readonly isComplete: boolean
}

const WEEK = 7 * 1440
const MOST_DATES = 12
const MOST_HOURS = 16

/** From `at` on. `first` are the dates to look at even where there are too many. */
export function momentsFrom(rulesets: readonly Ruleset[], at: number, first: Iterable<number>): Moments {
  const rules = rulesets.flatMap((one) => one.rules)
  const dates = rules.flatMap(({ endsAt, matches }) => [
    endsAt,
    ...matches.flatMap((match) => [match.startsAt, match.endsAt]),
  ])
  const sorted = (some: Iterable<number | null>): readonly number[] =>
    [...new Set(some)]
      .filter((date) => date !== null && date > at)
      .sort((a, b) => (a as number) - (b as number)) as number[]
  const wanted = [...new Set([...sorted(first), ...sorted(dates)])]
  const begins = [at, ...wanted.slice(0, MOST_DATES).sort((a, b) => a - b)]
  const classes = hourClasses(rules.flatMap(({ when }) => (when === null ? [] : [when])))
  const all = begins.flatMap((begin, stretch) =>
    classes.slice(0, MOST_HOURS).flatMap((ranges, hours): readonly Moment[] => {
      const instant = nextWithin(ranges, begin)
      const end = begins[stretch + 1]
      return end !== undefined && instant >= end ? [] : [{ at: instant, stretch, hours }]
    }),
  )
  const spanOf = (some: readonly Moment[]): Span => {
    const stretches = some.map(({ stretch }) => stretch)
    const [low, high] = [Math.min(...stretches), Math.max(...stretches)]
    const there = all.filter(({ stretch }) => stretch >= low && stretch <= high)
    const hours = new Set(some.map((one) => one.hours))
    const isAlways = there.every((one) => hours.has(one.hours))
    return {
      fromMs: low === 0 ? null : (begins[low] as number),
      untilMs: begins[high + 1] ?? null,
      hours: isAlways ? null : [...hours].flatMap((one) => classes[one] ?? []).sort((a, b) => a[0] - b[0]),
    }
  }
  return { all, spanOf, isComplete: wanted.length <= MOST_DATES && classes.length <= MOST_HOURS }
}

/** Minutes of the week that no hours tell apart. */
function hourClasses(whens: readonly WeekRanges[]): readonly WeekRanges[] {
  const edges = new Set([0, ...whens.flatMap((ranges) => ranges.flat())])
  edges.delete(WEEK)
  const firsts = [...edges].sort((a, b) => a - b)
  const classes = new Map<string, [number, number][]>()
  for (const [at, first] of firsts.entries()) {
    const end = firsts[at + 1] ?? WEEK
    const key = whens.map((ranges) => Number(ranges.some(([a, b]) => first >= a && first < b))).join('')
    const ranges = classes.get(key) ?? []
    classes.set(key, ranges)
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === first) last[1] = end
    else ranges.push([first, end])
  }
  return [...classes.values()]
}

/** The first instant from `from` on that is within some minutes of the week. */
function nextWithin(ranges: WeekRanges, from: number): number {
  if (isWithin(ranges, from)) return from
  const minute = (Math.floor(from / 60_000) + 3 * 1440) % WEEK
  const waits = ranges.map(([first]) => (first - minute + WEEK) % WEEK)
  return (Math.floor(from / 60_000) + Math.min(...waits)) * 60_000
}
