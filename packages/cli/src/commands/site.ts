/**
 * What `apply` and `status` begin with on the gateway itself: this machine looked at, the policy lowered with what the
 * machine adds to it, compiled. Nothing here changes anything.
 */
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import {
  type Caller,
  fillerBy,
  findCaller,
  fit,
  joined,
  LOG_GROUP,
  type NftablesPoint,
  openNftablesPoint,
  ownAddresses,
  prefixesFor,
  readJournal,
  requireNetAdmin,
  STATE_FOLDER,
  type Survey,
  saidBy,
  spawned,
  survey,
  ThingwallError,
  thisClock,
  thisMachine,
  withOwnAddresses,
} from '@thingwall/gateway'
import {
  type Artifact,
  type Bindings,
  check,
  type Diagnostic,
  escapeText,
  formatAddress,
  hasErrors,
  lower,
  noBindings,
  type PolicyDocument,
  type Ruleset,
  withoutClock,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import type { VerbName } from '../frame/verbs.ts'
import { DEFAULT_POLICY_FILE, type LoadedPolicy, loadPolicy } from '../load/load.ts'
import { safe } from '../render/text.ts'
import { compiled } from './compiled.ts'
import { openBindings, optionText, policyOption } from './open.ts'

export interface Gateway {
  readonly point: NftablesPoint
  readonly stateFolder: string
}

/** A policy and where it comes from: a file, or the history. */
export type Source = Omit<LoadedPolicy, 'project'> & {
  /** The folder whose files may be quoted; null for none. */
  readonly project: string | null
  /** What a bindings file said when it was applied before; `--bindings` takes its place. */
  readonly told?: string | null
  /**
   * Its own tests must hold, where this does not say otherwise: what was accepted before is put in force again also where
   * a date has passed since, and a test no longer holds.
   */
  readonly tests?: 'must hold' | 'are told'
}

export interface Prepared {
  readonly loaded: Source
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
  /** What a file said of bindings, now or when the same was applied before. */
  readonly said: Bindings
  /** The same with this machine's addresses: what the artifact was compiled with. */
  readonly bindings: Bindings
  /** With all that devices were given and told at run time: what flows are judged by. */
  readonly known: () => Bindings
  readonly survey: Survey
  readonly artifact: Artifact
  /** What a restart begins with: no leases, no answers, nothing that needs the time. */
  readonly boot: () => Artifact
  /** Warnings of the policy, and what `apply` refuses on this machine. */
  readonly diagnostics: readonly Diagnostic[]
  readonly at: number
}

/** This machine's enforcement point. Throws where rights or programs are missing. */
export async function openGateway(call: Call, host: Host): Promise<Gateway> {
  const command = `thingwall ${call.verb}${policyOption(call)}`
  await requireNetAdmin(thisMachine, command).catch((error: unknown) => {
    throw CHANGING.has(call.verb) ? onlyRoot(command, error) : error
  })
  const stateFolder = stateFolderOf(call, host)
  const filler = fillerBy(spawned())
  const waiting = (holder: string): void => {
    host.stderr.write(`waiting for another thingwall: ${holder}\n`)
  }
  const point = await openNftablesPoint({ machine: thisMachine, state: stateFolder, filler, waiting })
  return { point, stateFolder }
}

/** Verbs that change what is in force: the daemon does none of it for anybody. */
const CHANGING: ReadonlySet<string> = new Set<VerbName>([
  'apply',
  'confirm',
  'rollback',
  'boot',
  'quarantine',
  'release',
  'allow',
])

function onlyRoot(command: string, cause: unknown): unknown {
  if (!(cause instanceof ThingwallError) || cause.code !== 'TW4001') return cause
  const message =
    'changing the firewall needs root (CAP_NET_ADMIN): the gateway answers questions and changes nothing'
  return new Failure(message, { code: cause.code, hint: `run: sudo ${command}`, cause })
}

/** Whether somebody named the state folder. */
export function isStateNamed(call: Call, host: Host): boolean {
  return (call.options.state ?? host.env.THINGWALL_STATE ?? '') !== ''
}

/** Where the record of what was applied is. */
export function stateFolderOf(call: Call, host: Host): string {
  const named = call.options.state ?? host.env.THINGWALL_STATE
  return named === undefined || named === '' ? STATE_FOLDER : resolve(host.cwd, named)
}

/**
 * The policy file compiled for this machine, with what `--bindings` says, or else with what was `told` before. Throws
 * `Failure` with exit 1 where the policy has errors.
 */
export async function prepare(
  call: Call,
  host: Host,
  log: number | null,
  told: string | null = null,
): Promise<Prepared> {
  const path = call.options.policy ?? DEFAULT_POLICY_FILE
  const loaded = await loadPolicy(path, { cwd: host.cwd, nowMs: host.now() })
  return compile(call, host, { ...loaded, told }, log)
}

/** A policy compiled for this machine as it is now. Throws `Failure` with exit 1 where the policy has errors. */
export async function compile(call: Call, host: Host, loaded: Source, log: number | null): Promise<Prepared> {
  const at = host.now()
  const machine = await survey(thisMachine)
  const { document } = loaded
  if (document === null) throw faulty(call, loaded, loaded.diagnostics)
  const [ruleset, lowered] = lower(document, prefixesFor(document, machine))
  const found = [...loaded.diagnostics, ...loaded.locate(lowered)]
  if (ruleset === null) throw faulty(call, loaded, found)
  const judged = check(document, ruleset, { at })
  const analysed = loaded.tests === 'are told' ? judged.map(toldOnly) : judged
  const checked = [...found, ...loaded.locate(analysed)]
  if (hasErrors(checked)) throw faulty(call, loaded, checked)
  const said =
    call.options.bindings === undefined
      ? saidBy(loaded.told ?? null, ruleset)
      : openBindings(call, host, ruleset)
  const bindings = withOwnAddresses(said, machine)
  const known = (): Bindings => {
    const clock = thisClock()
    return joined(ruleset, bindings, readJournal(stateFolderOf(call, host), clock).said(ruleset), clock)
  }
  const logging = log === null ? null : { group: log, verdicts: 'deny' as const }
  const [artifact, refused] = compiled(call, nftables, ruleset, { bindings, at, log: logging })
  if (artifact === null) throw faulty(call, loaded, loaded.locate(refused))
  const boot = (): Artifact => {
    const own = withOwnAddresses(noBindings, machine)
    const options = { bindings: own, at, log: logging }
    const [made, unfit] = compiled(call, nftables, withoutClock(ruleset, at), options)
    if (made === null) throw faulty(call, loaded, loaded.locate(unfit))
    return made
  }
  const diagnostics = [...checked, ...loaded.locate(fit(document, ruleset, machine))]
  return {
    loaded,
    document,
    ruleset,
    said,
    bindings,
    known,
    survey: machine,
    artifact,
    boot,
    diagnostics,
    at,
  }
}

/** A test that fails, as a warning. */
function toldOnly(diagnostic: Diagnostic): Diagnostic {
  return diagnostic.code === 'TW2014' ? { ...diagnostic, severity: 'warning' } : diagnostic
}

/** The NFLOG group that `--log` names, the daemon's where it names none. Throws `usage`. */
export function groupOf(text: string | undefined): number | null {
  if (text === undefined) return LOG_GROUP
  if (text === 'none') return null
  const group = Number(text)
  if (Number.isInteger(group) && group >= 0 && group <= 65_535) return group
  throw usage(`--log ${safe(text, 40)} is no NFLOG group`, 'write a number from 0 to 65535, or none')
}

/** The answer is no: nothing was changed, and the diagnostics say why. */
export function refused(message: string, loaded: Source, diagnostics: readonly Diagnostic[]): Failure {
  return new Failure(message, {
    code: diagnostics.find(({ severity }) => severity === 'error')?.code ?? 'policy',
    hint: 'nothing was changed; each diagnostic says what to do',
    exit: exits.no,
    diagnostics,
    project: loaded.project,
  })
}

function faulty(call: Call, loaded: Source, diagnostics: readonly Diagnostic[]): Failure {
  return new Failure('the policy has errors; nothing was changed', {
    code: 'policy',
    hint: `mend them, then: thingwall check${policyOption(call)}`,
    exit: exits.no,
    diagnostics,
    project: loaded.project,
  })
}

/** The remote connection that this command was called from; null when called from nowhere else. */
export function callerOf(host: Host, machine: Survey): Promise<Caller | null> {
  return findCaller(thisMachine, { env: host.env, pid: process.pid, own: ownAddresses(machine) })
}

/** Who runs this, and from where: the person behind sudo where there is one, `ada (as root) from 10.30.0.5`. */
export async function personOf(host: Host, caller: Caller | null): Promise<string> {
  const sudo = host.env.SUDO_USER
  const name = sudo === undefined || sudo === '' ? accountName() : `${sudo} (as ${accountName()})`
  const [terminal] = await thisMachine.links('/proc/self/fd/0')
  const tty = /^\/dev\/((?:pts\/|tty)\w+)$/.exec(terminal ?? '')?.[1]
  const from = caller !== null ? ` from ${formatAddress(caller.peer)}` : tty === undefined ? '' : ` on ${tty}`
  return escapeText(name + from, 100)
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

/** ` --state DIR` where it was given, to suggest commands that can be run as they stand. */
export function stateOption(call: Call): string {
  return optionText(call, 'state')
}
