/**
 * `loadPolicy`: from a policy file to a validated document, by way of an unprivileged child process.
 *
 * The file's code runs in the child only; what comes out is JSON, given exact places and validated here. Policies
 * written as data, in YAML or JSON, need no child.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import {
  type Diagnostic,
  diagnose,
  didYouMean,
  faultsBeside,
  hasErrors,
  type PolicyDocument,
  validate,
  withOverlay,
} from '@thingwall/policy'
import { Failure } from '../frame/failure.ts'
import { faultOfEnd, faultOfThrown, loadFault } from './fault.ts'
import { type Locator, locatorFor } from './locate.ts'
import { readOverlay } from './overlay.ts'
import { located, placed } from './places.ts'
import { isBelow, projectOf } from './project.ts'
import { type Bounds, evaluateApart, usualBounds, type WallReport } from './sandbox.ts'
import { defaultExportOf } from './syntax.ts'
import type { Machine } from './wall.ts'
import { isWritten, readWritten } from './written.ts'

export interface LoadedPolicy {
  /** The file's real, absolute path. */
  readonly file: string
  /** Null where there are errors among the diagnostics. */
  readonly document: PolicyDocument | null
  readonly diagnostics: readonly Diagnostic[]
  /** What the policy's own code printed. Hostile. */
  readonly printed: string
  /** Moves diagnostics found later to the property they name. */
  readonly locate: (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[]
  /** The folder below which the policy may read, and below which its source may be shown. */
  readonly project: string
  /** What stood around the policy's code while it ran; null where it is YAML or JSON, which runs nothing. */
  readonly wall: WallReport | null
}

export interface LoadOptions {
  readonly cwd: string
  /** Milliseconds since 1970: the clock that the policy sees. */
  readonly nowMs: number
  readonly bounds?: Bounds
  /** The policy as its own files say it, without what was decided in a hurry. */
  readonly withoutOverlay?: boolean
  /** The machine whose walls are used; this one unless a test says otherwise. */
  readonly machine?: Machine
}

/** The file that `--policy` names when it is not given. */
export const DEFAULT_POLICY_FILE = 'thingwall.policy.ts'

/** Loads a policy file. Throws `Failure` (exit 2) where there is no such file; all else comes as diagnostics. */
export async function loadPolicy(path: string, options: LoadOptions): Promise<LoadedPolicy> {
  const file = findFile(path, options.cwd)
  const project = projectOf(file)
  const withoutOverlay = options.withoutOverlay === true
  if (isWritten(file)) {
    const { input, diagnostics, locator } = readWritten(file, project)
    if (hasErrors(diagnostics))
      return { file, document: null, diagnostics, printed: '', locate: (found) => found, project, wall: null }
    return read(input, null, { file, project, printed: '', wall: null, locator, withoutOverlay })
  }
  const bounds = options.bounds ?? usualBounds
  const { outcome, printed, wall } = await evaluateApart(file, options.nowMs, bounds, options.machine)
  const refuse = (...diagnostics: readonly Diagnostic[]): LoadedPolicy => {
    return { file, document: null, diagnostics, printed, locate: (found) => found, project, wall }
  }
  if (outcome.kind === 'no-wall') {
    throw new Failure(`no policy can be evaluated here: ${outcome.why}`, {
      code: 'environment',
      hint: 'a policy is code, and is only run without rights: install util-linux, or run this as an ordinary user',
    })
  }
  if (outcome.kind === 'ended') return refuse(faultOfEnd(file, outcome, bounds))
  const { message } = outcome
  switch (message.kind) {
    case 'threw':
      return refuse(faultOfThrown(file, message))
    case 'no-default':
      return refuse(
        loadFault(
          `${basename(file)} has no default export`,
          { file, line: 1, column: 1 },
          "End it with: export default policy('site-name', { networks: { … }, devices: { … } })",
        ),
      )
    case 'not-data':
      return refuse(
        loadFault(
          `the default export is not plain data: ${message.message}`,
          { file, line: 1, column: 1 },
          'Export what policy(…) returns, as it is.',
        ),
      )
    case 'policy': {
      if (!isMadeByPolicy(message.document)) {
        return refuse(
          loadFault(
            `the default export is ${kindOf(message.document)}, and no policy`,
            defaultExportOf(file, message.sources[file]),
            "Use policy(NAME, { … }), and export what it returns: export default policy('site-name', { … })",
          ),
        )
      }
      const locator = locatorFor((source) => isBelow(project, source), message.sources)
      return read(message.document, message.difference, {
        file,
        project,
        printed,
        wall,
        locator,
        withoutOverlay,
      })
    }
    default:
      return message satisfies never
  }
}

/** Whether it is a document, sound or not: `policy` writes the format into everything it makes. */
function isMadeByPolicy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'format' in value
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

interface Reading {
  readonly file: string
  readonly project: string
  readonly printed: string
  readonly wall: WallReport | null
  readonly locator: Locator
  readonly withoutOverlay: boolean
}

function read(
  input: unknown,
  difference: { readonly path: string; readonly first: string; readonly second: string } | null,
  { file, project, printed, wall, locator, withoutOverlay }: Reading,
): LoadedPolicy {
  const [overlay, unread] = withoutOverlay ? [null, []] : readOverlay(file)
  const policy = placed(input, locator)
  const [raw, strays] = overlay === null ? [policy, []] : withOverlay(policy, overlay)
  const [document, found] = validate(raw)
  const own = [...unread, ...strays, ...(difference === null ? [] : [differs(file, difference)])]
  const beside = document === null ? faultsBeside(raw) : []
  const diagnostics = [...own, ...located([...found, ...beside], raw, locator)]
  return {
    file,
    document: hasErrors(diagnostics) ? null : document,
    diagnostics,
    printed,
    locate: (later) => located(later, raw, locator),
    project,
    wall,
  }
}

function differs(file: string, at: { path: string; first: string; second: string }): Diagnostic {
  return diagnose('TW1023', {
    message: `two loads of the policy differ: ${at.path || 'it'} is ${at.first}, then ${at.second}`,
    path: at.path,
    hint: 'Write dates and values out: a policy may not depend on the clock, on chance or on how often it is loaded.',
    origin: { file, line: 1, column: 1 },
  })
}

function findFile(path: string, cwd: string): string {
  const wanted = resolve(cwd, path)
  try {
    const file = realpathSync(wanted)
    if (statSync(file).isFile()) return file
    if (statSync(file).isDirectory()) throw isFolder(path)
  } catch (error) {
    if (error instanceof Failure) throw error
    // Said below, with what there is instead.
  }
  const hint = hintForMissing(wanted, cwd)
  const shown = relative(cwd, wanted) || wanted
  throw new Failure(`there is no policy file ${shown}`, {
    code: 'TW1022',
    hint,
    diagnostics: [
      diagnose('TW1022', {
        message: `there is no policy file ${shown}`,
        path: '',
        value: path,
        hint,
        origin: null,
      }),
    ],
  })
}

function isFolder(path: string): Failure {
  const message = `${path} is a folder`
  const hint = `name the file in it: --policy ${join(path, DEFAULT_POLICY_FILE)}`
  const fault = diagnose('TW1022', { message, path: '', value: path, hint, origin: null })
  return new Failure(message, { code: 'TW1022', hint, diagnostics: [fault] })
}

function hintForMissing(wanted: string, cwd: string): string {
  const folder = dirname(wanted)
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return `there is no folder ${folder}`
  }
  const policies = names.filter((name) => /\.policy\.(?:ts|ya?ml|json)$/.test(name))
  const near = didYouMean(basename(wanted), policies) ?? didYouMean(basename(wanted), names) ?? policies[0]
  if (near !== undefined) return `did you mean --policy ${relative(cwd, join(folder, near))}?`
  return `run this where ${DEFAULT_POLICY_FILE} is, or say where it is: --policy FILE`
}
