/**
 * Spellings of one text in which attackers send it on, singly and two in one another. It deliberately has none that a
 * conforming decoder would refuse (overlong UTF-8, broken escapes): those have cases of their own in the suites.
 */

export interface Coding {
  readonly name: string
  /** Null where the text cannot be written so, or comes out unchanged. */
  encode(text: string): string | null
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const hexOf = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const units = (text: string, spell: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, at) => spell(text.charCodeAt(at))).join('')
const points = (text: string, spell: (point: number) => string): string =>
  Array.from(text, (char) => spell(char.codePointAt(0) ?? 0)).join('')
/** Letters and digits stay, as encoders leave them. */
const signsOf = (text: string, spell: (unit: number) => string): string =>
  units(text, (unit) => (/\w/.test(String.fromCharCode(unit)) ? String.fromCharCode(unit) : spell(unit)))

const percentOnce = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, percentSign)
const percentSign = (char: string): string => `%${hexOf(char.charCodeAt(0), 2).toUpperCase()}`
const base64 = (text: string): string => Buffer.from(utf8(text)).toString('base64')

const named: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '&': '&amp;',
  '(': '&lpar;',
  ')': '&rpar;',
  ':': '&colon;',
  '/': '&sol;',
}

const one: readonly Coding[] = [
  { name: 'percent', encode: percentOnce },
  {
    name: 'percent, every byte',
    encode: (text) => Array.from(utf8(text), (byte) => `%${hexOf(byte, 2)}`).join(''),
  },
  { name: '%u', encode: (text) => signsOf(text, (unit) => `%u${hexOf(unit, 4)}`) },
  { name: 'entities, decimal', encode: (text) => points(text, (point) => `&#${point};`) },
  { name: 'entities, hexadecimal', encode: (text) => points(text, (point) => `&#x${hexOf(point, 1)};`) },
  {
    name: 'entities, named',
    encode: (text) => text.replace(/[<>"'&():/]/g, (char) => named[char] ?? char),
  },
  { name: '\\u', encode: (text) => units(text, (unit) => `\\u${hexOf(unit, 4)}`) },
  { name: '\\u, signs only', encode: (text) => signsOf(text, (unit) => `\\u${hexOf(unit, 4)}`) },
  {
    name: '\\x',
    encode: (text) => (/^[\0-\xff]*$/.test(text) ? units(text, (unit) => `\\x${hexOf(unit, 2)}`) : null),
  },
  { name: 'base64', encode: base64 },
  { name: 'base64url', encode: (text) => Buffer.from(utf8(text)).toString('base64url') },
  { name: 'hex', encode: (text) => Buffer.from(utf8(text)).toString('hex') },
]

const pairs: readonly (readonly [inner: string, outer: string])[] = [
  ['percent', 'percent'],
  ['percent', 'base64'],
  ['base64', 'percent'],
  ['base64', 'base64'],
  ['entities, named', 'percent'],
  ['entities, decimal', 'base64'],
  ['percent', 'entities, decimal'],
  ['\\u', 'percent'],
  ['\\u, signs only', 'base64'],
  ['\\x', 'entities, decimal'],
  ['percent, every byte', '\\u'],
]

const of = (name: string): Coding => one.find((coding) => coding.name === name) as Coding

/** One layer, then two: the name of two says the inner one first. */
export const codings: readonly Coding[] = [
  ...one,
  ...pairs.map(
    ([inner, outer]): Coding => ({
      name: `${inner} in ${outer}`,
      encode(text) {
        const once = of(inner).encode(text)
        return once === null ? null : of(outer).encode(once)
      },
    }),
  ),
]
