/**
 * `thingwall plan`: what would change, in the policy and in words; which flows that were seen would be cut. Against what
 * is in force on this machine, where the plan can be kept for `apply`, or against another policy file.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type ApplicationRecord,
  type Base,
  baseOf,
  prefixesFor,
  type Survey,
  type Trial,
} from '@thingwall/gateway'
import { check, type Diagnostic, hasErrors, lower, validate } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { writePlan } from '../load/plan-file.ts'
import { keptFlows, readSeen, type SeenFlows } from '../load/seen.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { showFile } from '../render/place.ts'
import { safe } from '../render/text.ts'
import {
  type Difference,
  differenceJson,
  differenceOf,
  differenceText,
  isChange,
  type Policy,
} from './difference.ts'
import { type OpenPolicy, openBindings, openPolicy, policyOption } from './open.ts'
import { printedBy } from './printed.ts'
import { type Gateway, groupOf, openGateway, prepare, refused, type Source, stateOption } from './site.ts'
import { timeText } from './trial.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const { against } = call.options
  return against === undefined ? againstMachine(call, host) : againstFile(call, host, against)
}

async function againstFile(call: Call, host: Host, against: string): Promise<Report> {
  for (const option of ['out', 'state', 'log'] as const) {
    if (call.options[option] !== undefined)
      throw usage(`--${option} is about this machine, and --against is not`, 'leave one of them out')
  }
  const after = await openPolicy(call, host)
  const before = await openPolicy({ ...call, options: { ...call.options, policy: against } }, host)
  const diagnostics = checked(after, call)
  const seen = call.options.seen === undefined ? null : readSeen(call.options.seen, host.cwd)
  const bindings = openBindings(call, host, after.ruleset)
  const { flows } = seen ?? { flows: null }
  const difference = differenceOf(before, after, { flows, bindings, at: after.at })
  const file = showFile(before.loaded.file, host.cwd)
  const { loaded, ruleset, at } = after
  const base = { text: file, json: { file } }
  return report(call, host, {
    name: ruleset.name,
    loaded,
    base,
    machine: null,
    difference,
    seen,
    diagnostics,
    at,
    out: null,
  })
}

async function againstMachine(call: Call, host: Host): Promise<Report> {
  if (call.options.at !== undefined)
    throw usage(
      'what is in force is compared as of now',
      'leave --at out, or compare two files with --against',
    )
  const log = groupOf(call.options.log)
  // The policy first: one with errors gets its answer also where nothing could be put in force.
  const prepared = await prepare(call, host, log)
  const gateway = await openGateway(call, host)
  const { loaded, document, ruleset, artifact, bindings, diagnostics, at } = prepared
  if (hasErrors(diagnostics)) throw refused('apply would refuse this policy', loaded, diagnostics)
  const { base, policy, ...standing } = await inForce(gateway, prepared.survey)
  const { out, seen: file } = call.options
  const seen =
    file === undefined ? await keptFlows(gateway.stateFolder, host.now()) : readSeen(file, host.cwd)
  const { flows } = seen ?? { flows: null }
  const difference = differenceOf(policy, { document, ruleset }, { flows, bindings, at })
  if (out !== undefined) {
    const digest = createHash('sha256').update(readFileSync(loaded.file)).digest('hex')
    const named = { name: ruleset.name, file: loaded.file, digest }
    writePlan(out, host.cwd, { madeAt: at, policy: named, document, base, artifact: artifact.digest, log })
  }
  const { name } = ruleset
  const machine = { ...standing, comesOutOtherwise: base !== null && base.digest !== artifact.digest }
  const shown = { text: baseText(base, standing), json: base }
  return report(call, host, {
    ...{ name, loaded, base: shown, machine, difference, seen, diagnostics, at },
    out: out ?? null,
  })
}

function baseText(base: Base | null, { trial, lost }: Pick<OnMachine, 'trial' | 'lost'>): string {
  if (base !== null)
    return `application ${base.sequence}, ${trial === null ? 'in force' : `on trial until ${timeText(trial.until)}`}`
  return lost === null
    ? 'nothing in force'
    : `nothing in force, though application ${lost.sequence} was confirmed: another program took it out of the kernel`
}

/** What is in force here, as written and as meant on this machine now; null for nothing. */
async function inForce(
  { point }: Gateway,
  survey: Survey,
): Promise<
  { readonly base: Base | null; readonly policy: Policy | null } & Pick<OnMachine, 'trial' | 'lost'>
> {
  const now = await point.read()
  const base = baseOf(now)
  const { trial, digest } = now
  const lost = digest === null ? now.last : null
  if (base === null && digest === null) return { base, policy: null, trial, lost }
  const text = base === null ? null : await point.documentOf(base.sequence)
  const [document] = text === null ? [null] : validate(JSON.parse(text))
  const [ruleset] = document === null ? [null] : lower(document, prefixesFor(document, survey))
  if (document !== null && ruleset !== null) return { base, policy: { document, ruleset }, trial, lost }
  throw new Failure('what is in force was not recorded here, so nothing can be compared with it', {
    code: 'environment',
    hint: 'name the right state folder with --state DIR, or the policy file it came from with --against FILE',
  })
}

/** Warnings; throws where `apply` would refuse the policy. */
function checked(
  { loaded, document, ruleset, diagnostics, at }: OpenPolicy,
  call: Call,
): readonly Diagnostic[] {
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

/** What there is to say of a comparison with this machine. */
interface OnMachine {
  readonly trial: Trial | null
  /** What was confirmed, where another program has taken it away. */
  readonly lost: ApplicationRecord | null
  /** The policy compiles to something else than what is in force, also where no flow is judged differently. */
  readonly comesOutOtherwise: boolean
}

interface View {
  readonly name: string
  readonly loaded: Source
  readonly base: { readonly text: string; readonly json: object | null }
  /** Null where two files are compared. */
  readonly machine: OnMachine | null
  readonly difference: Difference
  readonly seen: SeenFlows | null
  readonly diagnostics: readonly Diagnostic[]
  readonly at: number
  /** Where the plan was written; null for nowhere. */
  readonly out: string | null
}

function report(call: Call, host: Host, view: View): Report {
  const { name, loaded, base, difference, seen, diagnostics, at, out } = view
  const isChanged = isToDo(view)
  const otherwise =
    isChanged && !isChange(difference)
      ? 'compiled for this machine as it is now it comes out otherwise, so apply would replace what is in force\n'
      : ''
  const written = `${otherwise}${out === null ? '' : `plan written to ${safe(out, 300)}\n`}`
  return {
    exit: isChanged && call.options['exit-code'] === true ? exits.somethingToDo : exits.fine,
    json: {
      ok: true,
      changed: isChanged,
      policy: name,
      file: showFile(loaded.file, host.cwd),
      against: base.json,
      lost: view.machine?.lost?.sequence ?? null,
      at: new Date(at).toISOString(),
      ...differenceJson(difference, host.cwd),
      seen: seen === null ? null : { since: instant(seen.sinceMs), complete: seen.isComplete },
      out,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => printedBy(loaded)(page) + renderDiagnostics(diagnostics, loaded, page),
    text: (page) => differenceText(difference, { name, base: base.text, seen }, page) + written,
    next: nextCommands(call, view),
  }
}

function isToDo({ difference, machine }: View): boolean {
  return isChange(difference) || machine?.comesOutOtherwise === true
}

function instant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function nextCommands(call: Call, view: View): Report['next'] {
  const { difference, machine, out } = view
  const option = policyOption(call)
  const state = stateOption(call)
  if (!isToDo(view)) {
    if (machine === null) return []
    return machine.trial === null
      ? [[`thingwall status${option}${state}`, 'what is in force, and what each rule has met']]
      : [
          [`thingwall confirm${state}`, 'keep what is on trial'],
          [`thingwall rollback${state}`, 'go back at once'],
        ]
  }
  const some = difference.meaning?.changes[0]?.devices[0]
  // Two files are compared by anybody; who compares with the machine has the rights that apply needs.
  const program = machine === null ? 'sudo thingwall' : 'thingwall'
  const apply = `${program} apply${out === null ? option : ` ${out}`}${state}`
  const lost = machine?.lost ?? null
  return [
    ...(lost === null
      ? []
      : [
          [`thingwall boot${state}`, `first put back application ${lost.sequence}, then plan again`] as const,
        ]),
    ...(some === undefined
      ? []
      : [
          [
            `thingwall explain${option} --from ${some} --to ADDRESS:443/tcp`,
            'what one flow will meet',
          ] as const,
        ]),
    [apply, out === null ? 'put it in force, on trial' : 'put exactly this in force, on trial, or nothing'],
  ]
}
