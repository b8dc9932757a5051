/** A trial in words and as JSON: until when, and what comes after it. */
import type { ApplicationRecord, Trial } from '@thingwall/gateway'
import { formatDuration } from '../frame/duration.ts'
import { safe } from '../render/text.ts'

/** `now`: milliseconds since 1970. */
export function trialText({ leftMs, returnsTo }: Trial, now: number): string {
  const until = new Date(now + leftMs).toISOString()
  return `on trial for ${formatDuration(leftMs)} more, until ${until}: unless it is confirmed, ${stateText(returnsTo)} again`
}

/** `now`: milliseconds since 1970. */
export function trialJson({ leftMs, returnsTo }: Trial, now: number): Record<string, unknown> {
  return {
    leftMs,
    until: new Date(now + leftMs).toISOString(),
    returnsTo: {
      digest: returnsTo.digest,
      sequence: returnsTo.record?.sequence ?? null,
      policy: returnsTo.record?.policy.name ?? null,
    },
  }
}

/** `mauna-loa (application 3) is in force`, or that nothing is. */
export function stateText(state: {
  readonly digest: string | null
  readonly record: ApplicationRecord | null
}): string {
  const { digest, record } = state
  if (digest === null) return 'nothing is in force'
  if (record === null) return `${digest.slice(0, 12)} is in force`
  return `${safe(record.policy.name)} (application ${record.sequence}) is in force`
}
