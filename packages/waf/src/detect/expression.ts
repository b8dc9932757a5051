/**
 * detector  expression
 * finds     expressions for template engines and expression languages: JNDI lookups of Log4j in any nesting, OGNL and
 *           Spring EL, `{{…}}`, `<%…%>`, `#{…}`, that reach for classes, run things or compute to show that they do
 * how       delimiters with their nesting; inside, lookups are folded to the text they yield (`${lower:j}` is `j`), and
 *           what comes out is looked at for calls into the runtime
 * passes    `${name}`, `{{ user.name }}`, `Dear #{firstName}`, JSON, LaTeX, a price in `$`
 */
import type { Detector, Evidence } from '../model/detector.ts'

export const expression: Detector = {
  id: 'expression',
  triggers: [
    '${',
    '#{',
    '%{',
    '{{',
    '<%',
    '{%',
    '*{',
    '@{',
    '$\\',
    '(#',
    '#_',
    't(',
    '@java',
    '.getclass',
    '.class.',
    'class.',
    'jndi',
    '[[',
    '${',
    '{php',
    '@(',
    '$[',
    '<#',
  ],
  detect(text) {
    return lookups(text) ?? bare(text) ?? delimited(text)
  },
}

const deepest = 12

/** Log4j's `${…}`: folded from the inside out; whatever then begins with `jndi:` is one. */
function lookups(text: string): Evidence | null {
  const at = text.indexOf('${')
  if (at < 0) return null
  const folded = fold(text.slice(at, at + 4000))
  const found = /\$\{\s*jndi\s*:|\$\{[^}]{0,40}jndi:/i.exec(folded)
  return found === null ? null : { at, length: 80, why: 'a JNDI lookup' }
}

/** Lookups replaced by what they yield; a stack, one pass. */
function fold(text: string): string {
  const stack: string[] = ['']
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '$' && text[i + 1] === '{' && stack.length < deepest * 4) {
      stack.push('')
      i++
    } else if (text[i] === '}' && stack.length > 1) {
      const inner = stack.pop() ?? ''
      const yielded = yieldOf(inner)
      append(stack, yielded ?? `\${${inner}}`)
    } else append(stack, text[i] ?? '')
  }
  // What is not closed is read as far as it goes.
  while (stack.length > 1) {
    const inner = stack.pop() ?? ''
    append(stack, `\${${inner}`)
  }
  return stack[0] ?? ''
}

function append(stack: string[], text: string): void {
  stack.push((stack.pop() ?? '') + text)
}

/** `lower:J` yields `j`, `x:-y` yields `y`, `date:'j'` yields `j`; null for what cannot be known. */
function yieldOf(inner: string): string | null {
  if (/^\s*jndi\s*:/i.test(inner)) return null
  const fallback = inner.indexOf(':-')
  if (fallback >= 0) return inner.slice(fallback + 2)
  const [, name = '', value = ''] = /^\s*(\w+)\s*:(.*)$/s.exec(inner) ?? []
  switch (name.toLowerCase()) {
    case 'lower':
    case 'upper':
      return value.toLowerCase()
    case 'date':
      return value.replaceAll("'", '')
    case 'base64':
      return value
    default:
      return null
  }
}

const reaching =
  /java\.|javax\.|\bruntime\b|processbuilder|getclass|\.class\b|forname|getruntime|\.exec\b|newinstance|getmethod|invoke|classloader|scriptengine|#_memberaccess|#context|#parameters|#request|#session|#attr|#this|@\w+(?:\.\w+)*@|__\w+__|constructor|\bself\b\.|\bconfig\b\.|_self\b|\brequest\b[.[|]|\bcycler\b|lipsum|joiner|namespace\b\.|mro\b|subclasses|popen|import\s+os|os\.|system\s*\(|eval\s*\(|exec\s*\(|execute\s*\(|shell_exec|passthru|phpinfo|file_get_contents|readfile|process\.|require\s*\(|global\.|child_process|\bfreemarker|\?new\(|\|\s*(?:map|filter|sort|reduce|attr|join|system)\b|sleep\s*\(|print\s*\(|print\s|\$smarty|registerundefined|applicationscope|sessionscope|param\.|pagecontext|facescontext|elcontext|T\(|inspect|instance_|kernel\b|\bio\.|file\.|dir\.|dump\(|debug\b|settings\b|range\.constructor|\.call\(|\.apply\(|\bwrite\(|\.env\b|env\.|sys\.|\bgetattr|\.getbytes|\.tostring\(|wscript|response\.write|server\.|createobject/i

/** Arithmetic on constants: what a tester sends to see whether it is computed. */
const computing =
  /^\s*(?:\(?\s*['"]?\d{1,12}['"]?\s*[*+\-/%]\s*['"]?\d{1,12}['"]?\s*\)?|\w*\(?\d+\s*\*\s*\d+\)?)(?:\s*[.|].*)?\s*$/

const pairs: readonly (readonly [open: string, close: string, arithmetic: boolean])[] = [
  ['{{', '}}', true],
  ['${', '}', true],
  ['#{', '}', true],
  ['%{', '}', true],
  ['*{', '}', true],
  ['@{', '}', true],
  ['$\\A{', '}', true],
  ['$\\B{', '}', true],
  ['$\\{', '}', true],
  ['$\\\\A{', '}', true],
  ['$\\\\B{', '}', true],
  ['<%', '%>', true],
  ['{%', '%}', false],
  ['@(', ')', true],
  ['{php}', '{/php}', true],
  ['$[', ']', true],
  ['<#', '>', false],
]

/** Every delimited piece, judged by what it reaches for. */
function delimited(text: string): Evidence | null {
  for (const [open, close, arithmetic] of pairs) {
    let at = text.indexOf(open)
    for (let pieces = 0; at >= 0 && pieces < 200; pieces++) {
      const from = at + open.length
      const end = closing(text, from, open, close)
      const inner = text.slice(from, end)
      if (open === '<%' && /^[\t\n\r\x20-\x7e]*$/.test(inner) && /^[=@!#\s]/.test(inner) && end < text.length)
        return { at, length: Math.min(end - at + 2, 80), why: 'code for a template engine' }
      if (!/^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/.test(inner)) {
        at = text.indexOf(open, Math.max(end, from))
        continue
      }
      if (
        open === '{%' &&
        /^-?\s*(?:if|elif|for|while|print|set)\s+(?:\w+\s*=\s*)?(?:not\s+)?(?:true|false|\d+)\b/i.test(inner)
      )
        return { at, length: Math.min(end - at + 2, 80), why: 'a statement of a template on a constant' }
      if (arithmetic && computing.test(inner))
        return { at, length: Math.min(end - at + 2, 80), why: 'an expression that only computes' }
      if (!isStyle(open, inner) && reaching.test(inner))
        return { at, length: Math.min(end - at + 2, 80), why: 'an expression that reaches into the runtime' }
      at = text.indexOf(open, Math.max(end, from))
    }
  }
  return null
}

/** `${…}` in JavaScript code and `{{ }}` of JSX hold much of the like; a template's expression stands on one line. */
function isStyle(open: string, inner: string): boolean {
  return (
    (open === '{{' || open === '${' || open === '[[' || open === '@(') &&
    /\n/.test(inner) &&
    inner.length > 200
  )
}

/** The end of a piece: brackets nested in `{…}` belong to it. At most 600 characters on. */
function closing(text: string, from: number, open: string, close: string): number {
  const limit = Math.min(text.length, from + 600)
  if (close !== '}') {
    const end = text.slice(from, limit).indexOf(close)
    return end < 0 ? limit : from + end
  }
  let depth = 0
  for (let at = from; at < limit; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && depth-- === 0) return at
  }
  return open === '' ? from : limit
}

/** OGNL and Spring EL without delimiters, where a server evaluates the value as it is. */
function bare(text: string): Evidence | null {
  const found =
    /\(\s*#[\w.]+\s*=|#_memberAccess|#context\[|@(?:java|javax|org|com|ognl|sun)\.[\w.$]{2,80}@|\bT\(\s*(?:java|javax|org|com)\.[\w.$]+\s*\)|\.getClass\(\)\s*\.|\.class\.forName\(|class\.module\.classLoader|class\.classLoader|['"]\.getClass\(|getRuntime\(\)\s*\.exec|\bnew\s+java\.|java\.lang\.(?:Runtime|ProcessBuilder|System)\b\s*[().]|\$jndi\b|\bjndi:(?:ldaps?|rmi|dns|iiop|corba|nis|nds|http)\b/i.exec(
      text,
    )
  return found === null
    ? null
    : { at: found.index, length: 80, why: 'an expression that reaches into the runtime' }
}
