/** A trial in words and as JSON: until when, and what comes after it. */
import type { ApplicationRecord, Trial } from '@thingwall/gateway'
import { formatDuration } from '../frame/duration.ts'
import { safe } from '../render/text.ts'

export function trialText({ leftMs, until, returnsTo }: Trial): string {
  const back = returnsTo.digest === null ? 'no policy at all' : nameText(returnsTo)
  return `on trial for ${formatDuration(leftMs)} more, until ${timeText(until)}; then back to ${back}, unless it is confirmed`
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
export function stateText(state: State): string {
  return `${state.digest === null ? 'nothing' : nameText(state)} is in force`
}

interface State {
  readonly digest: string | null
  readonly record: ApplicationRecord | null
}

function nameText({ digest, record }: State): string {
  if (record === null) return digest?.slice(0, 12) ?? 'nothing'
  return `${safe(record.policy.name)} (application ${record.sequence})`
}
