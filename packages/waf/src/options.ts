/**
 * What a developer tells the firewall, read once into what the engine asks for each request. Wrong options throw when the
 * firewall is made, not when a request comes. It deliberately does not judge; `inspect` does.
 */
import type { Decision } from './model/decision.ts'
import { defaultLimits, type Limits } from './request/limits.ts'

/** What a parameter may hold, wherever it comes: query, form, JSON. All that is declared must hold. */
export interface ParameterOptions {
  readonly name: string
  /** Refuses anything that HTML takes for the beginning of a tag, a comment or a declaration. */
  readonly disallowTags?: boolean
  readonly type?: 'string' | 'integer' | 'number' | 'boolean'
  /** In characters. */
  readonly maxLength?: number
  readonly minLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
}

export interface WafOptions {
  readonly parameters?: readonly ParameterOptions[]
  /** `report` lets everything through and only tells. */
  readonly mode?: 'enforce' | 'report'
  readonly limits?: Partial<Limits>
  /** Told of every decision that is not plainly "allow". What it throws is not caught. */
  readonly onDecision?: (decision: Decision) => void
  /** Makes the id of a decision; random by default. */
  readonly newId?: () => string
}

/** Options, checked and complete. */
export interface Settings {
  readonly parameters: ReadonlyMap<string, ParameterOptions>
  readonly mode: 'enforce' | 'report'
  readonly limits: Limits
  readonly onDecision: (decision: Decision) => void
  readonly newId: () => string
}

const known: ReadonlySet<string> = new Set(['parameters', 'mode', 'limits', 'onDecision', 'newId'])
const knownOfParameter: ReadonlySet<string> = new Set([
  'name',
  'disallowTags',
  'type',
  'maxLength',
  'minLength',
  'minimum',
  'maximum',
  'enum',
])

/** Throws a TypeError that names what is wrong: a misspelt option must not leave a hole. */
export function readOptions(options: WafOptions): Settings {
  refuseUnknown(options, known, 'waf')
  const parameters = new Map<string, ParameterOptions>()
  for (const parameter of options.parameters ?? []) {
    refuseUnknown(parameter, knownOfParameter, 'parameters')
    if (typeof parameter.name !== 'string' || parameter.name === '')
      throw new TypeError('waf: a parameter needs a name')
    if (parameters.has(parameter.name))
      throw new TypeError(`waf: the parameter ${JSON.stringify(parameter.name)} is declared twice`)
    parameters.set(parameter.name, parameter)
  }
  refuseUnknown(options.limits ?? {}, new Set(Object.keys(defaultLimits)), 'limits')
  const mode = options.mode ?? 'enforce'
  if (mode !== 'enforce' && mode !== 'report')
    throw new TypeError(`waf: mode is "enforce" or "report", not ${JSON.stringify(mode)}`)
  return {
    parameters,
    mode,
    limits: { ...defaultLimits, ...options.limits },
    onDecision: options.onDecision ?? (() => {}),
    newId: options.newId ?? (() => crypto.randomUUID().slice(0, 13)),
  }
}

function refuseUnknown(options: object, names: ReadonlySet<string>, what: string): void {
  const strange = Object.keys(options).find((key) => !names.has(key))
  if (strange !== undefined)
    throw new TypeError(
      `waf: ${what} has no option ${JSON.stringify(strange)}; there are: ${[...names].join(', ')}`,
    )
}
