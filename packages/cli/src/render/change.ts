/** Changes of a policy in words: what is written differently, which flows become allowed or blocked, which would be cut. */
import {
  type DocumentChange,
  formatAddress,
  type Meaning,
  type MeaningChange,
  placeOf,
  type Recorded,
  type RecordedCut,
  type Span,
  type Witness,
} from '@thingwall/policy'
import type { Ink, Page } from '../frame/report.ts'
import { showLine } from './place.ts'
import { count, hanging, safe } from './text.ts'

/** How many of a kind are written out; `--json` has all. */
const SHOWN = 50

const marks = { added: ['+', 'green'], removed: ['-', 'red'], changed: ['~', 'yellow'] } as const

/** `+ rule seismometer/firmware  thingwall.policy.ts:17`, one line each, what changed below. */
export function renderChanges(changes: readonly DocumentChange[], page: Page): string {
  const lines = changes.slice(0, SHOWN).map((change) => {
    const [mark, ink] = marks[change.kind]
    const origin = change.after ?? change.before
    const place = origin === null ? '' : `  ${page.ink('dim', showLine(origin, page.cwd))}`
    const head = `${page.ink(ink, mark)} ${change.of} ${safe(change.name, 200)}${place}`
    const details = change.properties.map(({ name, before, after }) =>
      hanging(`    ${name}  `, `${quoted(before)} → ${quoted(after)}`, page.width),
    )
    return [head, ...details].join('\n')
  })
  return section(lines, changes.length)
}

/** What the change means, one sentence each, with the rules that decide. */
export function renderMeaning({ changes, isComplete }: Meaning, page: Page): string {
  const lines = changes.slice(0, SHOWN).map((change) => {
    const [mark, ink]: readonly [string, Ink] = change.becomes === 'allowed' ? ['+', 'green'] : ['-', 'red']
    const sentence = hanging('  ', safe(sayMeaning(change), 2000), page.width).slice(2)
    const by = `${listed(change.rules.after)} instead of ${listed(change.rules.before)}`
    return `${page.ink(ink, mark)} ${sentence}\n${page.ink('dim', hanging('    by ', by, page.width))}`
  })
  const more = isComplete
    ? ''
    : `${page.ink('yellow', 'at least these:')} there was more to judge than is judged at once\n`
  return section(lines, changes.length) + more
}

/** `profile seismometer (2 devices) may no longer open 443/tcp to api.volcano.example, from 2027-03-02 on` */
export function sayMeaning({
  becomes,
  direction,
  subjects,
  peers,
  services,
  addressed,
  span,
}: MeaningChange): string {
  const may = becomes === 'allowed' ? 'may now open' : 'may no longer open'
  const forwarded = addressed === null ? '' : `, addressed to ${listed(addressed)} of the gateway`
  const [who, whom] = direction === 'out' ? [subjects, peers] : [peers, subjects]
  return `${listed(who)} ${may} ${listed(services)} to ${listed(whom)}${forwarded}${spanText(span)}`
}

/** Flows that were seen and would be cut, those seen most first. */
export function renderCuts({ cuts, judged, undecided }: Recorded, page: Page): string {
  const lines = cuts.slice(0, SHOWN).map((cut) => {
    const by = `by ${cut.rule.id}${placeText(cut)}`
    return `${page.ink('red', '✗')} ${safe(sayCut(cut), 500)}\n${page.ink('dim', `    ${safe(by, 300)}`)}`
  })
  const not = undecided === 0 ? '' : `; of ${undecided} more nobody can tell`
  const sum = `${count(cuts.length, 'kind')} of flows that were seen would be cut, of ${count(judged, 'flow')} looked at${not}`
  return `${section(lines, cuts.length)}${sum}\n`
}

/** A witness for programs. */
export function witnessJson({ flow, at, before, after }: Witness): Record<string, unknown> {
  return {
    ...flow,
    source: formatAddress(flow.source),
    ...(flow.original && {
      original: { ...flow.original, destination: formatAddress(flow.original.destination) },
    }),
    destination: formatAddress(flow.destination),
    at: new Date(at).toISOString(),
    before: { verdict: before.verdict, rule: before.rule.id },
    after: { verdict: after.verdict, rule: after.rule.id },
  }
}

function sayCut({ from, to, service, count: times, lastMs }: RecordedCut): string {
  return `${from} → ${to} ${service}, seen ${count(times, 'time')}, last ${timeText(lastMs)}`
}

function placeText({ rule }: RecordedCut): string {
  const place = placeOf(rule.origin)
  return place === null ? '' : ` (${place})`
}

function spanText({ fromMs, untilMs, hours }: Span): string {
  const dates =
    fromMs !== null && untilMs !== null
      ? `, from ${timeText(fromMs)} to ${timeText(untilMs)}`
      : fromMs !== null
        ? `, from ${timeText(fromMs)} on`
        : untilMs !== null
          ? `, until ${timeText(untilMs)}`
          : ''
  return `${dates}${hours === null ? '' : `, ${hoursText(hours)}`}`
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** `Mon 08:00–18:00, Tue 08:00–18:00 … UTC`; the same hours of every day once. */
function hoursText(ranges: NonNullable<Span['hours']>): string {
  const written = ranges.flatMap(([first, end]) => daysOf(first, end))
  const byHours = Map.groupBy(written, ({ hours }) => hours)
  const texts = [...byHours].map(([hours, all]) =>
    all.length === 7 ? `daily ${hours}` : `${all.map(({ day }) => day).join(' ')} ${hours}`,
  )
  return `${texts.join(', ')} UTC`
}

function daysOf(first: number, end: number): readonly { readonly day: string; readonly hours: string }[] {
  const parts: { day: string; hours: string }[] = []
  for (let from = first; from < end; ) {
    const day = Math.floor(from / 1440)
    const until = Math.min(end, (day + 1) * 1440)
    parts.push({
      day: DAYS[day] as string,
      hours: `${clock(from - day * 1440)}–${clock(until - day * 1440)}`,
    })
    from = until
  }
  return parts
}

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** A day alone where it begins then. */
function timeText(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/T00:00:00\.000Z$/, '')
    .replace(/\.\d+Z$/, 'Z')
}

function listed(texts: readonly string[]): string {
  if (texts.length < 2) return safe(texts.join(''), 500)
  return safe(`${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`, 1000)
}

function quoted(text: string | null): string {
  return text === null ? 'nothing' : safe(text, 300)
}

function section(lines: readonly string[], all: number): string {
  const more = all > lines.length ? [`and ${all - lines.length} more; --json has them all`] : []
  return [...lines, ...more].map((line) => `${line}\n`).join('')
}
