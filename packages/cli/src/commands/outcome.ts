/** What came of an application, or would come of it: as JSON, in words, and what to do next. */
import type { ApplicationRecord, Applied, CallerVerdict, Prospect, requireOpening } from '@thingwall/gateway'
import { formatAddress } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import type { Page, Report } from '../frame/report.ts'
import { count, safe } from '../render/text.ts'
import { policyOption } from './open.ts'
import { type Prepared, stateOption } from './site.ts'
import { timeText, trialJson, trialText } from './trial.ts'

export interface Outcome {
  /** Null for a dry run. */
  readonly result: Applied | null
  /** What an apply would do; null where it was done. */
  readonly would: Prospect | null
  /** What was confirmed, was not there as it was, and was put back first, or would be. */
  readonly putBack: ApplicationRecord | null
  readonly before: string | null
  readonly tcpLoose: Awaited<ReturnType<typeof requireOpening>> | null
}

/** For programs. */
export function outcomeJson(
  { ruleset, artifact, loaded, at }: Prepared,
  { result, would, putBack, before, tcpLoose }: Outcome,
  caller: CallerVerdict | null,
): Record<string, unknown> {
  const trial = result?.trial ?? would?.trial ?? null
  return {
    ok: true,
    dryRun: would !== null,
    changed:
      putBack !== null ||
      (would === null ? result?.changed === true || result?.confirmed === true : would.kind !== 'nothing'),
    would: would?.kind ?? null,
    putBack: putBack?.sequence ?? null,
    policy: ruleset.name,
    file: loaded.file,
    wall: loaded.wall,
    digest: artifact.digest,
    before,
    at: new Date(result?.record.at ?? at).toISOString(),
    by: result?.record.by ?? null,
    why: result?.record.why ?? null,
    sequence: result?.record.sequence ?? null,
    // The one that runs: begun just now, or for a dry run the one that it would leave, end or confirm.
    trial: trial === null ? null : trialJson(trial),
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

/** For people. `tookMs` is all that the command took. */
export function outcomeText(
  { ruleset, artifact }: Prepared,
  outcome: Outcome,
  tookMs: number,
  page: Page,
): string {
  const what = `${safe(ruleset.name)}: ${count(ruleset.devices.length, 'device')}, ${count(ruleset.rules.length, 'rule')}`
  const digest = page.ink('dim', artifact.digest.slice(0, 12))
  if (outcome.would !== null) return dryText(outcome, outcome.would, `${what} ${digest}`, page)
  const { result, before, putBack } = outcome
  const trial = result?.trial ?? null
  const first = putBack === null ? '' : `${page.ink('yellow', 'put back first')} ${lostText(putBack)}\n`
  const ending = `${trial === null ? '' : `${trialText(trial)}\n`}${first}`
  if (result?.changed !== true) {
    const since = `since ${timeText(result?.record.at ?? 0)}`
    if (result?.confirmed === true)
      return `${page.ink('green', 'confirmed')} ${what} ${digest}\n${since} on trial; now it stays, also after a restart\n${first}`
    return putBack === null
      ? `${page.ink('green', 'in force already')} ${what} ${digest}\n${since}; nothing was changed\n${ending}`
      : `${page.ink('green', 'in force again')} ${what} ${digest}\n${since}\n${ending}`
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

/** What an apply would do, from the same look at the kernel that it would take. */
function dryText({ putBack }: Outcome, would: Prospect, what: string, page: Page): string {
  const first = putBack === null ? '' : `${page.ink('yellow', 'would first put back')} ${lostText(putBack)}\n`
  switch (would.kind) {
    case 'nothing': {
      const trial = would.trial === null ? '' : `${trialText(would.trial)}\n`
      return `${first}${page.ink('green', 'in force already')} ${what}\nnothing would be changed\n${trial}`
    }
    case 'confirms':
      return `${page.ink('green', 'would confirm')} ${what}\nit is on trial, and would stay; nothing was changed\n`
    case 'replaces': {
      const ends = would.trial === null ? '' : `it would end what is ${trialText(would.trial)}\n`
      return `${first}${page.ink('green', 'would apply')} ${what}\nthe kernel takes it; nothing was changed\n${ends}`
    }
    default:
      return would satisfies never
  }
}

function lostText({ policy, sequence }: ApplicationRecord): string {
  return `${safe(policy.name)} (application ${sequence}): it was confirmed, and another program had changed it in the kernel or taken it out`
}

/** What to do next. */
export function nextCommands(call: Call, { result, would }: Outcome): Report['next'] {
  const option = policyOption(call)
  const state = stateOption(call)
  const operand = call.operands[0] === undefined ? '' : ` ${call.operands[0]}`
  if (would?.kind === 'confirms')
    return [[`thingwall confirm${state}`, 'keep it; look first whether all works']]
  if (result === null && would?.kind !== 'nothing')
    return [[`thingwall ${call.verb}${operand}${option}${state}`, 'put it in force']]
  if ((result?.trial ?? would?.trial ?? null) !== null) {
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
