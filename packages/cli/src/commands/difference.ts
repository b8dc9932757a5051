/** What differs between the policy before and the one after, as `plan` tells it: in text, and as JSON. */
import {
  compareDocuments,
  compareMeaning,
  cutFlows,
  type DocumentChange,
  type Meaning,
  type PolicyDocument,
  placeOf,
  type Recorded,
  type RecordedFlow,
  type Ruleset,
  type Said,
} from '@thingwall/policy'
import type { Page } from '../frame/report.ts'
import type { SeenFlows } from '../load/seen.ts'
import { renderChanges, renderCuts, renderMeaning, sayMeaning, witnessJson } from '../render/change.ts'
import { showLine } from '../render/place.ts'
import { count, safe } from '../render/text.ts'

/** A policy as written and as meant. */
export interface Policy {
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
}

export interface Difference {
  readonly changes: readonly DocumentChange[]
  /** Null where nothing is in force before: then everything passes that the new policy does not refuse. */
  readonly meaning: Meaning | null
  /** Null where no flows were given. */
  readonly recorded: Recorded | null
}

export interface Circumstances {
  /** Flows that were seen; null for none known. */
  readonly flows: Iterable<RecordedFlow> | null
  readonly bindings: Said
  /** Milliseconds since 1970. */
  readonly at: number
}

/** `before` is null where nothing is in force. */
export function differenceOf(
  before: Policy | null,
  after: Policy,
  { flows, bindings, at }: Circumstances,
): Difference {
  const rulesets = { before: before?.ruleset ?? null, after: after.ruleset }
  return {
    changes: compareDocuments(before?.document ?? nothingOf(after.document), after.document),
    meaning: before === null ? null : compareMeaning(before.ruleset, after.ruleset, { at }),
    recorded: flows === null ? null : cutFlows(flows, { ...rulesets, bindings, at }),
  }
}

/** Whether there is anything to do. */
export function isChange({ changes, meaning }: Difference): boolean {
  return changes.length > 0 || meaning === null || meaning.changes.length > 0
}

function nothingOf(document: PolicyDocument): PolicyDocument {
  const none = {
    networks: {},
    profiles: {},
    lists: {},
    devices: {},
    rules: {},
    forwards: {},
    quarantine: {},
    apis: {},
  }
  return { ...document, ...none, tests: [] }
}

/** For people: what is written differently, what that means, what was seen and would be cut, and a sum. */
export function differenceText(
  { changes, meaning, recorded }: Difference,
  { name, base, seen }: { readonly name: string; readonly base: string; readonly seen: SeenFlows | null },
  page: Page,
): string {
  const title = `${page.ink('bold', safe(name))} against ${base}`
  const parts = [
    changes.length === 0 ? '' : `\n${renderChanges(changes, page)}`,
    meaning === null
      ? `\nNothing is in force: all passes that the machine lets pass. From then on only what a rule allows does.\n`
      : meaning.changes.length === 0
        ? ''
        : `\n${renderMeaning(meaning, page)}`,
    recorded === null ? '' : `\n${renderCuts(recorded, page)}${seen?.isComplete === false ? INCOMPLETE : ''}`,
  ]
  return `${title}\n${parts.join('')}\n${sumOf(changes, meaning)}\n`
}

const INCOMPLETE = 'more was seen than was looked at, or some of it was counted together\n'

/** `1 added, 2 changed; 3 kinds of flows become allowed, 1 blocked` */
function sumOf(changes: readonly DocumentChange[], meaning: Meaning | null): string {
  const written = (['added', 'removed', 'changed'] as const).flatMap((kind) => {
    const number = changes.filter((one) => one.kind === kind).length
    return number === 0 ? [] : [`${number} ${kind}`]
  })
  if (meaning === null) return written.join(', ')
  const { changes: flows, isComplete } = meaning
  const least = isComplete ? '' : 'at least '
  const meant = (['blocked', 'allowed'] as const).flatMap((becomes) => {
    const number = flows.filter((one) => one.becomes === becomes).length
    return number === 0
      ? []
      : [`${least}${count(number, 'kind')} of flows ${number === 1 ? 'becomes' : 'become'} ${becomes}`]
  })
  const nothing = isComplete
    ? 'no flow is judged differently'
    : 'no flow was found that is judged differently'
  return `${written.join(', ') || 'no changes'}; ${meant.join(', ') || nothing}`
}

/** For programs: the same, whole, each change of meaning with a flow that shows it. */
export function differenceJson(
  { changes, meaning, recorded }: Difference,
  cwd: string,
): Record<string, unknown> {
  const placeIn = (origin: DocumentChange['before']): string | null =>
    origin === null ? null : showLine(origin, cwd)
  const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  return {
    changes: changes.map(({ before, after, ...change }) => ({
      ...change,
      before: placeIn(before),
      after: placeIn(after),
    })),
    flows: meaning && {
      complete: meaning.isComplete,
      judged: meaning.judged,
      changes: meaning.changes.map(({ span, witness, ...change }) => ({
        ...change,
        words: sayMeaning({ span, witness, ...change }),
        from: instant(span.fromMs),
        until: instant(span.untilMs),
        hours: span.hours,
        witness: witnessJson(witness),
      })),
    },
    recorded:
      recorded === null
        ? null
        : {
            judged: recorded.judged,
            undecided: recorded.undecided,
            cuts: recorded.cuts.map(({ rule, before, lastMs, flow: _, ...cut }) => ({
              ...cut,
              last: instant(lastMs),
              rule: rule.id,
              at: placeOf(rule.origin),
              before: before?.id ?? null,
            })),
          },
  }
}
