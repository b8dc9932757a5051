/**
 * detector  expression
 * finds     expressions for template engines and expression languages: JNDI lookups of Log4j in any nesting, OGNL and
 *           Spring EL, `{{…}}`, `<%…%>`, `#{…}`, that reach for classes, run things or compute to show that they do
 * how       delimiters with their nesting; inside, lookups are folded to the text they yield (`${lower:j}` is `j`), and
 *           what comes out is looked at for calls into the runtime
 * passes    `${name}`, `{{ user.name }}`, `Dear #{firstName}`, JSON, LaTeX, a price in `$`
 */
import type { Detector, Evidence } from '../model/detector.ts'
import { codeAt, isOfWord, isQuote, matchesAt, spacesEnd } from './characters.ts'
import { hasJndiLookup } from './expression/lookups.ts'
import { eachPiece } from './expression/pieces.ts'

export const expression: Detector = {
  id: 'expression',
  triggers: '${ #{ %{ {{ <% {% *{ @{ $\\ (# #_ t( @java .getclass class. jndi [[ {php @( $[ <#'.split(' '),
  detect(text) {
    return lookups(text) ?? bare(text) ?? delimited(text)
  },
}

/** Log4j's lookups. */
function lookups(text: string): Evidence | null {
  const at = text.indexOf('${')
  return at >= 0 && hasJndiLookup(text) ? { at, length: 80, why: 'a JNDI lookup' } : null
}

const reaching =
  /(?:javax?|os|process|global|param|file|dir|env|sys|server)\.|(?:system|eval|exec|execute|require|sleep)\s*\(|#(?:_memberaccess|context|parameters|request|session|attr|this)|\.(?:call|apply|tostring)\(|print[\s(]|\bruntime\b|processbuilder|getclass|\.class\b|forname|getruntime|\.exec\b|newinstance|getmethod|invoke|classloader|scriptengine|@\w+(?:\.\w+)*@|__\w+__|constructor|\bself\b\.|\bconfig\b\.|_self\b|\brequest\b[.[|]|\bcycler\b|lipsum|joiner|namespace\b\.|mro\b|subclasses|popen|import\s+os|shell_exec|passthru|phpinfo|file_get_contents|readfile|child_process|\bfreemarker|\?new\(|\|\s*(?:map|filter|sort|reduce|attr|join|system)\b|\$smarty|registerundefined|applicationscope|sessionscope|pagecontext|facescontext|elcontext|T\(|inspect|instance_|kernel\b|\bio\.|dump\(|debug\b|settings\b|\bwrite\(|\.env\b|\bgetattr|\.getbytes|wscript|response\.write|createobject/gi

/**
 * Arithmetic on constants: what a tester sends to see whether it is computed. Read where a piece begins, so from one run of
 * spaces, of letters or of digits to the next.
 */
const computing =
  /\s*(?:(?:\(\s*)?['"]?\d{1,12}['"]?\s*[*+\-/%]\s*['"]?\d{1,12}['"]?(?:\s*\))?|(?:[A-Za-z_]\w{0,40}\(|[A-Za-z_]{0,40})\d{1,20}\s*\*\s*\d{1,20}\)?)\s*/y
const onConstant = /-?\s*(?:if|elif|for|while|print|set)\s+(?:\w+\s*=\s*)?(?:not\s+)?(?:true|false|\d+)\b/iy

/** Where something comes next, asked from left to right, so that the text is read once. */
class Next {
  readonly #text: string
  readonly #pattern: RegExp
  #at = -2

  /** `pattern` is global. */
  constructor(text: string, pattern: RegExp) {
    this.#text = text
    this.#pattern = pattern
  }

  isBetween(from: number, end: number): boolean {
    if (this.#at !== -1 && this.#at < from) {
      this.#pattern.lastIndex = from
      this.#at = this.#pattern.exec(this.#text)?.index ?? -1
    }
    return this.#at !== -1 && this.#at < end
  }
}

/** Every delimited piece, judged by what it reaches for. */
function delimited(text: string): Evidence | null {
  const reaches = new Next(text, reaching)
  const breaks = new Next(text, /\n/g)
  const controls = new Next(text, /[^\t\n\r\x20-\x7e\u00a0-\uffff]/g)
  const foreign = new Next(text, /[^\t\n\r\x20-\x7e]/g)
  return eachPiece(text, (open, at, from, end) => {
    if (end <= from) return null
    const evidence = (why: string): Evidence => ({ at, length: Math.min(end - at + 2, 80), why })
    if (open === '<%' && isOfPage(text, from, end) && !foreign.isBetween(from, end))
      return evidence('code for a template engine')
    const reaching = reaches.isBetween(from, end)
    const may = open !== '{%' && open !== '<#' ? isComputing(text, from, end) : open === '{%'
    if ((!reaching && !may) || controls.isBetween(from, end)) return null
    if (open === '{%' && matchesAt(onConstant, text, from)) return evidence('a statement on a constant')
    if (open !== '{%' && may) return evidence('an expression that only computes')
    // `${…}` in JavaScript code and `{{ }}` of JSX hold much of the like; a template's expression stands on one line.
    const isStyle =
      (open === '{{' || open === '${' || open === '@(') && end - from > 200 && breaks.isBetween(from, end)
    return reaching && !isStyle ? evidence('an expression that reaches into the runtime') : null
  })
}

/** `<%=`, `<%@`, `<% `, and the page goes on behind it. */
function isOfPage(text: string, from: number, end: number): boolean {
  return end < text.length && end > from && /[=@!#\s]/.test(text.charAt(from))
}

/** All of the piece computes, but for what is then done with the result. */
function isComputing(text: string, from: number, end: number): boolean {
  const first = codeAt(text, spacesEnd(text, from))
  if (!isOfWord(first) && !isQuote(first) && first !== 0x28) return false
  if (!matchesAt(computing, text, from)) return false
  const rest = computing.lastIndex
  return rest === end || (rest < end && (text[rest] === '.' || text[rest] === '|'))
}

/**
 * What an expression begins with, and how it goes on from there: runs that end where another could begin, so the text is read
 * once.
 */
const undelimited = new RegExp(
  [
    /\(\s*#[\w.]+\s*=/,
    /@(?:javax?|org|com|ognl|sun)\.[\w.$]{2,80}@/,
    /\bT\(\s*(?:javax?|org|com)\.[\w.$]+\s*\)/,
    /\.getClass\(\)\s*\./,
    /getRuntime\(\)\s*\.exec/,
    /\bnew\s+java\./,
    /java\.lang\.(?:Runtime|ProcessBuilder|System)\b\s*[().]/,
    /\$jndi\b/,
    /\bjndi:(?:ldaps?|rmi|dns|iiop|corba|nis|nds|http)\b/,
    /#_memberaccess|#context\[|\.class\.forname\(|class\.(?:module\.)?classloader|['"]\.getclass\(/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

/** OGNL and Spring EL without delimiters, where a server evaluates the value as it is. */
function bare(text: string): Evidence | null {
  const at = text.search(undelimited)
  return at < 0 ? null : { at, length: 80, why: 'an expression that reaches into the runtime' }
}
