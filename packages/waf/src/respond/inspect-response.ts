/**
 * Responses, judged as they are sent: what a server should keep to itself (private keys, credentials, traces, source). Text comes in
 * pieces cut anywhere; what is held is bounded, and every rule is linear. It deliberately decodes nothing: what leaks is sent as it is.
 */
import { scanFor } from '../judge/triggers.ts'
import type { Finding } from '../model/decision.ts'
import type { Leaked, LeakRule } from './leak.ts'
import { privateKeys } from './private-keys.ts'
import { accountsFile, connectionStrings, settingsFile, tokenRule } from './secrets.ts'
import { sourceCode } from './source.ts'
import { databaseErrors, stackTraces } from './traces.ts'

const rules: readonly LeakRule[] = [
  privateKeys,
  tokenRule,
  connectionStrings,
  settingsFile,
  accountsFile,
  stackTraces,
  databaseErrors,
  sourceCode,
]
const scan = scanFor(rules.map(({ triggers }) => triggers))

/** The ids of all rules about responses: an exclusion may name them, for the field `response`. */
export const leakIds: readonly string[] = rules.map(({ id }) => id)

/** In characters: judged at once, and seen once more with what follows, so that nothing is missed where pieces end. */
const windowLength = 65_536
const overlapLength = 2_048

/** Finds the first leak in a response that comes in pieces. Holds less than two windows. */
export class ResponseInspector {
  readonly #skipped: ReadonlySet<string>
  #held = ''
  /** Where in the response `#held` begins. */
  #at = 0
  #finding: Finding | null = null

  /** `skipped` are the ids of rules that do not hold for this response. */
  constructor(skipped: ReadonlySet<string> = new Set()) {
    this.#skipped = skipped
  }

  /** The next piece. What is found may show only with a later piece, or at the end. */
  write(text: string): Finding | null {
    this.#held += text
    while (this.#finding === null && this.#held.length >= windowLength) {
      this.#judge(this.#held.slice(0, windowLength))
      this.#held = this.#held.slice(windowLength - overlapLength)
      this.#at += windowLength - overlapLength
    }
    return this.#finding
  }

  /** Judges what is there so far, for who sends it on at once; its end is seen once more with what follows. */
  look(): Finding | null {
    if (this.#finding !== null) return this.#finding
    this.#judge(this.#held)
    const seen = Math.max(0, this.#held.length - overlapLength)
    this.#held = this.#held.slice(seen)
    this.#at += seen
    return this.#finding
  }

  /** There is no more. */
  end(): Finding | null {
    if (this.#finding === null) this.#judge(this.#held)
    this.#held = ''
    return this.#finding
  }

  #judge(window: string): void {
    const triggered = scan(window)
    if (triggered === 0) return
    for (const [index, rule] of rules.entries()) {
      if ((triggered & (1 << index)) === 0 || this.#skipped.has(rule.id)) continue
      const found = rule.find(window, this.#at)
      if (found === null) continue
      this.#finding = findingOf(rule, found, this.#at)
      return
    }
  }
}

/** The first leak in a whole response, or null. */
export function inspectResponse(text: string, skipped?: ReadonlySet<string>): Finding | null {
  const inspector = new ResponseInspector(skipped)
  return inspector.write(text) ?? inspector.end()
}

function findingOf({ id }: LeakRule, { at, excerpt, why }: Leaked, before: number): Finding {
  return {
    rule: id,
    place: 'response',
    name: '',
    part: 'value',
    excerpt,
    offset: before + at,
    layers: [],
    why,
  }
}
