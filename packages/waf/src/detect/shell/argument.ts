/**
 * What stands behind a command, and whether only a shell would get it. It deliberately does not know whether the command
 * is one.
 */
import { subcommands } from '../words.ts'
import type { Words } from './words.ts'

/**
 * What stands behind a command: nothing more (`none`), what only a shell gets (`certain`: an option, a path, a variable, a
 * redirection), what it may get (`likely`), or words of a sentence (`prose`).
 */
export function argument({
  command,
  rest,
  hidden,
}: Pick<Words, 'command' | 'rest' | 'hidden'>): 'none' | 'certain' | 'likely' | 'prose' {
  if (/^\s*<<<|^\)\s*\d?[<>]/.test(rest)) return 'certain'
  if (rest === '' || /^[\s]*(?:[;|&`)\n\r}#"'\\]|$)/.test(rest)) return 'none'
  if (/^\s*(?:\$\{?IFS|\d?[<>]{1,3}\s*(?:[/&$(]|\.{0,2}\/|[\w-]+\.\w|\w+\s*$)|%0)/.test(rest))
    return 'certain'
  if (/^\$\(|^\$[@*\d]|^\$IFS/.test(rest) || (hidden && rest.startsWith(','))) return 'certain'
  const spaced = /^[\s+]+(.*)/s.exec(rest)
  if (spaced === null) return 'prose'
  const first = spaced[1] ?? ''
  if (subcommands.get(command)?.test(first) === true) return 'certain'
  if (
    /^(?:-{1,2}[a-zA-Z0-9]|\/[\w*?.]|~\/|\.{1,2}\/|\$[({\w@]|[<>]|\*(?:\s|$|\.)|[a-zA-Z]:\\|%\w+%|\|\s*\w)/.test(
      first,
    )
  )
    return 'certain'
  if (
    /^(?:https?:\/\/|ftp:\/\/|\d{1,3}(?:\.\d{1,3}){3}\b|[\w-]+\.(?:txt|sh|php|py|pl|conf|cfg|ini|log|js|rb|exe|bat|ps1|yml|yaml|json|xml|c|o|so|db|sql|gz|zip|tar)\b|\d+(?:\s*(?:$|[;|&`)\n]))|[^\s]*[*?\\$`]|[\w.-]+\/[\w.-])/.test(
      first,
    )
  )
    return 'certain'
  return /^[\w"'.{[-]+\s*(?:$|[;|&`)\n"'#\\$])/.test(first) ? 'likely' : 'prose'
}
