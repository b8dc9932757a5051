/** What whoever is in a hurry has to say all the same: why, and for how long. */
import { type Caller, survey, thisMachine } from '@thingwall/gateway'
import { callerOf, personOf } from '../commands/site.ts'
import type { Call } from '../frame/call.ts'
import { parseDuration } from '../frame/duration.ts'
import { usage } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import type { Entry } from './overlay-text.ts'

/** The reason, who gives it, and when. Throws `usage` where none is given. */
export async function saidBy(call: Call, host: Host): Promise<Entry> {
  const { why, owner, ticket } = call.options
  if (why === undefined)
    throw usage('--why is missing', 'say why, in a sentence: it is kept, and shown to whoever asks')
  const caller: Caller | null = await callerOf(host, await survey(thisMachine))
  return {
    why,
    ...(owner !== undefined && { owner }),
    ...(ticket !== undefined && { ticket }),
    source: await personOf(host, caller),
    added: instant(host.now()),
  }
}

/** How long, from `--for`; null where it is not given. Throws `usage`. */
export function lengthOf(call: Call, longestMs: number): number | null {
  const text = call.options.for
  if (text === undefined) return null
  const lengthMs = parseDuration(text)
  if (lengthMs !== null && lengthMs >= 1000 && lengthMs <= longestMs) return lengthMs
  throw usage(
    `--for ${safe(text, 40)} is no length of time for this`,
    `write 30m, 2h or 1d, at most ${longestMs / 86_400_000}d; what is to last belongs in the policy`,
  )
}

/** An instant as policies write it, to the second. */
export function instant(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
