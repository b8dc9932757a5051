/** The prefix of a logged packet, back to the verdict and the rule that wrote it (see the nftables compiler's `verdicts.ts`). */

export interface LoggedBy {
  readonly kind: 'denied' | 'allowed'
  readonly rule: string | null
}

/** Rule ids are at most this long in a prefix; what is longer was not written by us. */
const LONGEST_BYTES = 127

/** A prefix that is not ours tells no rule; the packet was logged, so it counts as denied until somebody says more. */
export function readPrefix(text: string): LoggedBy {
  const found = /^thingwall:(allow|deny):([a-z0-9][a-z0-9/._*-]*)$/i.exec(text.slice(0, LONGEST_BYTES))
  if (found === null) return { kind: 'denied', rule: null }
  return { kind: found[1] === 'allow' ? 'allowed' : 'denied', rule: found[2] ?? null }
}
