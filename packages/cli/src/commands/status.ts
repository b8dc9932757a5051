/**
 * `thingwall status`: what is in force on this machine, since when and by whom; whether it is what the policy file says;
 * whether anybody changed it in the kernel; what may drop beside it; what each rule has met.
 *
 * Exit codes: 0 in force, untouched, and what the file says · 1 not so · 2 could not look · 3, with --exit-code, where
 * all that is wrong is that the file waits to be applied, a trial to be confirmed, or a restart for the time.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ApplicationRecord, InForce, Integrity, RuleCount } from '@thingwall/gateway'
import { warnOfForeign } from '@thingwall/gateway'
import type { Diagnostic, Ruleset } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { type Exit, exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { DEFAULT_POLICY_FILE } from '../load/load.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { showFile } from '../render/place.ts'
import { type Column, table } from '../render/table.ts'
import { hanging, safe } from '../render/text.ts'
import { fateText } from './history.ts'
import { lookAtMachine } from './look.ts'
import { policyOption } from './open.ts'
import { type Prepared, prepare, stateOption } from './site.ts'
import { timeText, trialJson, trialText } from './trial.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const { inForce, told, foreign, counters, stateFolder } = await lookAtMachine(call, host)
  const file = await compare(call, host, inForce, told)
  const [compared, fault] = file instanceof Failure ? [null, file] : [file, null]
  const own = fault === null ? (compared?.diagnostics.filter(concernsStatus) ?? []) : fault.diagnostics
  const diagnostics = [...own, ...warnOfForeign(foreign)]
  const isToldThen = told !== null && call.options.bindings === undefined
  const view: View = { inForce, compared, isToldThen, fault, counters, stateFolder }
  const exit = exitOf(view, call.options['exit-code'] === true)
  return {
    exit,
    json: { ...jsonFor(view), diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)) },
    aside: (page) =>
      renderDiagnostics(diagnostics, fault?.sources ?? { project: compared?.loaded.project ?? null }, page),
    text: (page) => textFor(view, page),
    next: nextCommands(view, policyOption(call) + stateOption(call), stateOption(call)),
  }
}

interface View {
  readonly inForce: InForce
  /** The policy file compiled now; null where there is none to compare with. */
  readonly compared: Prepared | null
  /** Compared with what `--bindings` said when this was applied, because it says nothing now. */
  readonly isToldThen: boolean
  /** What keeps it from being compiled. */
  readonly fault: Failure | null
  readonly counters: readonly RuleCount[]
  readonly stateFolder: string
}

/** Without `--policy`, and where the default file is not there, status only says what is in force. */
async function compare(
  call: Call,
  host: Host,
  { record }: InForce,
  told: string | null,
): Promise<Prepared | Failure | null> {
  const isAsked = call.options.policy !== undefined
  if (!isAsked && !existsSync(resolve(host.cwd, DEFAULT_POLICY_FILE))) return null
  try {
    return await prepare(call, host, record?.log ?? null, told)
  } catch (error) {
    // A file with errors cannot be compared; what is in force is told all the same.
    if (error instanceof Failure && error.exit === exits.no) return error
    throw error
  }
}

/** Of the policy's own findings only what the machine or the network leaves unenforced; `check` tells the rest. */
function concernsStatus({ code }: Diagnostic): boolean {
  return code.startsWith('TW4') || code === 'TW2012'
}

function isWhatTheFileSays({ inForce, compared }: View): boolean | null {
  if (compared === null) return null
  // What a restart leaves out for now is still what the file says.
  const digest = inForce.isTimeless ? inForce.record?.digest : inForce.digest
  return digest === compared.artifact.digest
}

function exitOf(view: View, asked: boolean): Exit {
  if (view.inForce.integrity.kind === 'changed') return exits.no
  if (view.fault !== null) return exits.no
  const differs = isWhatTheFileSays(view) === false
  if (view.inForce.digest === null || differs)
    return asked && view.compared !== null ? exits.somethingToDo : exits.no
  return asked && (view.inForce.trial !== null || view.inForce.isTimeless) ? exits.somethingToDo : exits.fine
}

function jsonFor(view: View): Record<string, unknown> {
  const { inForce, compared, counters, stateFolder } = view
  const rules = rulesById(compared?.ruleset ?? null)
  return {
    inForce: inForce.digest !== null,
    digest: inForce.digest,
    since: inForce.record === null ? null : new Date(inForce.record.at).toISOString(),
    by: inForce.record?.by ?? null,
    why: inForce.record?.why ?? null,
    isTimeless: inForce.isTimeless,
    trial: inForce.trial === null ? null : trialJson(inForce.trial),
    over: inForce.over,
    policy: inForce.record?.policy ?? null,
    sequence: inForce.record?.sequence ?? null,
    log: inForce.record?.log ?? null,
    integrity: inForce.integrity,
    last: inForce.last,
    file:
      compared === null
        ? null
        : { path: compared.loaded.file, digest: compared.artifact.digest, same: isWhatTheFileSays(view) },
    fault: view.fault?.message ?? null,
    state: stateFolder,
    counters: counters.map((one) => ({ ...one, verdict: rules.get(one.rule) ?? null })),
  }
}

function textFor(view: View, page: Page): string {
  const { inForce, compared, fault, counters, stateFolder } = view
  const line = (term: string, text: string): string => hanging(`  ${term.padEnd(9)} `, text, page.width)
  const out = [headline(inForce, page)]
  if (inForce.record !== null) out.push(...recordLines(inForce.record, line, page))
  else if (inForce.digest !== null) out.push(line('record', `none in ${safe(stateFolder, 300)}`))
  if (inForce.trial !== null) out.push(line('trial', page.ink('yellow', trialText(inForce.trial))))
  if (inForce.over !== null)
    out.push(line('tried', `${saying(inForce.over.record)}: ${fateText(inForce.over.fate)}`))
  if (inForce.last !== null) out.push(line('before', `${saying(inForce.last)}, not in force any more`))
  const { integrity } = inForce
  if (inForce.digest !== null || integrity.kind === 'changed')
    out.push(line('kernel', integrityText(integrity)))
  if (fault !== null) out.push(line('file', page.ink('red', 'has errors: thingwall check tells them')))
  else if (compared === null)
    out.push(line('file', `not compared: no ${DEFAULT_POLICY_FILE} here; name one with --policy FILE`))
  else {
    const same = isWhatTheFileSays(view) === true
    const other = inForce.digest === null ? 'is not in force' : 'says something else'
    const words = same ? page.ink('green', 'says the same') : page.ink('yellow', other)
    const then = view.isToldThen ? ', with the bindings it was applied with' : ''
    out.push(line('file', `${showFile(compared.loaded.file, page.cwd)} ${words}${then}`))
  }
  const met = counters.filter(({ packets }) => packets > 0)
  if (inForce.digest === null) return `${out.join('\n')}\n`
  const idle = counters.length - met.length
  out.push('', countsTable(met, rulesById(compared?.ruleset ?? null), page))
  if (idle > 0) out.push(page.ink('dim', `${idle} more have met nothing; --json has them all`))
  return `${out.join('\n')}\n`
}

function headline({ digest, record, integrity, trial, isTimeless }: InForce, page: Page): string {
  if (digest === null) return page.ink('red', integrity.kind === 'changed' ? 'broken' : 'nothing is in force')
  const name = page.ink('bold', safe(record?.policy.name ?? 'a policy'))
  const how =
    trial !== null
      ? page.ink('yellow', 'on trial')
      : isTimeless
        ? page.ink('yellow', 'in force, without what needs the time,')
        : page.ink('green', 'in force')
  return `${how} ${name} ${page.ink('dim', digest.slice(0, 12))}`
}

function recordLines(
  record: ApplicationRecord,
  line: (term: string, text: string) => string,
  page: Page,
): readonly string[] {
  const from = record.policy.file === null ? '' : `, from ${showFile(record.policy.file, page.cwd)}`
  return [
    line('since', `${timeText(record.at)}, by ${safe(record.by, 120)}${from}`),
    ...(record.why === null ? [] : [line('why', safe(record.why, 500))]),
    ...(record.log === null ? [] : [line('log', `what is refused goes to NFLOG group ${record.log}`)]),
  ]
}

function saying(record: ApplicationRecord): string {
  return `${safe(record.policy.name)} of ${timeText(record.at)}, by ${safe(record.by, 120)}`
}

function integrityText(integrity: Integrity): string {
  switch (integrity.kind) {
    case 'intact':
      return `untouched since (${integrity.covers})`
    case 'changed': {
      const few = integrity.changes.slice(0, 5).map((change) => safe(change, 120))
      const more = integrity.changes.length > 5 ? ` and ${integrity.changes.length - 5} more` : ''
      return `CHANGED by somebody: ${few.join('; ')}${more}`
    }
    case 'unknown':
      return `cannot be told: ${integrity.because}`
    default:
      return integrity satisfies never
  }
}

/** What a rule does, by id; limits are not among the rules. */
function rulesById(ruleset: Ruleset | null): ReadonlyMap<string, string> {
  return new Map([
    ...(ruleset?.rules.map(({ id, effect }) => [id, effect] as const) ?? []),
    ...(ruleset?.limits.map(({ id }) => [id, 'limit'] as const) ?? []),
  ])
}

function countsTable(
  counts: readonly RuleCount[],
  verdicts: ReadonlyMap<string, string>,
  page: Page,
): string {
  if (counts.length === 0) return page.ink('dim', 'no rule has met a packet yet')
  const sorted = counts.toSorted((a, b) => b.packets - a.packets)
  const rows = sorted.map(({ rule, packets, bytes }) => [
    safe(rule, 120),
    verdicts.get(rule) ?? '',
    `${packets}`,
    `${bytes}`,
  ])
  return table(columns, rows, page)
}

const columns: readonly Column[] = [
  { heading: 'rule', ink: 'bold' },
  { heading: 'verdict' },
  { heading: 'packets' },
  { heading: 'bytes' },
]

function nextCommands(view: View, option: string, state: string): Report['next'] {
  const { inForce } = view
  if (inForce.trial !== null) {
    return [
      [`thingwall confirm${state}`, 'keep it'],
      [`thingwall rollback${state}`, 'go back at once'],
    ]
  }
  if (inForce.isTimeless) return [[`thingwall boot${state}`, 'once the clock is right: the whole policy']]
  const goesBack = [`thingwall boot${state}`, 'put back what was confirmed last, as after a restart'] as const
  if (inForce.integrity.kind === 'changed')
    return [goesBack, [`thingwall apply${option}`, 'put the file in force, on trial']]
  if (inForce.digest === null && inForce.last !== null)
    return [goesBack, [`thingwall apply${option} --dry-run`, 'whether the file could be applied']]
  if (inForce.digest === null || isWhatTheFileSays(view) === false) {
    return [
      [`thingwall apply${option} --dry-run`, 'whether it could be applied'],
      [`thingwall apply${option}`, 'put the file in force'],
    ]
  }
  return [
    [
      `thingwall explain${option.replace(state, '')} --from DEVICE --to ADDRESS:443/tcp`,
      'what one flow meets',
    ],
  ]
}
