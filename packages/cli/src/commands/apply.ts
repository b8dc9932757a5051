/**
 * `thingwall apply`: the policy into this machine's kernel, whole, in one step. Before anything changes it refuses what
 * would cut the person who asks, or an interface that the policy does not speak of.
 */
import { createHash } from 'node:crypto'
import {
  type Applied,
  bindingsDigest,
  type CallerVerdict,
  findCaller,
  judgeCaller,
  keepCaller,
  type Order,
  ownAddresses,
  requireOpening,
  thisMachine,
  warnOfForeign,
} from '@thingwall/gateway'
import { formatAddress, hasErrors } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { count, safe } from '../render/text.ts'
import { policyOption } from './open.ts'
import { printedBy } from './printed.ts'
import {
  type Gateway,
  openGateway,
  type Prepared,
  personOf,
  prepare,
  readPolicyFile,
  refused,
} from './site.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const started = performance.now()
  const log = groupOf(call.options.log)
  const gateway = await openGateway(call, host)
  const prepared = await prepare(call, host, log)
  const caller = await callerOf(host, prepared)
  const ignored = call.options['lock-me-out'] === true
  const cut = caller?.refusal != null && !ignored ? [caller.refusal] : []
  const found = [...prepared.diagnostics, ...prepared.loaded.locate(cut)]
  if (hasErrors(found)) throw refused('this policy was not applied', prepared.loaded, found)

  const order: Order = {
    by: personOf(host),
    policy: {
      name: prepared.ruleset.name,
      file: prepared.loaded.file,
      digest: createHash('sha256').update(readPolicyFile(prepared.loaded)).digest('hex'),
    },
    bindings: bindingsDigest(prepared.bindings),
    log,
    at: prepared.at,
  }
  const isDry = call.options['dry-run'] === true
  const applied = isDry
    ? await tryOut(gateway, prepared, order)
    : await carryOut(gateway, prepared, order, ignored ? null : caller)
  const { foreign } = await gateway.point.surroundings()
  const diagnostics = [...found, ...(applied.result?.diagnostics ?? []), ...warnOfForeign(foreign)]
  const tookMs = Math.round(performance.now() - started)
  return {
    exit: exits.fine,
    json: {
      ...jsonFor(prepared, applied, caller, isDry),
      tookMs,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => printedBy(prepared.loaded)(page) + renderDiagnostics(diagnostics, prepared.loaded, page),
    text: (page) => textFor(prepared, applied, { isDry, tookMs }, page),
    next: nextCommands(call, isDry),
  }
}

interface Outcome {
  /** Null for a dry run. */
  readonly result: Applied | null
  readonly before: string | null
  readonly tcpLoose: Awaited<ReturnType<typeof requireOpening>> | null
}

async function tryOut({ point }: Gateway, { artifact }: Prepared, order: Order): Promise<Outcome> {
  const { digest } = await point.read()
  await point.check(artifact, order)
  return { result: null, before: digest, tcpLoose: null }
}

async function carryOut(
  { point }: Gateway,
  { artifact, loaded }: Prepared,
  order: Order,
  caller: CallerVerdict | null,
): Promise<Outcome> {
  const impossible = caller === null ? [] : await keepCaller(thisMachine, caller, artifact)
  if (impossible.length > 0) throw refused('this policy was not applied', loaded, impossible)
  const result = await point.apply(artifact, order)
  return { result, before: result.before, tcpLoose: await requireOpening(thisMachine) }
}

async function callerOf(host: Host, prepared: Prepared): Promise<CallerVerdict | null> {
  const own = ownAddresses(prepared.survey)
  const caller = await findCaller(thisMachine, { env: host.env, pid: process.pid, own })
  return caller === null ? null : judgeCaller(thisMachine, caller, prepared)
}

function groupOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const group = Number(text)
  if (Number.isInteger(group) && group >= 0 && group <= 65_535) return group
  throw usage(`--log ${safe(text, 40)} is no NFLOG group`, 'write a number from 0 to 65535')
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
  { ruleset, artifact }: Prepared,
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
  if (result?.changed !== true) {
    const since = new Date(result?.record.at ?? 0).toISOString()
    return `${page.ink('green', 'in force already')} ${what} ${digest}\nsince ${since}; nothing was changed\n`
  }
  const replaced =
    before === null
      ? 'nothing was in force before'
      : before === artifact.digest
        ? 'it replaces itself'
        : `it replaces ${before.slice(0, 12)}`
  const times = `${Math.round(result.loadMs)} ms in the kernel, ${tookMs} ms in all`
  return `${page.ink('green', 'applied')} ${what} ${digest}\n${replaced}; ${times}\n`
}

function nextCommands(call: Call, isDry: boolean): Report['next'] {
  const option = policyOption(call)
  if (isDry) return [[`thingwall apply${option}`, 'put it in force']]
  return [
    [`thingwall status${option}`, 'what is in force, and what each rule has met'],
    [`thingwall explain${option} --from DEVICE --to ADDRESS:443/tcp`, 'what one flow meets'],
  ]
}
