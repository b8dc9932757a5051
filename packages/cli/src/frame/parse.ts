/**
 * Reads the arguments into a call of one verb. Splitting them is Node's `util.parseArgs`; what a verb takes is
 * data (`verbs.ts`, `options.ts`); this adds only "did you mean" and the count of operands.
 */
import { parseArgs } from 'node:util'
import type { Call } from './call.ts'
import { type Failure, usage } from './failure.ts'
import { type OptionName, type OptionValues, options } from './options.ts'
import { suggest } from './suggest.ts'
import { verbs } from './verbs.ts'

export type Request =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'help'; readonly verb: string | null }
  | { readonly kind: 'version' }

const everywhere: readonly OptionName[] = ['json', 'help', 'version']

/** Reads `argv` (without the program). Throws `Failure` with code `usage`. */
export async function parse(argv: readonly string[]): Promise<Request> {
  const { positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const [name, ...operands] = positionals
  const verb = name === undefined || !Object.hasOwn(verbs, name) ? undefined : verbs[name]
  const taken = [...(verb?.options ?? []), ...everywhere]
  const values: Record<string, string | boolean> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (
      verb === undefined ? !Object.hasOwn(options, token.name) : !taken.includes(token.name as OptionName)
    ) {
      throw await unknownOption(token.rawName, name, verb === undefined ? Object.keys(options) : taken)
    }
    const spec = options[token.name as OptionName]
    if (spec.type === 'boolean' && token.value !== undefined) {
      throw usage(`${token.rawName} takes no value`, `write it as ${token.rawName}`)
    }
    if (spec.type === 'string' && (token.value === undefined || token.value === '' || swallowed(token))) {
      throw usage(
        `${token.rawName} needs a value`,
        `write it as ${token.rawName} ${'value' in spec ? spec.value : ''}`.trimEnd(),
      )
    }
    if ('choices' in spec && !(spec.choices as readonly string[]).includes(token.value as string)) {
      const meant = await suggest(token.value as string, spec.choices)
      throw usage(
        `${token.rawName} is none of: ${spec.choices.join(', ')}`,
        meant === null ? `write one of them` : `did you mean ${token.rawName} ${meant}?`,
      )
    }
    if (token.name in values) throw usage(`${token.rawName} is given twice`, 'leave one of them out')
    values[token.name] = token.value ?? true
  }
  if (name === 'help') return { kind: 'help', verb: await knownVerb(operands[0]) }
  if (values.help === true) return { kind: 'help', verb: await knownVerb(name) }
  if (values.version === true) return { kind: 'version' }
  if (name === undefined) throw usage('no command is given', 'thingwall --help lists them')
  await knownVerb(name)
  if (verb === undefined) throw usage(`there is no command '${name}'`, 'thingwall --help lists them')
  const missing = verb.operands.find((operand, at) => operand.required && operands[at] === undefined)
  if (missing !== undefined) {
    throw usage(`'${name}' needs ${missing.name}`, `${missing.name} is one of: ${missing.help}`)
  }
  const surplus = operands[verb.operands.length]
  if (surplus !== undefined) {
    throw usage(`'${name}' does not know what to do with '${surplus}'`, `thingwall ${name} --help`)
  }
  return { kind: 'call', call: { verb: name, operands, options: values as OptionValues } }
}

/** `--from --to x`: the next option is no value. `--from=--x` says it is. */
function swallowed(token: { value: string | undefined; inlineValue: boolean | undefined }): boolean {
  return token.inlineValue !== true && token.value !== undefined && /^--?[a-z]/i.test(token.value)
}

async function knownVerb(name: string | undefined): Promise<string | null> {
  if (name === undefined || name === 'help') return null
  if (Object.hasOwn(verbs, name)) return name
  const meant = await suggest(name, Object.keys(verbs))
  throw usage(
    `there is no command '${name}'`,
    meant === null ? 'thingwall --help lists them' : `did you mean 'thingwall ${meant}'?`,
  )
}

async function unknownOption(
  raw: string,
  verb: string | undefined,
  known: readonly string[],
): Promise<Failure> {
  const meant = await suggest(raw.replace(/^-+/, ''), known)
  const help =
    verb === undefined || !Object.hasOwn(verbs, verb) ? 'thingwall --help' : `thingwall ${verb} --help`
  return usage(
    `${verb === undefined ? 'thingwall' : `'${verb}'`} has no option ${raw}`,
    meant === null ? `${help} lists them` : `did you mean --${meant}?`,
  )
}
