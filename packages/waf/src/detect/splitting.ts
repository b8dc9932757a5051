/**
 * detector  splitting
 * finds     line breaks that make two messages of one: headers and whole responses (CRLF injection), commands for mail servers,
 *           a second request
 * how       what follows a line break is held to the grammar of the protocol it would be read in
 * passes    prose on several lines, "Note: …", an address with line breaks
 * does not  mind line breaks as such, but in names, in headers and in a path
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'

const header =
  /[\r\n][ \t]*(?:content-(?:length|type|disposition|encoding|security-policy)|set-cookie2?|location|refresh|transfer-encoding|host|remote-addr|x-forwarded-\w+|access-control-[\w-]+|cache-control|status|link|authorization|x-[\w-]{1,30}|connection|server|www-authenticate)\s*:/i
const message =
  /(?:^|[\r\n]|[a-z])(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH|PROPFIND)\s+(?:\/|https?:\/\/)[^\s]*\s+HTTP\/\d|[\r\n][ \t]*HTTP\/\d(?:\.\d)?\s+\d{3}/
const mail =
  /[\r\n][ \t]*(?:(?:MAIL FROM|RCPT TO)\s*:|(?:EHLO|HELO|VRFY|EXPN|AUTH|STARTTLS|ETRN)\s+\S+\s*[\r\n]?|DATA\s*(?:[\r\n.]|$)|(?:RETR|DELE|LIST|TOP|UIDL|STAT|USER|PASS|APOP)\s+\w+(?:\s+\d+)?\s*(?:[\r\n]|$)|(?:QUIT|RSET|NOOP|CAPA|STLS|TURN)\s*(?:[\r\n]|$)|[A-Za-z]{0,3}\d{1,4}\s+(?:LOGIN|LOGOUT|SELECT|EXAMINE|CREATE|DELETE|FETCH|STORE|SEARCH|UID|LIST|LSUB|STATUS|APPEND|EXPUNGE|COPY|CAPABILITY|NOOP|AUTHENTICATE|RENAME|SUBSCRIBE|CLOSE|CHECK|QUIT|STARTTLS)\b)/i

export const splitting: Detector = {
  id: 'splitting',
  triggers: ['\r', '\n', ' http/', 'php_value'],
  detect(text, field) {
    if (field.kind === 'file') return null
    return (
      inOneLine(text, field) ??
      find(text, message, 'a request or response inside a value') ??
      afterValue(text) ??
      find(text, mail, 'a line break, and a command for a mail server')
    )
  },
}

const find = (text: string, pattern: RegExp, why: string): Evidence | null => {
  const at = text.search(pattern)
  return at < 0 ? null : { at, length: 60, why }
}

/** A header behind a line break; where the first line is one as well, the value is a list of headers, which may be data. */
function afterValue(text: string): Evidence | null {
  const found = find(text, header, 'a line break, and a header of a response')
  return found === null || /^[\w-]{2,40}\s*:/.test(text) ? null : found
}

/** Where one line is all there is. */
function inOneLine(text: string, field: Field): Evidence | null {
  const single =
    field.place === 'path' ||
    (field.place === 'header' && !field.name.includes('?')) ||
    (field.part === 'name' && field.place !== 'body')
  return single ? find(text, /[\r\n]/, 'a line break where one line is all there is') : null
}
