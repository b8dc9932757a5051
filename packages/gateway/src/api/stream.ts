/**
 * Events as they come, for one client: server-sent events, read from the store behind a cursor. Nothing is queued for a
 * slow client: it reads on where it was.
 */
import type { ServerResponse } from 'node:http'
import type { Daemon } from '../daemon/daemon.ts'
import { compareIds, type EventId, type EventQuery } from '../store/store.ts'
import { eventJson } from './event-json.ts'

/** What a proxy or a client takes for a dead connection is longer. */
const ALIVE_EVERY_MS = 15_000
const AT_ONCE = 200

/** Ends with the connection. `after` null: from now on. */
export async function stream(
  daemon: Daemon,
  into: ServerResponse,
  filter: Pick<EventQuery, 'device' | 'kinds' | 'rule'>,
  after: EventId | null,
): Promise<void> {
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>()
  into.on('close', leave)
  into.on('error', leave)
  let isGone = false
  void gone.then(() => {
    isGone = true
  })
  const news: { upTo: EventId | null } = { upTo: null }
  let wake = (): void => {}
  const stop = daemon.onRecorded((last) => {
    news.upTo = last
    wake()
  })
  const alive = setInterval(() => into.write(':\n\n'), ALIVE_EVERY_MS)
  const drained = async (): Promise<void> => {
    await Promise.race([gone, new Promise<void>((resolve) => into.once('drain', resolve))])
  }
  try {
    let cursor = after ?? (await newest(daemon))
    into.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    into.write(':\n\n')
    while (!isGone) {
      const { upTo } = news
      const page = await daemon.events.query({
        ...filter,
        ...(cursor === null ? {} : { after: cursor }),
        order: 'oldest',
        limit: AT_ONCE,
      })
      for (const event of page.events) {
        const isTaken = into.write(`id: ${event.id}\ndata: ${JSON.stringify(eventJson(event))}\n\n`)
        if (!isTaken) await drained()
        if (isGone) return
      }
      cursor = page.events.at(-1)?.id ?? later(cursor, upTo)
      if (page.hasMore || news.upTo !== upTo) continue
      const { promise: more, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await Promise.race([gone, more])
    }
  } finally {
    clearInterval(alive)
    stop()
    into.end()
  }
}

async function newest(daemon: Daemon): Promise<EventId | null> {
  const { events } = await daemon.events.query({ order: 'newest', limit: 1 })
  return events[0]?.id ?? null
}

/** What was written before the look and did not match need not be looked at again. */
function later(cursor: EventId | null, upTo: EventId | null): EventId | null {
  if (cursor === null || upTo === null) return cursor ?? upTo
  return compareIds(cursor, upTo) < 0 ? upTo : cursor
}
