/**
 * What most commands begin with: the policy loaded and lowered, the bindings read, the instant chosen. Anything
 * that stands in the way ends the command here, with all diagnostics at once.
 */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import {
  type Bindings,
  type Diagnostic,
  hasErrors,
  lower,
  noBindings,
  type PolicyDocument,
  parseDate,
  type Ruleset,
  readBindings,
} from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { DEFAULT_POLICY_FILE, type LoadedPolicy, loadPolicy } from '../load/load.ts'

export interface OpenPolicy {
  readonly loaded: LoadedPolicy
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
  /** Warnings of loading and lowering. */
  readonly diagnostics: readonly Diagnostic[]
  /** The instant to judge at, milliseconds since 1970. */
  readonly at: number
}

/** The policy that `--policy` names, lowered. Throws `Failure`: exit 1 where the policy has errors. */
export async function openPolicy(call: Call, host: Host): Promise<OpenPolicy> {
  const { loaded, document, ruleset, diagnostics, at } = await tryPolicy(call, host)
  if (document === null || ruleset === null) {
    throw new Failure(`${relative(host.cwd, loaded.file)} has errors`, {
      code: 'policy',
      hint: `mend them, then: thingwall check${policyOption(call)}`,
      exit: exits.no,
      diagnostics,
      project: loaded.project,
    })
  }
  return { loaded, document, ruleset, diagnostics, at }
}

/** The same for a command that reports faults itself: what could not be made is null. */
export async function tryPolicy(
  call: Call,
  host: Host,
): Promise<
  Omit<OpenPolicy, 'document' | 'ruleset'> & {
    readonly document: PolicyDocument | null
    readonly ruleset: Ruleset | null
  }
> {
  const at = instantOf(call, host)
  const path = call.options.policy ?? DEFAULT_POLICY_FILE
  const loaded = await loadPolicy(path, { cwd: host.cwd, nowMs: host.now() })
  if (loaded.document === null) {
    return { loaded, document: null, ruleset: null, diagnostics: loaded.diagnostics, at }
  }
  const [ruleset, found] = lower(loaded.document)
  const diagnostics = [...loaded.diagnostics, ...loaded.locate(found)]
  return {
    loaded,
    document: loaded.document,
    ruleset: hasErrors(diagnostics) ? null : ruleset,
    diagnostics,
    at,
  }
}

/** What `--bindings` says; without it nothing is bound. */
export function openBindings(call: Call, host: Host, ruleset: Ruleset): Bindings {
  const path = call.options.bindings
  if (path === undefined) return noBindings
  const [bindings, diagnostics] = readBindings(readJson(path, host), ruleset)
  if (bindings !== null) return bindings
  throw new Failure(`${path} holds no bindings`, { code: 'TW1024', hint: 'mend the file', diagnostics })
}

/** ` --policy FILE` where it was given, to suggest commands that can be run as they stand. */
export function policyOption(call: Call): string {
  return optionText(call, 'policy')
}

/** ` --NAME VALUE` for a shell where the option was given, otherwise nothing. */
export function optionText(call: Call, name: 'policy' | 'state'): string {
  const value = call.options[name]
  if (value === undefined) return ''
  return ` --${name} ${/^[\w./@:+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`
}

function instantOf(call: Call, host: Host): number {
  const text = call.options.at
  if (text === undefined) return host.now()
  const at = parseDate(text)
  if (at === null) throw usage(`--at ${text} is no date`, 'write 2026-03-02 or 2026-03-02T18:00:00Z')
  return at
}

function readJson(path: string, host: Host): unknown {
  try {
    return JSON.parse(readFileSync(resolve(host.cwd, path), 'utf8'))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new Failure(`${path} ${why}`, {
      code: 'environment',
      hint: cause instanceof Error ? cause.message : 'look at the file',
      cause,
    })
  }
}
