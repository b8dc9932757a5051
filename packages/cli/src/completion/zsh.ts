/** Completion for zsh: a function for its own `_arguments`. */
import type { OptionWords, Value, VerbWords } from './words.ts'

/** The file to put on `fpath` as `_thingwall`, or to source. */
export function zshScript(verbs: readonly VerbWords[]): string {
  const list = verbs.map(({ name, help }) => `    ${quote(`${name}:${help}`)}`)
  const cases = verbs.map(
    (verb) => `    ${verb.name})
      _arguments ${[...verb.options.map(optionSpec), operandSpec(verb.operand)].filter((spec) => spec !== '').join(' \\\n        ')} ;;
`,
  )
  return `#compdef thingwall
_thingwall() {
  local -a verbs
  verbs=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('')}  esac
}
if [[ $funcstack[1] == _thingwall ]]; then _thingwall "$@"; else compdef _thingwall thingwall; fi
`
}

function optionSpec({ name, short, help, value, called }: OptionWords): string {
  const told = `[${help.replace(/[\\[\]:]/g, '\\$&')}]`
  const takes = value.kind === 'none' ? '' : `:${called}:${action(value)}`
  if (short === null) return quote(`--${name}${told}${takes}`)
  return `${quote(`(-${short} --${name})`)}{-${short},--${name}}${quote(`${told}${takes}`)}`
}

function operandSpec(value: Value): string {
  return value.kind === 'none' ? '' : quote(`1:operand:${action(value)}`)
}

function action(value: Value): string {
  switch (value.kind) {
    case 'none':
    case 'free':
      return ' '
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    case 'choice':
      return `(${value.words.join(' ')})`
    default:
      return value satisfies never
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
