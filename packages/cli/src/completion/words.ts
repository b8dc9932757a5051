/**
 * What a shell may complete, from the tables of verbs and options: one plain list, whatever the shell.
 *
 * Only what the tables know; the names in a policy would mean running its code at every press of a key.
 */
import { type OptionName, type OptionSpec, options } from '../frame/options.ts'
import { verbs } from '../frame/verbs.ts'

/** What stands after an option, or as an operand. */
export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'file' | 'folder' | 'free' }
  | { readonly kind: 'choice'; readonly words: readonly string[] }

export interface OptionWords {
  readonly name: string
  readonly short: string | null
  readonly help: string
  readonly value: Value
  /** What the value is called, `FILE`. */
  readonly called: string
}

export interface VerbWords {
  readonly name: string
  readonly help: string
  readonly options: readonly OptionWords[]
  readonly operand: Value
}

/** Options that every verb takes. */
const everywhere: readonly OptionName[] = ['json', 'help']

/** All verbs, as they are listed. */
export function verbWords(): readonly VerbWords[] {
  return Object.entries(verbs).map(([name, verb]) => ({
    name,
    help: verb.summary,
    options: [...verb.options, ...everywhere].map(optionWords),
    operand: valueCalled(verb.operands[0]?.name, verb.operands[0]?.choices),
  }))
}

function optionWords(name: OptionName): OptionWords {
  const spec: OptionSpec = options[name]
  return {
    name,
    short: spec.short ?? null,
    help: spec.help,
    value: spec.type === 'boolean' ? { kind: 'none' } : valueCalled(spec.value, spec.choices),
    called: spec.value ?? '',
  }
}

function valueCalled(called: string | undefined, choices: readonly string[] | undefined): Value {
  if (called === undefined) return { kind: 'none' }
  if (choices !== undefined) return { kind: 'choice', words: choices }
  return { kind: called === 'FILE' ? 'file' : called === 'DIR' ? 'folder' : 'free' }
}
