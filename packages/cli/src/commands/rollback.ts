/**
 * `thingwall rollback [N]`: ends a trial at once. With a number, or where nothing is on trial, it puts the policy of an
 * earlier application in force again: compiled anew, with what devices were given and told by now, and on trial as any
 * other.
 */
import {
  type NftablesPoint,
  type Past,
  survey,
  ThingwallError,
  type Trial,
  thisMachine,
} from '@thingwall/gateway'
import { validate } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { safe } from '../render/text.ts'
import { answering } from './answer.ts'
import { putInForce, trialLength } from './application.ts'
import { callerOf, compile, openGateway, personOf, type Source, stateOption } from './site.ts'
import { stateText, trialJson, trialText } from './trial.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const wanted = numberOf(call.operands[0])
  const confirmWithinMs = trialLength(call)
  const gateway = await openGateway(call, host)
  const { point } = gateway
  const { trial } = await point.read()
  if (wanted === null && trial !== null)
    return call.options['dry-run'] === true ? wouldEnd(call, trial) : endTrial(call, host, point)
  const { record } = await answering(async () => choose(await point.history(), wanted))
  const source = await answering(() => sourceOf(point, record))
  const prepared = await compile(call, host, source, record.log)
  const wish = { policy: record.policy, log: record.log, confirmWithinMs, again: record.sequence }
  return putInForce(call, host, gateway, prepared, wish)
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usage(`${safe(text, 40)} is no number of an application`, 'thingwall history tells them')
}

async function endTrial(call: Call, host: Host, point: NftablesPoint): Promise<Report> {
  const by = await personOf(host, await callerOf(host, await survey(thisMachine)))
  const { tried, now, diagnostics } = await answering(() => point.abandon({ by, at: host.now() }))
  return {
    exit: exits.fine,
    json: {
      ok: true,
      ended: { digest: tried.digest, sequence: tried.record?.sequence ?? null },
      digest: now.digest,
      sequence: now.record?.sequence ?? null,
      policy: now.record?.policy.name ?? null,
      by,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => renderDiagnostics(diagnostics, { project: null }, page),
    text: (page) => `${page.ink('green', 'rolled back:')} the trial has ended; ${stateText(now)}\n`,
    next: [[`thingwall status${stateOption(call)}`, 'what is in force, and what each rule has met']],
  }
}

function wouldEnd(call: Call, trial: Trial): Report {
  const { digest, record } = trial.returnsTo
  return {
    exit: exits.fine,
    json: {
      ok: true,
      dryRun: true,
      changed: true,
      would: 'ends',
      trial: trialJson(trial),
      digest,
      sequence: record?.sequence ?? null,
      policy: record?.policy.name ?? null,
    },
    text: (page) =>
      `${page.ink('green', 'would end')} what is ${trialText(trial)}\nafterwards ${stateText(trial.returnsTo)}; nothing was changed\n`,
    next: [[`thingwall rollback${stateOption(call)}`, 'go back at once']],
  }
}

/** The one asked for; otherwise the last that was confirmed before what is in force, or before what that is once more. */
function choose(history: readonly Past[], wanted: number | null): Past {
  const inForce = history.find(({ fate }) => fate.kind === 'in force')
  const before = inForce?.record.again ?? inForce?.record.sequence ?? Number.POSITIVE_INFINITY
  const found = history.find(({ record, confirmed }) =>
    wanted === null ? confirmed !== null && record.sequence < before : record.sequence === wanted,
  )
  if (found !== undefined) return found
  const what =
    wanted === null
      ? 'nothing was confirmed before what is in force'
      : `application ${wanted} is not remembered`
  throw new ThingwallError('TW4017', what, { hint: 'thingwall history tells what is' })
}

async function sourceOf(point: NftablesPoint, { sequence, policy }: Past['record']): Promise<Source> {
  const text = await point.documentOf(sequence)
  if (text === null) {
    throw new ThingwallError('TW4017', `the policy of application ${sequence} is not kept any more`, {
      hint: 'apply the policy file as it was then, from your version control',
    })
  }
  const [document, diagnostics] = validate(JSON.parse(text))
  return {
    file: policy.file ?? '',
    document,
    diagnostics,
    printed: '',
    wall: null,
    locate: (found) => found,
    // Its files may say something else by now.
    project: null,
    told: await point.toldFor(sequence),
    tests: 'are told',
  }
}
