/**
 * A compiled policy into this machine's kernel, whole, in one step: what `apply` and `rollback` have in common. Before anything changes it refuses what would cut the person who asks, or an interface that the policy
 * does not speak of.
 */
import {
  type BoundNow,
  bindingsDigest,
  boundNow,
  type CallerVerdict,
  fromFile,
  judgeCaller,
  keepCaller,
  noteClock,
  type Onto,
  type Order,
  readClock,
  readJournal,
  requireBase,
  requireOpening,
  thisClock,
  thisMachine,
  warnOfForeign,
} from '@thingwall/gateway'
import { bindingsJson, hasErrors } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { parseDuration } from '../frame/duration.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { safe } from '../render/text.ts'
import { answering } from './answer.ts'
import { lostTo, putBackFirst } from './bring-back.ts'
import { nextCommands, type Outcome, outcomeJson, outcomeText } from './outcome.ts'
import { printedBy } from './printed.ts'
import { callerOf, type Gateway, type Prepared, personOf, refused } from './site.ts'

/** What is wanted of an application, beside its policy. */
export interface Wish {
  readonly policy: Order['policy']
  readonly log: number | null
  readonly confirmWithinMs: number | null
  /** The application whose policy this is once more. */
  readonly again: number | null
  /** What must be in force for it; absent: whatever is. */
  readonly onto?: Onto
}

/** Puts it in force, or says why not. */
export async function putInForce(
  call: Call,
  host: Host,
  gateway: Gateway,
  prepared: Prepared,
  wish: Wish,
): Promise<Report> {
  const started = performance.now()
  const from = await callerOf(host, prepared.survey)
  const caller =
    from === null ? null : await judgeCaller(thisMachine, from, { ...prepared, bindings: prepared.known() })
  const ignored = call.options['lock-me-out'] === true
  const cut = caller?.refusal != null && !ignored ? [caller.refusal] : []
  const found = [...prepared.diagnostics, ...prepared.loaded.locate(cut)]
  if (hasErrors(found)) throw refused('this policy was not applied', prepared.loaded, found)

  const { onto, ...wanted } = wish
  const order: Order = {
    ...wanted,
    by: await personOf(host, from),
    why: call.options.why === undefined ? null : safe(call.options.why, 500),
    bindings: bindingsDigest(prepared.bindings),
    at: prepared.at,
    document: JSON.stringify(prepared.document),
    told: toldIn(prepared),
    boot: prepared.boot(),
  }
  const isDry = call.options['dry-run'] === true
  const outcome = isDry
    ? await answering(() => tryOut(gateway, prepared, order, onto))
    : await answering(() =>
        carryOut(call, host, gateway, prepared, order, { onto, caller: ignored ? null : caller }),
      )
  const { foreign } = await gateway.point.surroundings()
  const diagnostics = [...found, ...(outcome.result?.diagnostics ?? []), ...warnOfForeign(foreign)]
  const tookMs = Math.round(performance.now() - started)
  return {
    exit: exits.fine,
    json: {
      ...outcomeJson(prepared, outcome, caller),
      tookMs,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => printedBy(prepared.loaded)(page) + renderDiagnostics(diagnostics, prepared.loaded, page),
    text: (page) => outcomeText(prepared, outcome, tookMs, page),
    next: nextCommands(call, outcome),
  }
}

/** How long the trial is to last, from the options; null for none. Throws `usage`. */
export function trialLength(call: Call): number | null {
  const text = call.options['confirm-within']
  if (call.options['no-confirm'] === true) {
    if (text === undefined) return null
    throw usage('--confirm-within and --no-confirm exclude each other', 'leave one of them out')
  }
  const lengthMs = text === undefined ? USUAL_MS : parseDuration(text)
  if (lengthMs !== null && lengthMs >= SHORTEST_MS && lengthMs <= LONGEST_MS) return lengthMs
  throw usage(
    `--confirm-within ${safe(text ?? '', 40)} is no length for a trial`,
    'write 90s, 2m or 1h: from 1s to 7d; or --no-confirm for no trial',
  )
}

const USUAL_MS = 120_000
const SHORTEST_MS = 1000
const LONGEST_MS = 7 * 86_400_000

async function tryOut(
  gateway: Gateway,
  prepared: Prepared,
  order: Order,
  onto: Onto | undefined,
): Promise<Outcome> {
  const inForce = await gateway.point.read()
  if (onto !== undefined) requireBase(inForce, onto.base)
  const putBack = await lostTo(gateway, inForce, order, onto)
  // Once that is back, a trial knows what to go back to.
  const asked = putBack === null ? order : { ...order, confirmWithinMs: null }
  const would = await gateway.point.check(prepared.artifact, asked, boundBy(gateway, prepared))
  return { result: null, would, putBack, before: inForce.digest, tcpLoose: null }
}

async function carryOut(
  call: Call,
  host: Host,
  gateway: Gateway,
  prepared: Prepared,
  order: Order,
  { caller, onto }: { readonly caller: CallerVerdict | null; readonly onto: Onto | undefined },
): Promise<Outcome> {
  // Asked once more by the point, when nobody else can change it.
  const found = await gateway.point.read()
  if (onto !== undefined) requireBase(found, onto.base)
  const putBack = await lostTo(gateway, found, order, onto)
  if (putBack !== null) await putBackFirst(call, host, gateway, putBack)
  const { artifact, loaded } = prepared
  const impossible = caller === null ? [] : await keepCaller(thisMachine, caller, artifact)
  if (impossible.length > 0) throw refused('this policy was not applied', loaded, impossible)
  const result = await gateway.point.apply(artifact, order, boundBy(gateway, prepared), onto)
  const state = gateway.stateFolder
  await noteClock({ state }, await readClock({ machine: thisMachine, state, now: Date.now }))
  return { result, would: null, putBack, before: result.before, tcpLoose: await requireOpening(thisMachine) }
}

function toldIn({ said }: Prepared): string | null {
  const isNothing = said.owners.size + said.names.size + said.gateway.size === 0
  return isNothing ? null : JSON.stringify(bindingsJson(said))
}

/** What the journal says when the kernel is about to be asked, not when the policy was compiled. */
function boundBy({ stateFolder }: Gateway, { ruleset, said }: Prepared): BoundNow {
  return (generation, sets) => {
    const clock = thisClock()
    const file = fromFile(said, clock)
    return boundNow(ruleset, readJournal(stateFolder, clock), clock.now(), file)(generation, sets)
  }
}
