/**
 * The formats that a text can be declared to have, each by the grammar of its standard, in one pass. The regular
 * expressions here are fixed and have no choice to go back on: no two ways to read any text. It deliberately looks
 * nothing up: whether a host exists is not asked.
 */
import type { TextFormat } from './api.ts'

const shapes = {
  date: /^(\d{4})-(\d\d)-(\d\d)$/,
  time: /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,12})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i,
  duration:
    /^P(?=.)(?:\d{1,12}W|(?:\d{1,12}Y)?(?:\d{1,12}M)?(?:\d{1,12}D)?(?:T(?=\d)(?:\d{1,12}H)?(?:\d{1,12}M)?(?:\d{1,12}(?:\.\d{1,12})?S)?)?)$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  ipv4: /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/,
  mac: /^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})$/i,
  label: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i,
  local: /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}$/i,
  byte: /^[A-Za-z0-9+/]*={0,2}$/,
  base64url: /^[A-Za-z0-9_-]*$/,
  // The characters of RFC 3986; what begins like an escape is looked at once more.
  uri: /^[a-z][a-z0-9+.-]*:[a-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/i,
} as const

/** Whether the whole text is of a format. */
export const formats: Readonly<Record<TextFormat, (text: string) => boolean>> = {
  base64url: (text) => text.length % 4 !== 1 && shapes.base64url.test(text),
  byte: (text) => text.length % 4 === 0 && shapes.byte.test(text),
  date: isDate,
  'date-time': isDateTime,
  duration: (text) => text.length <= 100 && shapes.duration.test(text) && /\d/.test(text),
  email: isEmail,
  hostname: isHostname,
  ipv4: (text) => text.length <= 15 && shapes.ipv4.test(text),
  ipv6: isIpv6,
  mac: (text) => shapes.mac.test(text),
  time: (text) => text.length <= 30 && shapes.time.test(text),
  uri: isUri,
  uuid: (text) => shapes.uuid.test(text),
}

/** RFC 3339 5.6: a day of the calendar. */
function isDate(text: string): boolean {
  const [, year, month, day] = shapes.date.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return false
  const lengths = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const length = lengths[Number(month) - 1]
  return length !== undefined && day !== '00' && Number(day) <= length
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function isDateTime(text: string): boolean {
  const mark = text[10]
  return (mark === 'T' || mark === 't') && isDate(text.slice(0, 10)) && formats.time(text.slice(11))
}

/** The addresses that people have: a dot-atom and a host name (RFC 5321), without quotes and comments. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 1 || text.length > 254) return false
  const local = text.slice(0, at)
  return (
    shapes.local.test(local) &&
    !local.startsWith('.') &&
    !local.endsWith('.') &&
    !local.includes('..') &&
    isHostname(text.slice(at + 1))
  )
}

/** RFC 1123 2.1. */
function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => shapes.label.test(label))
}

/** RFC 4291 2.2, without a zone. */
function isIpv6(text: string): boolean {
  if (text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  let groups = 0
  for (const [half, part] of halves.entries()) {
    if (part === '') continue
    const pieces = part.split(':')
    for (const [at, piece] of pieces.entries()) {
      const isLast = half === halves.length - 1 && at === pieces.length - 1
      if (isLast && piece.includes('.') && formats.ipv4(piece)) groups += 2
      else if (/^[0-9a-f]{1,4}$/i.test(piece)) groups++
      else return false
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8
}

/** RFC 3986 with a scheme. */
function isUri(text: string): boolean {
  if (!shapes.uri.test(text)) return false
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1))
    if (!/^%[0-9a-f]{2}$/i.test(text.slice(at, at + 3))) return false
  return true
}
