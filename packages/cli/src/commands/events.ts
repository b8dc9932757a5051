/**
 * `thingwall events`: what was blocked and seen, past or as it comes. The daemon is asked; where none runs the store is
 * read, which takes the right to. With `--follow --json` each event is a line.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventJson, type EventQuery, eventFolder, eventJson, startReader } from '@thingwall/gateway'
import { parseDate } from '@thingwall/policy'
import { ask, open, refusalOf } from '../events/api.ts'
import { eventLine } from '../events/event-text.ts'
import type { Call } from '../frame/call.ts'
import { parseDuration } from '../frame/duration.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import { pageOf } from '../frame/page.ts'
import type { Host, Report } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { stateFolderOf } from './site.ts'

interface Page {
  readonly events: readonly EventJson[]
  readonly hasMore: boolean
  readonly unreadable: readonly string[]
}

const KINDS = ['denied', 'allowed', 'opened', 'closed', 'notice'] as const
type Kind = (typeof KINDS)[number]
const USUAL_LIMIT = 100
const LARGEST_LIMIT = 10_000
const HOUR_MS = 3_600_000
const LOOK_EVERY_MS = 1000

interface Wanted {
  readonly device: string | undefined
  readonly rule: string | undefined
  readonly kinds: readonly Kind[] | null
  readonly sinceMs: number
  readonly limit: number
}

export async function run(call: Call, host: Host): Promise<Report> {
  const wanted = wantedOf(call, host)
  const page = (await fromDaemon(host, wanted)) ?? (await fromStore(call, host, wanted))
  const events = page.events.toReversed()
  if (call.options.follow === true) return follow(call, host, wanted, { ...page, events })
  return {
    exit: exits.fine,
    json: { events, hasMore: page.hasMore, unreadable: page.unreadable },
    text: (on) =>
      events.length === 0
        ? `${on.ink('dim', 'nothing was seen')}\n`
        : events.map((event) => `${eventLine(event, on)}\n`).join(''),
    aside: (on) => asideText(page, wanted, on.ink),
    next:
      events.length === 0
        ? []
        : [[`thingwall explain ${events.at(-1)?.id ?? ''}`, 'why, and what to do about it']],
  }
}

function asideText(page: Page, { limit }: Wanted, ink: (ink: 'yellow', text: string) => string): string {
  const lines = [
    ...(page.hasMore
      ? [`there are more than these ${limit}: --limit, --since, --device narrow or widen it`]
      : []),
    ...page.unreadable.map((part) => `not readable: ${safe(part, 200)}`),
  ]
  return lines.map((line) => `${ink('yellow', line)}\n`).join('')
}

function wantedOf({ options }: Call, host: Host): Wanted {
  const { device, rule, since, kind, limit } = options
  const kinds = kind === undefined ? null : kind.split(',')
  const unknown = kinds?.find((one) => !(KINDS as readonly string[]).includes(one))
  if (unknown !== undefined)
    throw usage(`--kind ${safe(unknown, 40)} is no kind of event`, `they are ${KINDS.join(', ')}`)
  const count = limit === undefined ? USUAL_LIMIT : Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > LARGEST_LIMIT)
    throw usage(`--limit ${safe(limit ?? '', 40)} is no count`, `write a number from 1 to ${LARGEST_LIMIT}`)
  return { device, rule, kinds: kinds as readonly Kind[] | null, sinceMs: sinceOf(since, host), limit: count }
}

function sinceOf(text: string | undefined, host: Host): number {
  if (text === undefined) return host.now() - HOUR_MS
  const lengthMs = parseDuration(text)
  const at = lengthMs === null ? parseDate(text) : host.now() - lengthMs
  if (at === null)
    throw usage(
      `--since ${safe(text, 40)} is no time`,
      'write 30m, 1h, 7d, 2026-03-02 or 2026-03-02T18:00:00Z',
    )
  return at
}

function filterOf({ device, rule, kinds }: Wanted): URLSearchParams {
  const query = new URLSearchParams()
  if (device !== undefined) query.set('device', device)
  if (rule !== undefined) query.set('rule', rule)
  if (kinds !== null) query.set('kind', kinds.join(','))
  return query
}

async function fromDaemon(host: Host, wanted: Wanted): Promise<Page | null> {
  const query = filterOf(wanted)
  query.set('since', new Date(wanted.sinceMs).toISOString())
  query.set('limit', String(wanted.limit))
  return ask<Page>(host, `/v1/events?${query}`)
}

async function fromStore(call: Call, host: Host, wanted: Wanted, after?: string): Promise<Page> {
  const folder = eventFolder(stateFolderOf(call, host))
  const { requireReadable } = await import('../events/readable.ts')
  requireReadable(folder)
  const reader = startReader(folder)
  try {
    const { device, rule, kinds, sinceMs, limit } = wanted
    const query: EventQuery = {
      ...(device === undefined ? {} : { device }),
      ...(rule === undefined ? {} : { rule }),
      ...(kinds === null ? {} : { kinds }),
      ...(after === undefined
        ? { sinceMs }
        : { after: after as NonNullable<EventQuery['after']>, order: 'oldest' }),
      limit,
    }
    const page = await reader.query(query)
    return { ...page, events: page.events.map(eventJson) }
  } finally {
    await reader.close()
  }
}

/** Prints by itself: there is no end to report. */
async function follow(call: Call, host: Host, wanted: Wanted, past: Page): Promise<Report> {
  const asJson = call.options.json === true
  const on = pageOf(host, 'stdout')
  const print = (event: EventJson): void => {
    host.stdout.write(asJson ? `${JSON.stringify(event)}\n` : `${eventLine(event, on)}\n`)
  }
  for (const event of past.events) print(event)
  let last = past.events.at(-1)?.id
  for (;;) {
    const query = filterOf(wanted)
    if (last !== undefined) query.set('after', last)
    const answer = await open(host, `/v1/events/stream?${query}`)
    if (answer !== null && answer.statusCode !== 200) throw await refusalOf(answer)
    if (answer !== null) {
      try {
        for await (const event of eventsIn(answer)) {
          print(event)
          last = event.id
        }
      } catch (error) {
        if (error instanceof Failure) throw error
      }
    } else {
      const page = await fromStore(call, host, wanted, last)
      for (const event of last === undefined ? page.events.toReversed() : page.events) {
        print(event)
        last = event.id
      }
    }
    // The daemon is started again, or somebody reads a store that nobody writes to.
    await sleep(LOOK_EVERY_MS)
  }
}

/** The events of a stream of server-sent events. */
async function* eventsIn(answer: AsyncIterable<Buffer | string>): AsyncGenerator<EventJson> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of answer) {
    rest += typeof part === 'string' ? part : decoder.decode(part, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice(6)) as EventJson
  }
}
