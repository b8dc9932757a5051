/**
 * What a developer tells the firewall, read once into what the engine asks for each request. Wrong options throw when the
 * firewall is made, not when a request comes. It deliberately does not judge; `inspect` does.
 */
import type { ApiRules, ApiValue } from './declare/api.ts'
import { type Declared, readDeclaration } from './declare/declared.ts'
import { instantOf } from './declare/exclusion.ts'
import { type DeclarationFault, faultsText, type Reading, refuse } from './declare/reading.ts'
import { type DeclaredValue, readValue } from './declare/value.ts'
import { detectors } from './detect/all.ts'
import { fixationId } from './detect/fixation.ts'
import { type JudgeField, judgeWith } from './judge/judge.ts'
import { Remembered } from './judge/remembered.ts'
import type { Decision } from './model/decision.ts'
import { type BodyOptions, type BodySettings, readBodyOptions } from './request/body-options.ts'
import { defaultLimits, type Limits } from './request/limits.ts'
import { leakIds } from './respond/inspect-response.ts'
import { memoryState } from './state/memory.ts'
import type { State } from './state/state.ts'
import { type Counters, counters } from './tell/counters.ts'

/** What a parameter may hold, wherever it comes: query, form, JSON. All that is declared must hold. */
export interface ParameterOptions extends Omit<ApiValue, 'required' | 'maxItems' | 'minItems' | 'separator'> {
  readonly name: string
}

export interface WafOptions extends Partial<ApiRules> {
  readonly parameters?: readonly ParameterOptions[]
  readonly limits?: Partial<Limits>
  /** What becomes of bodies that are still coming, where an adapter reads them so. */
  readonly bodies?: BodyOptions
  /** Told of every decision that is not plainly "allow". What it throws is not caught. */
  readonly onDecision?: (decision: Decision) => void
  /** Remembers how often somebody called; by default in this process. */
  readonly state?: State
  /** Makes the id of a decision; random by default. */
  readonly newId?: () => string
  /** The time, in milliseconds since 1970: whether an exclusion is over. */
  readonly now?: () => number
}

/** Options, checked and complete. */
export interface Settings {
  readonly parameters: ReadonlyMap<string, Pick<DeclaredValue, 'judge' | 'inPieces'>>
  readonly declared: Declared
  readonly limits: Limits
  readonly bodies: BodySettings
  readonly onDecision: (decision: Decision) => void
  readonly newId: () => string
  readonly now: () => number
  readonly state: State
  readonly counters: Counters
  /** Headers in which nothing was found. */
  readonly remembered: Remembered
  /** All detectors but these. */
  readonly judgeWithout: (excluded: ReadonlySet<string>) => JudgeField
}

const known: ReadonlySet<string> = new Set([
  'parameters',
  'mode',
  'undeclared',
  'leaks',
  'routes',
  'exclusions',
  'schemas',
  'limits',
  'bodies',
  'onDecision',
  'state',
  'newId',
  'now',
] satisfies (keyof WafOptions)[])

/** What an exclusion may name. */
const ruleIds = [...detectors.map(({ id }) => id), fixationId, ...leakIds]

/** Throws a TypeError that names all that is wrong: a misspelt option must not leave a hole. */
export function readOptions(options: WafOptions): Settings {
  refuseUnknown(options, known, 'waf')
  const parameters = readParameters(options.parameters ?? [])
  refuseUnknown(options.limits ?? {}, new Set(Object.keys(defaultLimits)), 'limits')
  const { mode, undeclared, leaks, routes, exclusions, schemas } = options
  const { declared, faults } = readDeclaration(
    {
      ...(mode !== undefined && { mode }),
      ...(undeclared !== undefined && { undeclared }),
      ...(leaks !== undefined && { leaks }),
      ...(routes !== undefined && { routes }),
      ...(exclusions !== undefined && { exclusions }),
      ...(schemas !== undefined && { schemas }),
    },
    ruleIds,
  )
  if (declared === null) throw new TypeError(`waf: ${faultsText(faults)}`)
  return {
    parameters,
    declared,
    limits: { ...defaultLimits, ...options.limits },
    bodies: readBodyOptions(options.bodies ?? {}, Object.keys(routes ?? {})),
    onDecision: options.onDecision ?? (() => {}),
    newId: options.newId ?? (() => crypto.randomUUID().slice(0, 13)),
    now: options.now ?? Date.now,
    state: options.state ?? memoryState(),
    counters: counters(),
    remembered: new Remembered(),
    judgeWithout: judgesWithout(),
  }
}

/** Makes a judge when it is first needed: there are as many as there are combinations in the exclusions. */
function judgesWithout(): Settings['judgeWithout'] {
  const made = new Map<string, JudgeField>()
  return (excluded) => {
    const key = [...excluded].toSorted().join(' ')
    const known = made.get(key) ?? judgeWith(detectors.filter(({ id }) => !excluded.has(id)))
    made.set(key, known)
    return known
  }
}

/** What an API of a policy declares, without what only the policy needs: its host, its reasons, its place in a file. */
export interface PolicyApi extends ApiRules {
  readonly why?: string
  readonly owner?: string
  readonly host: string
  readonly origin: unknown
}

/**
 * The rules of an API that stands in a policy, to make a firewall of.
 *
 * @example
 * const policy = JSON.parse(await readFile('policy.json', 'utf8')) // thingwall export json
 * app.use(waf(rulesOf(policy.apis.backend)))
 */
export function rulesOf({ why: _, owner: __, host: ___, origin: ____, ...rules }: PolicyApi): ApiRules {
  return rules
}

/** Every mistake in a declaration, for who shows them all: a policy that is checked. Never throws. */
export function faultsIn(rules: ApiRules): readonly DeclarationFault[] {
  return readDeclaration(rules, ruleIds).faults
}

/** An exclusion that is over: what it let pass is refused again, and it had better go. */
export interface EndedExclusion {
  readonly name: string
  readonly rule: string
  readonly route: string
  readonly field: string
  readonly expires: string
}

/** The exclusions that exclude nothing any more, for who makes a firewall to log. `nowMs`: milliseconds since 1970. */
export function endedExclusions(rules: Partial<ApiRules>, nowMs: number): readonly EndedExclusion[] {
  return Object.entries(rules.exclusions ?? {})
    .filter(([, { expires }]) => (instantOf(expires) ?? Number.NEGATIVE_INFINITY) <= nowMs)
    .map(([name, { rule, route, field, expires }]) => ({ name, rule, route, field, expires }))
}

function readParameters(given: readonly ParameterOptions[]): Settings['parameters'] {
  const parameters = new Map<string, DeclaredValue>()
  const at: Reading = { path: [], faults: [] }
  for (const { name, ...value } of given) {
    if (typeof name !== 'string' || name === '') throw new TypeError('waf: a parameter needs a name')
    if (parameters.has(name))
      throw new TypeError(`waf: the parameter ${JSON.stringify(name)} is declared twice`)
    at.path.push('parameters', name)
    const counted = ['required', 'maxItems', 'minItems', 'separator'].find((key) => key in value)
    if (counted !== undefined)
      throw new TypeError(
        `waf: parameters has no option ${JSON.stringify(counted)}: declare a route for that`,
      )
    const read = readValue(at, value)
    if (read?.isFile)
      refuse(at, 'contradiction', 'a file outside a form', 'files are fields of multipart/form-data')
    if (read !== null) parameters.set(name, read)
    at.path.length = 0
  }
  if (at.faults.length > 0) throw new TypeError(`waf: ${faultsText(at.faults)}`)
  return parameters
}

function refuseUnknown(options: object, names: ReadonlySet<string>, what: string): void {
  const strange = Object.keys(options).find((key) => !names.has(key))
  if (strange !== undefined)
    throw new TypeError(
      `waf: ${what} has no option ${JSON.stringify(strange)}; there are: ${[...names].join(', ')}`,
    )
}
