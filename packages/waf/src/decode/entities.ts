/**
 * Character references of HTML (WHATWG HTML 13.2.5.72 and after): all numeric ones, and of the 2,231 names those that
 * stand for ASCII, which is all that an attack can be hidden in. It deliberately does not know the others.
 */
import { numberAt } from './percent.ts'
import { nextOf, Rewriting } from './rewriting.ts'

/** Each name and, right behind it, what it stands for. */
const names: ReadonlyMap<string, string> = new Map(
  'AMP& amp& LT< lt< GT> gt> QUOT" quot" apos\' excl! num# dollar$ percnt% lpar( rpar) ast* midast* plus+ comma, period. sol/ colon: semi; equals= quest? commat@ lsqb[ lbrack[ bsol\\ rsqb] rbrack] Hat^ lowbar_ UnderBar_ grave` DiacriticalGrave` lcub{ lbrace{ verbar| vert| VerticalLine| rcub} rbrace} Tab\t NewLine\n nbsp\u00a0'
    .split(' ')
    .map((pair) => [pair.slice(0, -1), pair.slice(-1)] as const)
    .concat([['fjlig', 'fj']]),
)

/** These five need no semicolon outside attributes; by their first letter, which no two share. */
const legacy: ReadonlyMap<number, string> = new Map(
  ['amp', 'AMP', 'lt', 'LT', 'gt', 'GT', 'quot', 'QUOT', 'nbsp'].map((name) => [name.charCodeAt(0), name]),
)
const longestName = 16

/** 0x80 to 0x9f, as windows-1252 has them. Only those that are characters. */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

/** The text with its references resolved; the same text where there is none. */
export function decodeEntities(text: string, where: 'data' | 'attribute'): string {
  const out = new Rewriting(text)
  for (let i = text.indexOf('&'); i >= 0; i = nextOf(text, '&', i + 1)) {
    const found = text.charCodeAt(i + 1) === 0x23 ? numeric(text, i + 2) : named(text, i + 1, where)
    if (found === null) continue
    if (found.text.length === 1) out.put(i, found.end, found.text.charCodeAt(0))
    else out.putText(i, found.end, found.text)
    i = found.end - 1
  }
  return out.end() ?? text
}

type Found = { readonly text: string; readonly end: number }

function numeric(text: string, from: number): Found | null {
  const hex = (text.charCodeAt(from) | 32) === 0x78
  const first = hex ? from + 1 : from
  const { value, end: at } = numberAt(text, first, Infinity, hex ? 16 : 10)
  if (at === first) return null
  const end = text.charCodeAt(at) === 0x3b ? at + 1 : at
  if (value === 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return { text: '\ufffd', end }
  if (value >= 0x80 && value < 0xa0) return { text: windows1252[value - 0x80] ?? '', end }
  return { text: String.fromCodePoint(value), end }
}

function named(text: string, from: number, where: 'data' | 'attribute'): Found | null {
  let stop = from
  while (stop < from + longestName && isLetter(text.charCodeAt(stop))) stop++
  if (stop < from + 2) return null
  if (text.charCodeAt(stop) === 0x3b) {
    const found = names.get(text.slice(from, stop))
    if (found !== undefined) return { text: found, end: stop + 1 }
  }
  const short = legacy.get(text.charCodeAt(from))
  if (short === undefined || !text.startsWith(short, from)) return null
  const end = from + short.length
  // "&lt=" and "&ltx" in an attribute are texts: RFC-less history that every browser keeps.
  if (where === 'attribute' && /[=A-Za-z0-9]/.test(text[end] ?? '')) return null
  return { text: names.get(short) ?? '', end }
}

function isLetter(code: number): boolean {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}
