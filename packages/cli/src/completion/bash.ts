/** Completion for bash, without the bash-completion package: plain `complete` and `compgen`. */
import type { OptionWords, Value, VerbWords } from './words.ts'

/** The script to source. */
export function bashScript(verbs: readonly VerbWords[]): string {
  const names = verbs.map(({ name }) => name)
  const cases = verbs.map(
    (verb) => `    ${verb.name})
      case $previous in
${verb.options
  .filter(({ value }) => value.kind !== 'none')
  .map(optionCase)
  .join('')}      esac
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${flags(verb.options)}' -- "$current"))
      else ${reply(verb.operand)}; fi ;;
`,
  )
  return `# bash completion for thingwall
_thingwall() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb=''
  local at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${names.join('|')}) verb=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $verb in
${cases.join('')}    *)
      COMPREPLY=($(compgen -W '${names.join(' ')} --help --version' -- "$current")) ;;
  esac
}
complete -o filenames -F _thingwall thingwall
`
}

function optionCase({ name, short, value }: OptionWords): string {
  return `        --${name}${short === null ? '' : `|-${short}`}) ${reply(value)}; return ;;\n`
}

function flags(options: readonly OptionWords[]): string {
  return options.map(({ name }) => `--${name}`).join(' ')
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'none':
    case 'free':
      return 'COMPREPLY=()'
    case 'file':
      return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")'
    case 'folder':
      return 'mapfile -t COMPREPLY < <(compgen -d -- "$current")'
    case 'choice':
      return `COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$current"))`
    default:
      return value satisfies never
  }
}
