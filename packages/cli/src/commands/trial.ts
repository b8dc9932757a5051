/** A trial in words and as JSON: until when, and what comes after it. */
import type { ApplicationRecord, Trial } from '@thingwall/gateway'
import { formatDuration } from '../frame/duration.ts'
import { safe } from '../render/text.ts'

export function trialText({ leftMs, until, returnsTo }: Trial): string {
  return `on trial for ${formatDuration(leftMs)} more, until ${timeText(until)}: unless it is confirmed, ${stateText(returnsTo)} again`
}

/** `2026-11-22T18:02:00Z`: to the second, the last one that was whole. */
export function timeText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

export function trialJson({ leftMs, until, returnsTo }: Trial): Record<string, unknown> {
  return {
    leftMs,
    until: new Date(until).toISOString(),
    returnsTo: {
      digest: returnsTo.digest,
      sequence: returnsTo.record?.sequence ?? null,
      policy: returnsTo.record?.policy.name ?? null,
    },
  }
}

/** `mauna-loa (application 3) is in force`, or that nothing is. */
export function stateText(
  state: { readonly digest: string | null; readonly record: ApplicationRecord | null },
  be: 'is' | 'was' = 'is',
): string {
  const { digest, record } = state
  if (digest === null) return `nothing ${be} in force`
  if (record === null) return `${digest.slice(0, 12)} ${be} in force`
  return `${safe(record.policy.name)} (application ${record.sequence}) ${be} in force`
}
