/**
 * Texts that are as bad for a detector as one can think of: pieces that begin something it has to follow, over and over.
 * Data only. A piece belongs here when a detector's work on it once grew faster than the text.
 */
export const hostilePieces: readonly string[] = [
  "'",
  '"',
  '`',
  '<',
  '<a ',
  '<a b=',
  '<!--',
  '<!DOCTYPE ',
  '(',
  '(select ',
  'select ',
  'case when ',
  'union ',
  ' or ',
  'or 1=',
  ' not',
  ';',
  '; ',
  ';cat',
  '|',
  '&',
  '&#',
  '\n',
  '\r\n',
  '\r\nA1 ',
  '%',
  '%25',
  '%u',
  '$' + '{',
  '{{',
  '<%',
  '\\',
  '../',
  'a/',
  '--',
  '/*',
  'f(',
  '[',
  'window[',
  "window['",
  '+[',
  '=',
  ' on',
  'A',
  '+A',
  ')(',
  "';",
  "'||",
  "x' or ",
  'alert(',
  '$_',
  'java.',
  'constructor.',
  'O:8:',
  '<a:Envelope ',
  "self['",
  "self[\\'",
  '!!',
  '@{',
  '\nhost',
  '\nA1 ',
  ' /.',
  'Aa/..',
  '[$',
  '(&(',
  '{%',
  'a=b;',
  ' ',
  // Many commands, conditions, calls and tags, each as far from being told as can be.
  '`cat',
  '\nid',
  '; cat ',
  '..;/',
  '$(',
  'if a==',
  "' && this.a",
  "x'or ",
  'if(',
  'f(1',
  '(`',
  '`a`',
  "<a b='",
  '<a b=c ',
  '<!--<',
  '<!-- --!',
  '<style>',
  '+ADw-',
  '%c0',
  '%u0',
  '&lt',
  '\\u{',
  '&amp;%41\\x41+/**/\u00e9',
  '\0',
  'é',
]

/** A body that is bad for the reader of its format. */
export interface HostileBody {
  readonly reader: string
  readonly what: string
  readonly type: string
  /** About so many bytes of it. */
  readonly bodyOf: (length: number) => string
}

const times = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length))
const numbered = (length: number, text: (i: number) => string): string => {
  const all: string[] = []
  for (let i = 0, size = 0; size < length; i++) size += all.push(text(i)) && (all.at(-1)?.length ?? 0)
  return all.join('')
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const parts = 'multipart/form-data; boundary=x'
const partHead = 'Content-Disposition: form-data; name="a"\r\n\r\n'

/** Shapes that readers of bodies elsewhere take far too long for. */
export const hostileBodies: readonly HostileBody[] = [
  { reader: 'JSON', what: 'many numbers', type: json, bodyOf: (n) => `[${times('1,', n)}1]` },
  { reader: 'JSON', what: 'many short texts', type: json, bodyOf: (n) => `[${times('"ab",', n)}1]` },
  {
    reader: 'JSON',
    what: 'many keys',
    type: json,
    bodyOf: (n) => `{${numbered(n, (i) => `"k${i}":1,`)}"z":1}`,
  },
  { reader: 'JSON', what: 'many objects', type: json, bodyOf: (n) => `[${times('{"a":{"b":1}},', n)}1]` },
  { reader: 'JSON', what: 'escapes', type: json, bodyOf: (n) => `"${times('\\u0061', n)}"` },
  { reader: 'JSON', what: 'escaped backslashes', type: json, bodyOf: (n) => `"${times('\\\\', n)}"` },
  { reader: 'JSON', what: 'depth', type: json, bodyOf: (n) => '['.repeat(n / 2) + ']'.repeat(n / 2) },
  { reader: 'JSON', what: 'depth of objects', type: json, bodyOf: (n) => times('{"a":', n) },
  { reader: 'JSON', what: 'blanks', type: json, bodyOf: (n) => `[${' '.repeat(n)}]` },
  { reader: 'JSON', what: 'one key', type: json, bodyOf: (n) => `{"${'k'.repeat(n)}":1}` },
  { reader: 'JSON', what: 'JSON in JSON', type: json, bodyOf: (n) => `[${times('"[1,[2,[3]]]",', n)}1]` },
  { reader: 'forms', what: 'separators', type: form, bodyOf: (n) => times('&', n) },
  { reader: 'forms', what: 'short pairs', type: form, bodyOf: (n) => times('a=b&', n) },
  { reader: 'forms', what: 'many names', type: form, bodyOf: (n) => numbered(n, (i) => `n${i}=1&`) },
  { reader: 'forms', what: 'percent signs', type: form, bodyOf: (n) => `a=${times('%', n)}` },
  { reader: 'forms', what: 'escapes', type: form, bodyOf: (n) => `a=${times('%25', n)}` },
  { reader: 'forms', what: 'bytes that are no UTF-8', type: form, bodyOf: (n) => `a=${times('%c3%28', n)}` },
  {
    reader: 'multipart',
    what: 'many parts',
    type: parts,
    bodyOf: (n) =>
      `${numbered(n, (i) => `--x\r\nContent-Disposition: form-data; name="n${i}"\r\n\r\n1\r\n`)}--x--`,
  },
  {
    reader: 'multipart',
    what: 'line breaks',
    type: parts,
    bodyOf: (n) => `--x\r\n${partHead}${times('\r\n', n)}--x--`,
  },
  {
    reader: 'multipart',
    what: 'dashes',
    type: parts,
    bodyOf: (n) => `--x\r\n${partHead}${times('\r\n--', n)}\r\n--x--`,
  },
  {
    reader: 'multipart',
    what: 'quotes in a name',
    type: parts,
    bodyOf: (n) => times(`--x\r\nContent-Disposition: form-data; name="${'a'.repeat(16_000)}\r\n`, n),
  },
  { reader: 'XML', what: 'open tags', type: 'text/xml', bodyOf: (n) => times('<a>', n) },
  { reader: 'XML', what: 'one tag', type: 'text/xml', bodyOf: (n) => `<a ${times('b="c" ', n)}` },
  { reader: 'XML', what: 'comments', type: 'text/xml', bodyOf: (n) => times('<!--', n) },
  { reader: 'XML', what: 'CDATA', type: 'text/xml', bodyOf: (n) => times('<![CDATA[', n) },
  { reader: 'XML', what: 'references', type: 'text/xml', bodyOf: (n) => `<a>${times('&lt;', n)}</a>` },
  { reader: 'text', what: 'JSON that goes on', type: 'text/plain', bodyOf: (n) => `[${times('[],', n)}x` },
  { reader: 'text', what: 'a form', type: 'text/plain', bodyOf: (n) => times('a=b&', n) },
  { reader: 'text', what: 'blanks', type: 'text/plain', bodyOf: (n) => ' '.repeat(n) },
]
