/**
 * detector  splitting
 * finds     line breaks that make two messages of one: headers and whole responses (CRLF injection), commands for mail servers,
 *           a second request; and characters that are line breaks to whoever keeps one byte of each (`嘊嘍`)
 * how       what follows a line break is held to the grammar of the protocol it would be read in. One pass: the first word
 *           behind each break says whether anything else is looked at
 * passes    prose on several lines, "Note: …", an address with line breaks, 上 and 不 in Chinese
 * does not  mind line breaks as such, but in names, in headers and in a path
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import {
  codeAt,
  isDigit,
  isLetter,
  isOfWord,
  isSpace,
  matchesAt,
  spacesBegin,
  spacesEnd,
  wordEnd,
} from './characters.ts'
import { wordSet } from './word-set.ts'

/** Beside `x-…` and `access-control-…`. */
const isHeader = wordSet(
  'content-length content-type content-disposition content-encoding content-security-policy set-cookie set-cookie2 location refresh transfer-encoding host remote-addr cache-control status link authorization connection server www-authenticate'.split(
    ' ',
  ),
)
const status = /HTTP\/\d(?:\.\d)?\s+\d{3}/y
const isCommand = wordSet(
  'mail rcpt ehlo helo vrfy expn auth starttls etrn data retr dele list top uidl stat user pass apop quit rset noop capa stls turn'.split(
    ' ',
  ),
)
/** Read at one of these. No two runs in it can take the same characters, but for the last two, which stand at different places. */
const mail =
  /(?:MAIL FROM|RCPT TO)\s*:|(?:EHLO|HELO|VRFY|EXPN|AUTH|STARTTLS|ETRN)\s+\S|DATA\s*(?:[\r\n.]|$)|(?:RETR|DELE|LIST|TOP|UIDL|STAT|USER|PASS|APOP)\s+\w+(?:\s+\d+)?\s*(?:[\r\n]|$)|(?:QUIT|RSET|NOOP|CAPA|STLS|TURN)\s*(?:[\r\n]|$)/iy
/** Behind the tag that IMAP has in front of each command. */
const isTagged = wordSet(
  'login logout select examine create delete fetch store search uid list lsub status append expunge copy capability noop authenticate rename subscribe close check quit starttls'.split(
    ' ',
  ),
)

export const splitting: Detector = {
  id: 'splitting',
  triggers:
    '\r|\n| http/|php_value|set-cookie|location|content-|transfer-|refresh:|access-control-|host:|status:'.split(
      '|',
    ),
  detect(text, field) {
    if (field.kind === 'file') return null
    return inOneLine(text, field) ?? request(text) ?? behindBreaks(text)
  },
}

const evidence = (at: number, why: string): Evidence => ({ at, length: 60, why })

/** Where one line is all there is. */
function inOneLine(text: string, field: Field): Evidence | null {
  const single =
    field.place === 'path' ||
    // What stands in a token, a password or JSON in a header is a value of its own.
    (field.place === 'header' && /^[\w-]+$/.test(field.name)) ||
    (field.part === 'name' && field.place !== 'body')
  const at = single ? text.search(/[\r\n]/) : -1
  return at < 0 ? null : evidence(at, 'a line break where one line is all there is')
}

const methods = /(?:^|[\r\na-z])(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH|PROPFIND)$/
const absolute = /https?:\/\//y

/** `GET /a HTTP/1`, read backwards from its end: two words and the spaces around them, so no character is read thrice. */
function request(text: string): Evidence | null {
  for (let at = text.indexOf('HTTP/'); at >= 0; at = text.indexOf('HTTP/', at + 5)) {
    if (!isDigit(codeAt(text, at + 5))) continue
    const targetEnd = spacesBegin(text, at) + 1
    if (targetEnd === at) continue
    let target = targetEnd
    while (target > 0 && !isSpace(text.charCodeAt(target - 1))) target--
    if (codeAt(text, target) !== SLASH && !matchesAt(absolute, text, target)) continue
    const methodEnd = spacesBegin(text, target) + 1
    if (methodEnd === target) continue
    const from = Math.max(0, methodEnd - 10)
    const method = methods.exec(text.slice(from, methodEnd))
    if (method !== null) return evidence(from + method.index, 'a request or response inside a value')
  }
  return null
}

/** What is left of a character for whoever keeps its low byte. */
function low(code: number): number {
  return code > 0xff ? code & 0xff : code
}

function isBreak(code: number): boolean {
  const byte = low(code)
  return byte === 10 || byte === 13
}

/** Behind each break, whatever other breaks and blanks follow it, the word that a line begins with. */
function behindBreaks(text: string): Evidence | null {
  // Where the first line is a header as well, the value is a list of headers, which may be data.
  const isList = /^[\w-]{2,40}\s*:/.test(text)
  for (let at = 0; at < text.length; at++) {
    if (!isBreak(text.charCodeAt(at))) continue
    let cut = 0
    let isPlain = false
    let isProse = false
    let from = at
    for (; from < text.length; from++) {
      const code = text.charCodeAt(from)
      if (code === 10 || code === 13) isPlain = true
      else if (isBreak(code)) {
        cut++
        // "up" and "not", which any Chinese text is full of.
        isProse ||= code === 0x4e0a || code === 0x4e0d
      } else if (code !== 32 && code !== 9) break
    }
    const found = isPlain ? lineAt(text, from, isList) : cutLineAt(text, from, isProse || cut < 2)
    if (found !== null) return evidence(at, found)
    at = from - 1
  }
  return null
}

const message = 'a request or response inside a value'
const aHeader = 'a line break, and a header of a response'

/** What a line begins that starts at `from`, or null. */
function lineAt(text: string, from: number, isList: boolean): string | null {
  const end = nameEnd(text, from)
  if (codeAt(text, end) === SLASH) return matchesAt(status, text, from) ? message : null
  const next = spacesEnd(text, end)
  if (codeAt(text, next) === COLON && !isList && isHeaderAt(text, from, end)) return aHeader
  const sends =
    (isCommand(text, from, end) && matchesAt(mail, text, from)) ||
    (next > end && isTag(text, from, end) && isTagged(text, next, wordEnd(text, next)))
  return sends ? 'a line break, and a command for a mail server' : null
}

/**
 * The same where a character was cut to a byte to make the break. Where that character may well be a word, only what no
 * prose has counts: names of headers with a hyphen in them.
 */
function cutLineAt(text: string, from: number, isProse: boolean): string | null {
  const end = nameEnd(text, from)
  const sign = low(codeAt(text, end))
  if (end - from < 4 || (sign !== COLON && sign !== SLASH)) return null
  let line = ''
  for (let at = from; at < Math.min(text.length, end + 16); at++)
    line += String.fromCharCode(low(text.charCodeAt(at)))
  if (sign === SLASH) return !isProse && matchesAt(status, line, 0) ? message : null
  const name = line.slice(0, end - from)
  return (!isProse || name.includes('-')) && isHeaderAt(name, 0, name.length) ? aHeader : null
}

const COLON = 0x3a
const SLASH = 0x2f
const longestName = 64

function nameEnd(text: string, from: number): number {
  const most = Math.min(text.length, from + longestName)
  let end = from
  while (end < most && isOfName(low(text.charCodeAt(end)))) end++
  return end
}

function isOfName(code: number): boolean {
  return isOfWord(code) || code === 0x2d
}

function isHeaderAt(text: string, from: number, end: number): boolean {
  return isHeader(text, from, end) || family.test(text.slice(from, end))
}

const family = /^(?:x|access-control)-./i

/** `A1`, `a001`: up to three letters, then up to four digits. */
function isTag(text: string, from: number, end: number): boolean {
  let digits = from
  while (digits < end && isLetter(text.charCodeAt(digits))) digits++
  let at = digits
  while (at < end && isDigit(text.charCodeAt(at))) at++
  return at === end && digits - from <= 3 && end - digits >= 1 && end - digits <= 4
}
