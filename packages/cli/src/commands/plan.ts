/** `thingwall plan`: what would change, in the policy and in words; which flows that were seen would be cut. */
import {
  check,
  compareDocuments,
  compareMeaning,
  cutFlows,
  type DocumentChange,
  hasErrors,
  type Meaning,
  placeOf,
  type Recorded,
} from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { readSeen } from '../load/seen.ts'
import { renderChanges, renderCuts, renderMeaning, sayMeaning, witnessJson } from '../render/change.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { showFile, showLine } from '../render/place.ts'
import { count, safe } from '../render/text.ts'
import { type OpenPolicy, openBindings, openPolicy, policyOption } from './open.ts'
import { printedBy } from './printed.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const against = call.options.against
  if (against === undefined) throw usage('nothing to compare with', 'name a policy file: --against FILE')
  const after = await openPolicy(call, host)
  const before = await openPolicy({ ...call, options: { ...call.options, policy: against } }, host)
  const diagnostics = checked(after, call)
  const difference = differenceOf(call, host, before, after)
  const isChanged = difference.changes.length > 0 || difference.meaning.changes.length > 0
  const base = showFile(before.loaded.file, host.cwd)
  return {
    exit: isChanged && call.options['exit-code'] === true ? exits.somethingToDo : exits.fine,
    json: {
      ok: true,
      changed: isChanged,
      policy: after.ruleset.name,
      file: showFile(after.loaded.file, host.cwd),
      against: { file: base },
      at: new Date(after.at).toISOString(),
      ...differenceJson(difference, host.cwd),
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => printedBy(after.loaded)(page) + renderDiagnostics(diagnostics, after.loaded, page),
    text: (page) => differenceText(difference, { name: after.ruleset.name, base }, page),
    next: nextCommands(call, difference),
  }
}

/** What differs between two policies, in every respect that `plan` tells. */
export interface Difference {
  readonly changes: readonly DocumentChange[]
  readonly meaning: Meaning
  /** Null where no flows were given. */
  readonly recorded: Recorded | null
}

function differenceOf(call: Call, host: Host, before: OpenPolicy, after: OpenPolicy): Difference {
  const { seen } = call.options
  const bindings = openBindings(call, host, after.ruleset)
  const sides = { before: before.ruleset, after: after.ruleset }
  return {
    changes: compareDocuments(before.document, after.document),
    meaning: compareMeaning(before.ruleset, after.ruleset, { at: after.at }),
    recorded:
      seen === undefined ? null : cutFlows(readSeen(seen, host.cwd), { ...sides, bindings, at: after.at }),
  }
}

/** Warnings; throws where `apply` would refuse the policy. */
function checked(
  { loaded, document, ruleset, diagnostics, at }: OpenPolicy,
  call: Call,
): OpenPolicy['diagnostics'] {
  const found = [...diagnostics, ...loaded.locate(check(document, ruleset, { at }))]
  if (!hasErrors(found)) return found
  throw new Failure('the policy has errors; apply would refuse it', {
    code: 'policy',
    hint: `mend them, then: thingwall check${policyOption(call)}`,
    exit: exits.no,
    diagnostics: found,
    project: loaded.project,
  })
}

function differenceText(
  { changes, meaning, recorded }: Difference,
  { name, base }: { readonly name: string; readonly base: string },
  page: Page,
): string {
  const title = `${page.ink('bold', safe(name))} against ${base}`
  const parts = [
    changes.length === 0 ? '' : `\n${renderChanges(changes, page)}`,
    meaning.changes.length === 0 ? '' : `\n${renderMeaning(meaning, page)}`,
    recorded === null ? '' : `\n${renderCuts(recorded, page)}`,
  ]
  return `${title}\n${parts.join('')}\n${sumOf(changes, meaning)}\n`
}

/** `1 added, 2 changed; 3 kinds of flows become allowed, 1 blocked` */
function sumOf(changes: readonly DocumentChange[], { changes: flows, isComplete }: Meaning): string {
  const written = (['added', 'removed', 'changed'] as const).flatMap((kind) => {
    const number = changes.filter((one) => one.kind === kind).length
    return number === 0 ? [] : [`${number} ${kind}`]
  })
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

function differenceJson({ changes, meaning, recorded }: Difference, cwd: string): Record<string, unknown> {
  const placeIn = (origin: DocumentChange['before']): string | null =>
    origin === null ? null : showLine(origin, cwd)
  const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  return {
    changes: changes.map(({ before, after, ...change }) => ({
      ...change,
      before: placeIn(before),
      after: placeIn(after),
    })),
    flows: {
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

function nextCommands(call: Call, { meaning }: Difference): Report['next'] {
  const option = policyOption(call)
  const some = meaning.changes[0]?.devices[0]
  return [
    ...(some === undefined
      ? []
      : [
          [
            `thingwall explain${option} --from ${some} --to ADDRESS:443/tcp`,
            'what one flow will meet',
          ] as const,
        ]),
    [`sudo thingwall apply${option}`, 'put it in force'],
  ]
}
