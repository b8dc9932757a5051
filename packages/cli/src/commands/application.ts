/**
 * A compiled policy into this machine's kernel, whole, in one step, and what is said of it: what `apply` and `rollback`
 * have in common. Before anything changes it refuses what would cut the person who asks, or an interface that the policy
 * does not speak of.
 */
import {
  type Applied,
  type BoundNow,
  bindingsDigest,
  boundNow,
  type CallerVerdict,
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
import { formatAddress, hasErrors } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { parseDuration } from '../frame/duration.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { count, safe } from '../render/text.ts'
import { answering } from './answer.ts'
import { policyOption } from './open.ts'
import { printedBy } from './printed.ts'
import { callerOf, type Gateway, type Prepared, personOf, refused, stateOption } from './site.ts'
import { trialJson, trialText } from './trial.ts'

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
    from === null ? null : await judgeCaller(thisMachine, from, { ...prepared, bindings: prepared.known })
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
    boot: prepared.boot(),
  }
  const isDry = call.options['dry-run'] === true
  const outcome = isDry
    ? await answering(() => tryOut(gateway, prepared, order, onto))
    : await answering(() => carryOut(gateway, prepared, order, { onto, caller: ignored ? null : caller }))
  const { foreign } = await gateway.point.surroundings()
  const diagnostics = [...found, ...(outcome.result?.diagnostics ?? []), ...warnOfForeign(foreign)]
  const tookMs = Math.round(performance.now() - started)
  return {
    exit: exits.fine,
    json: {
      ...jsonFor(prepared, outcome, caller, isDry),
      tookMs,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => printedBy(prepared.loaded)(page) + renderDiagnostics(diagnostics, prepared.loaded, page),
    text: (page) => textFor(prepared, outcome, { isDry, tookMs }, page),
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

interface Outcome {
  /** Null for a dry run. */
  readonly result: Applied | null
  readonly before: string | null
  readonly tcpLoose: Awaited<ReturnType<typeof requireOpening>> | null
}

async function tryOut(
  gateway: Gateway,
  prepared: Prepared,
  order: Order,
  onto: Onto | undefined,
): Promise<Outcome> {
  const inForce = await gateway.point.read()
  if (onto !== undefined) requireBase(inForce, onto.base)
  await gateway.point.check(prepared.artifact, order, boundBy(gateway, prepared))
  return { result: null, before: inForce.digest, tcpLoose: null }
}

async function carryOut(
  gateway: Gateway,
  prepared: Prepared,
  order: Order,
  { caller, onto }: { readonly caller: CallerVerdict | null; readonly onto: Onto | undefined },
): Promise<Outcome> {
  // Asked once more by the point, when nobody else can change it.
  if (onto !== undefined) requireBase(await gateway.point.read(), onto.base)
  const { artifact, loaded } = prepared
  const impossible = caller === null ? [] : await keepCaller(thisMachine, caller, artifact)
  if (impossible.length > 0) throw refused('this policy was not applied', loaded, impossible)
  const result = await gateway.point.apply(artifact, order, boundBy(gateway, prepared), onto)
  const state = gateway.stateFolder
  await noteClock({ state }, await readClock({ machine: thisMachine, state, now: Date.now }))
  return { result, before: result.before, tcpLoose: await requireOpening(thisMachine) }
}

/** What the journal says when the kernel is about to be asked, not when the policy was compiled. */
function boundBy({ stateFolder }: Gateway, { ruleset }: Prepared): BoundNow {
  return (generation, sets) => {
    const clock = thisClock()
    return boundNow(ruleset, readJournal(stateFolder, clock), clock.now())(generation, sets)
  }
}

function jsonFor(
  { ruleset, artifact, loaded, at }: Prepared,
  { result, before, tcpLoose }: Outcome,
  caller: CallerVerdict | null,
  isDry: boolean,
): Record<string, unknown> {
  return {
    ok: true,
    dryRun: isDry,
    changed: isDry ? before !== artifact.digest : (result?.changed ?? false),
    policy: ruleset.name,
    file: loaded.file,
    wall: loaded.wall,
    digest: artifact.digest,
    before,
    at: new Date(result?.record.at ?? at).toISOString(),
    by: result?.record.by ?? null,
    why: result?.record.why ?? null,
    sequence: result?.record.sequence ?? null,
    trial: result?.trial == null ? null : trialJson(result.trial, at),
    devices: ruleset.devices.length,
    rules: ruleset.rules.length,
    limits: ruleset.limits.length,
    tcpLoose,
    caller:
      caller === null
        ? null
        : {
            peer: formatAddress(caller.caller.peer),
            port: caller.caller.localPort,
            foundBy: caller.caller.foundBy,
            verdict: caller.decision.verdict,
            rule: caller.decision.rule.id,
          },
    loadMs: result === null ? null : Math.round(result.loadMs),
  }
}

function textFor(
  { ruleset, artifact, at }: Prepared,
  { result, before }: Outcome,
  { isDry, tookMs }: { readonly isDry: boolean; readonly tookMs: number },
  page: Page,
): string {
  const what = `${safe(ruleset.name)}: ${count(ruleset.devices.length, 'device')}, ${count(ruleset.rules.length, 'rule')}`
  const digest = page.ink('dim', artifact.digest.slice(0, 12))
  if (isDry) {
    const news = before === artifact.digest ? 'it is in force already' : 'it is not in force yet'
    return `${page.ink('green', 'would apply')} ${what} ${digest}\nthe kernel takes it; ${news}; nothing was changed\n`
  }
  const trial = result?.trial ?? null
  const ending = trial === null ? '' : `${trialText(trial, at)}\n`
  if (result?.changed !== true) {
    const since = new Date(result?.record.at ?? 0).toISOString()
    return `${page.ink('green', 'in force already')} ${what} ${digest}\nsince ${since}; nothing was changed\n${ending}`
  }
  const replaced =
    before === null
      ? 'nothing was in force before'
      : before === artifact.digest
        ? 'it replaces itself'
        : `it replaces ${before.slice(0, 12)}`
  const times = `${Math.round(result.loadMs)} ms in the kernel, ${tookMs} ms in all`
  const did = trial === null ? page.ink('green', 'applied') : page.ink('yellow', 'on trial')
  return `${did} ${what} ${digest}\n${replaced}; ${times}\n${ending}`
}

function nextCommands(call: Call, { result }: Outcome): Report['next'] {
  const option = policyOption(call)
  const state = stateOption(call)
  const operand = call.verb === 'apply' && call.operands[0] !== undefined ? ` ${call.operands[0]}` : ''
  if (result === null) return [[`thingwall apply${operand}${option}${state}`, 'put it in force']]
  if (result.trial !== null) {
    return [
      [`thingwall confirm${state}`, 'keep it; look first whether all works'],
      [`thingwall rollback${state}`, 'go back at once'],
    ]
  }
  return [
    [`thingwall status${option}${state}`, 'what is in force, and what each rule has met'],
    [`thingwall explain${option} --from DEVICE --to ADDRESS:443/tcp`, 'what one flow meets'],
  ]
}
