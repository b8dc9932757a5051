/**
 * detector  script
 * finds     JavaScript that a page runs without any markup: out of a string in a script, in an event handler, behind
 *           `javascript:`; names taken apart to hide them, code in six characters
 * how       the text is read from where a string would end, as the rest of a script; or, where all of it is a call, as that.
 *           A global object indexed by an expression and called is one wherever it stands
 * passes    code in a forum post (`if (x) alert(1)` after prose or strings of its own), `alert` as a word, JSON
 * does not  parse whole programs
 */
import type { Detector, Evidence } from '../model/detector.ts'
import { codeAt } from './characters.ts'
import { runningScheme } from './html/scheme.ts'
import { indexedGlobal } from './script/indexed.ts'
import { endsAsScript } from './tail.ts'

const calls =
  'alert|confirm|prompt|eval|btoa|setTimeout|setInterval|Function|fetch|import|importScripts|atob|print|find|open|document\\.(?:write|writeln|createElement|cookie)|console\\.(?:log|info|error|warn|debug)|String\\.fromCharCode|Reflect\\.\\w+|Set\\.constructor|location\\.(?:replace|assign)'

/** A whole page, or a script, in a URL. A picture is what profiles are full of. */
const page = /^data:(?:text\/(?:html|javascript|ecmascript)|application\/(?:xhtml|javascript|ecmascript))/

export const script: Detector = {
  id: 'script',
  triggers: ['(', '`', 'script:', '[', 'cookie', 'location', 'constructor', 'document', 'window.', 'data:'],
  detect(text, field) {
    if (field.kind === 'file') return null
    return (
      scheme(text) ??
      indexing(text) ??
      constructed(text) ??
      sixCharacters(text) ??
      member(text) ??
      outOfString(text) ??
      whole(text)
    )
  },
}

const evidence = (at: number, why: string): Evidence => ({ at, length: 60, why })

function scheme(text: string): Evidence | null {
  const begin = text.slice(0, 200)
  // What pages write that mean "no link".
  if (/^\s*javascript:\s*(?:void\s*(?:\(\s*)?0\s*(?:\)\s*)?)?(?:;\s*)?$/i.test(text)) return null
  if (!/script|mocha|data:/i.test(begin)) return null
  const found = runningScheme(begin.replace(/^['"\s]+/, ''))
  if (found === null) return null
  const runs = /script:$/.test(found) ? /[(=`[]/.test(text) && !isSentence(text) : page.test(found)
  return runs ? evidence(0, `a URL of the scheme ${found}`) : null
}

/** "javascript: the good parts (2008)": two words of which the first is none of the language's do not stand beside each other in it. */
function isSentence(text: string): boolean {
  const [, first = ''] = /^[\s"']*javascript: {1,3}([a-z]{1,20}) +[a-z]/i.exec(text) ?? []
  return (
    first !== '' &&
    !/^(?:async|await|class|const|delete|do|export|function|import|let|new|return|throw|typeof|var|void|yield)$/.test(
      first.toLowerCase(),
    )
  )
}

function indexing(text: string): Evidence | null {
  const at = indexedGlobal(text)
  return at < 0 ? null : evidence(at, 'a call of what an expression names in a global object')
}

/** Further on these are what programs do. */
const reaching =
  /^([\s\S]{0,299}?)(?:\bconstructor\s*[.[]\s*['"]?(?:constructor|prototype)\b|\bconstructor\s*\(\s*['"`\\]|\[\s*['"]constructor['"]\s*\]|\b__defineGetter__|\bdocument\s*(?:\/\*[^*]{0,40}\*\/\s*)?\.\s*cookie\b|\(\s*document\s*\)\s*\[\s*['"]cookie|\b(?:self|window|document|top|parent)\s*\.\s*location\s*=(?!=)|\.\s*(?:sort|map|find|call|filter)\s*(?:\.\s*call\s*)?`|\bsetTimeout\s*`|\balert\s*`|\bString\s*\.\s*fromCharCode\s*\(\s*\d)/

function constructed(text: string): Evidence | null {
  const before = reaching.exec(text)?.[1]
  if (before === undefined) return null
  // In the middle of a program as well.
  return !/\n[^\n]*\n[^\n]*\n/.test(before) && !/\bfunction\b[\w\s]{0,60}\([^)]*\)\s*\{[^}]{80}/.test(before)
    ? evidence(before.length, 'script that reaches for what only script has')
    : null
}

/** All of the text reaches into the page: `document.querySelector(…`, `window.location`. */
function member(text: string): Evidence | null {
  const found =
    /^[\s;,)}\]'"-]{0,16}(?:document|window)\s?\.\s?(?:(?:cookie|domain|location|referrer|URL)\b|(?:querySelector|getElement|getElements|create|write|open|add|eval|set|atob|fetch|post|frames|name)\w{0,24}\s?[(=[])/.exec(
      text.slice(0, 120),
    )
  return found === null || text.slice(0, 400).includes('\n')
    ? null
    : evidence(0, 'script that reaches into the page')
}

/** Programs that consist of `[]()!+` alone, or nearly. */
function sixCharacters(text: string): Evidence | null {
  if (text.length < 60 && /^[[\]()!+]{6,}$/.test(text) && text.includes('[]') && text.includes('!'))
    return evidence(0, 'a program of six characters')
  let run = 0
  let negations = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 128 && six[code] === 1) {
      run++
      if (code === NOT || (code === PLUS && codeAt(text, at + 1) === OPENING)) negations++
      if (run >= 30 && negations >= 6) return evidence(at - run + 1, 'a program of six characters')
    } else {
      run = 0
      negations = 0
    }
  }
  return null
}

const NOT = 0x21
const PLUS = 0x2b
const OPENING = 0x5b
const six: Uint8Array = new Uint8Array(128)
for (const char of '[]()!+{} ') six[char.charCodeAt(0)] = 1

const called = new RegExp(`(?:^|[^\\w$.])(?:\\(\\s*)?(?:${calls})(?:\\s*\\))?\\s*(?:\\?\\.\\s*)?(?:\\(|\`)`)

/** The first quote ends a string; what follows goes on as script does, and calls. */
function outOfString(text: string): Evidence | null {
  for (const quote of ["'", '"', '`']) {
    const first = text.indexOf(quote)
    if (first < 0 || first > 200) continue
    const rest = text.slice(first + 1, first + 600)
    if (!/^\s*(?:[;)}\]+\-*/%^&|,<>?:~!]|\/\*|\/\/|in\b|\n)/.test(rest)) continue
    const found = called.exec(rest)
    if (
      found === null ||
      /[\w$]\s+$/.test(rest.slice(0, found.index + 1)) ||
      /\n\s*\n/.test(rest.slice(0, found.index))
    )
      continue
    return evidence(first + 1 + found.index, 'a quote ends the string and a call follows')
  }
  return null
}

/** All of the value is a call, or statements that end in one. */
function whole(text: string): Evidence | null {
  const begin = /^[\s;,)}\]-]*/.exec(text)?.[0].length ?? 0
  const found = called.exec(text.slice(begin, begin + 40))
  if (found?.index === 0 && !/^(?:print|find|open|import|fetch)\b/.test(text.slice(begin))) {
    if (endsAsScript(text, begin)) return evidence(begin, 'a call of what only script has')
  }
  return null
}
