/**
 * What `apply` and `status` begin with on the gateway itself: this machine looked at, the policy lowered with what the
 * machine adds to it, compiled. Nothing here changes anything.
 */
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import {
  fit,
  type NftablesPoint,
  openNftablesPoint,
  prefixesFor,
  requireNetAdmin,
  STATE_FOLDER,
  type Survey,
  survey,
  thisMachine,
  withOwnAddresses,
} from '@thingwall/gateway'
import {
  type Artifact,
  type Bindings,
  check,
  type Diagnostic,
  escapeText,
  hasErrors,
  lower,
  type PolicyDocument,
  type Ruleset,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { DEFAULT_POLICY_FILE, type LoadedPolicy, loadPolicy } from '../load/load.ts'
import { compiled } from './compiled.ts'
import { openBindings, policyOption } from './open.ts'

export interface Gateway {
  readonly point: NftablesPoint
  readonly stateFolder: string
}

export interface Prepared {
  readonly loaded: LoadedPolicy
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  readonly survey: Survey
  readonly artifact: Artifact
  /** Warnings of the policy, and what `apply` refuses on this machine. */
  readonly diagnostics: readonly Diagnostic[]
  readonly at: number
}

/** This machine's enforcement point. Throws where rights or programs are missing. */
export async function openGateway(call: Call, host: Host): Promise<Gateway> {
  await requireNetAdmin(thisMachine, `thingwall ${call.verb}${policyOption(call)}`)
  const named = call.options.state ?? host.env.THINGWALL_STATE
  const stateFolder = named === undefined || named === '' ? STATE_FOLDER : resolve(host.cwd, named)
  return { point: await openNftablesPoint({ machine: thisMachine, state: stateFolder }), stateFolder }
}

/** The policy compiled for this machine. Throws `Failure` with exit 1 where the policy has errors. */
export async function prepare(call: Call, host: Host, log: number | null): Promise<Prepared> {
  const at = host.now()
  const machine = await survey(thisMachine)
  const path = call.options.policy ?? DEFAULT_POLICY_FILE
  const loaded = await loadPolicy(path, { cwd: host.cwd, nowMs: at })
  const { document } = loaded
  if (document === null) throw faulty(call, loaded, loaded.diagnostics)
  const [ruleset, lowered] = lower(document, prefixesFor(document, machine))
  const found = [...loaded.diagnostics, ...loaded.locate(lowered)]
  if (ruleset === null) throw faulty(call, loaded, found)
  const checked = [...found, ...loaded.locate(check(document, ruleset, { at }))]
  if (hasErrors(checked)) throw faulty(call, loaded, checked)
  const bindings = withOwnAddresses(openBindings(call, host, ruleset), machine)
  const logging = log === null ? null : { group: log, verdicts: 'deny' as const }
  const [artifact, refused] = compiled(call, nftables, ruleset, { bindings, at, log: logging })
  if (artifact === null) throw faulty(call, loaded, loaded.locate(refused))
  const diagnostics = [...checked, ...loaded.locate(fit(document, ruleset, machine))]
  return { loaded, document, ruleset, bindings, survey: machine, artifact, diagnostics, at }
}

/** The answer is no: nothing was changed, and the diagnostics say why. */
export function refused(message: string, loaded: LoadedPolicy, diagnostics: readonly Diagnostic[]): Failure {
  return new Failure(message, {
    code: diagnostics.find(({ severity }) => severity === 'error')?.code ?? 'policy',
    hint: 'nothing was changed; each diagnostic says what to do',
    exit: exits.no,
    diagnostics,
    project: loaded.project,
  })
}

function faulty(call: Call, loaded: LoadedPolicy, diagnostics: readonly Diagnostic[]): Failure {
  return new Failure('the policy has errors; nothing was changed', {
    code: 'policy',
    hint: `mend them, then: thingwall check${policyOption(call)}`,
    exit: exits.no,
    diagnostics,
    project: loaded.project,
  })
}

/** Who runs this: the person behind sudo where there is one. */
export function personOf(host: Host): string {
  const sudo = host.env.SUDO_USER
  const name = sudo === undefined || sudo === '' ? accountName() : `${sudo} (as ${accountName()})`
  return escapeText(name, 100)
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

/** The bytes of the policy file, to be digested. */
export function readPolicyFile(loaded: LoadedPolicy): Uint8Array {
  return readFileSync(loaded.file)
}
