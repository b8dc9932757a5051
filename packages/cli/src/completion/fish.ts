/** Completion for fish: one `complete` for each word. */
import type { OptionWords, Value, VerbWords } from './words.ts'

/** The file for fish's folder of completions. */
export function fishScript(verbs: readonly VerbWords[]): string {
  const names = verbs.map(({ name }) => name).join(' ')
  const none = `not __fish_seen_subcommand_from ${names}`
  const lines = verbs.flatMap((verb) => {
    const seen = `__fish_seen_subcommand_from ${verb.name}`
    return [
      `complete -c thingwall -n ${quote(none)} -a ${verb.name} -d ${quote(verb.help)}`,
      ...verb.options.map((option) => optionLine(option, seen)),
      ...operandLines(verb.operand, seen),
    ]
  })
  return `# fish completion for thingwall\ncomplete -c thingwall -f\n${lines.join('\n')}\n`
}

function optionLine({ name, short, help, value }: OptionWords, seen: string): string {
  const flag = short === null ? '' : ` -s ${short}`
  return `complete -c thingwall -n ${quote(seen)}${flag} -l ${name} -d ${quote(help)}${takes(value)}`
}

function operandLines(value: Value, seen: string): readonly string[] {
  if (value.kind === 'none' || value.kind === 'free') return []
  return [`complete -c thingwall -n ${quote(seen)}${takes(value).replace(' -x ', ' ').replace(' -r ', ' ')}`]
}

function takes(value: Value): string {
  switch (value.kind) {
    case 'none':
      return ''
    case 'free':
      return ' -x'
    case 'file':
      return ' -r -F'
    case 'folder':
      return ` -x -a '(__fish_complete_directories)'`
    case 'choice':
      return ` -x -a ${quote(value.words.join(' '))}`
    default:
      return value satisfies never
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
