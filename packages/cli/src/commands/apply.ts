/**
 * `thingwall apply`: the policy file into this machine's kernel, on trial until somebody confirms it. With a plan in the
 * place of the file: exactly what was planned, or nothing.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { type PlanFile, readPlan } from '../load/plan-file.ts'
import { safe } from '../render/text.ts'
import { putInForce, trialLength } from './application.ts'
import { compile, type Gateway, groupOf, openGateway, prepare, type Source } from './site.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const [plan] = call.operands
  const log = groupOf(call.options.log)
  const confirmWithinMs = trialLength(call)
  if (plan !== undefined) return applyPlan(call, host, plan, confirmWithinMs)
  // The policy first: one with errors gets its answer also where nothing could be put in force.
  const prepared = await prepare(call, host, log)
  const gateway = await openGateway(call, host)
  const { file } = prepared.loaded
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex')
  const policy = { name: prepared.ruleset.name, file, digest }
  return putInForce(call, host, gateway, prepared, { policy, log, confirmWithinMs, again: null })
}

async function applyPlan(
  call: Call,
  host: Host,
  path: string,
  confirmWithinMs: number | null,
): Promise<Report> {
  for (const option of ['policy', 'log'] as const) {
    if (call.options[option] !== undefined)
      throw usage(`a plan says what --${option} would say`, `leave --${option} out, or plan again with it`)
  }
  const [plan, diagnostics] = readPlan(path, host.cwd)
  const gateway: Gateway = await openGateway(call, host)
  const prepared = await compile(call, host, sourceOf(plan, diagnostics), plan.log)
  if (prepared.artifact.digest !== plan.artifact) throw otherwise(path, prepared.artifact.digest, plan)
  const { policy, log, base } = plan
  return putInForce(call, host, gateway, prepared, {
    policy,
    log,
    confirmWithinMs,
    again: null,
    onto: { base },
  })
}

/** What is quoted from its files may have changed since: nothing is. */
function sourceOf({ policy, document }: PlanFile, diagnostics: Source['diagnostics']): Source {
  return {
    file: policy.file ?? '',
    document,
    diagnostics,
    printed: '',
    wall: null,
    locate: (found) => found,
    project: null,
  }
}

function otherwise(path: string, digest: string, { artifact }: PlanFile): Failure {
  return new Failure(
    `${safe(path, 300)} would come out otherwise than planned: ${digest.slice(0, 12)}, not ${artifact.slice(0, 12)}`,
    {
      code: 'TW4031',
      hint: 'nothing was changed; the prefixes of an interface, a date or thingwall itself changed since: plan again',
      exit: exits.no,
    },
  )
}
