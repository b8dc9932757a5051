/**
 * Readers of single texts: identifiers, reasons, dates, addresses, names, services, hours, limits.
 *
 * Each knows one kind of text and says what is wrong with it and what would be right. Whether what a text names
 * exists is for `lower`.
 */
import { parseAddress, parseLinkAddress, parsePrefix } from '../../model/address.ts'
import {
  didYouMean,
  IDENTIFIER_MAX_LENGTH,
  isIdentifier,
  parseDnsName,
  RESERVED_IDENTIFIERS,
} from '../../model/name.ts'
import { namedServices, parseService, type ServiceFault } from '../../model/service.ts'
import { parseByteRate, parseConnectionRate } from '../limit.ts'
import { parseDate, parseHours } from '../time.ts'
import { type Reader, refuse, refuseShape } from './reading.ts'

/** Longest `why`, in UTF-16 units; other texts are shorter. */
export const WHY_MAX_LENGTH = 512

/** Control characters, separators, lone surrogates, and what turns the direction of writing. */
const unplain = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Names that plain objects have by birth; a record keyed by names must not meet them. */
const born: ReadonlySet<string> = new Set(['constructor', '__proto__'])

/** One line of text for people. */
export function plainText(maxLength: number): Reader<string> {
  return (value, at) => {
    if (typeof value !== 'string') return refuseShape(at, 'a text', value)
    if (value.length > maxLength) {
      const message = `a text of ${value.length} characters where ${maxLength} are the most`
      return refuse(at, 'TW1025', message, 'shorten it; details belong in the ticket', value)
    }
    if (unplain.test(value)) {
      const message = 'a text with line breaks, control characters or direction marks'
      return refuse(at, 'TW1025', message, 'write it on one line, in plain characters', value)
    }
    if (value.trim() === '') return refuse(at, 'TW1025', 'a blank text', 'write something, or leave it out')
    return value
  }
}

const reason = plainText(WHY_MAX_LENGTH)

/** Why something is there. Nothing goes without. */
export const why: Reader<string> = (value, at) => {
  const absent = value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
  if (!absent) return reason(value, at)
  return refuse(
    at,
    'TW1001',
    'nothing says why this is here',
    "add `why: '…'`: what it is for, in a sentence",
  )
}

/** The owner of something that must have one, here or around it. */
export const owner: Reader<string> = (value, at) => {
  if (value !== undefined) return plainText(128)(value, at)
  if (at.owned) return undefined
  return refuse(at, 'TW1020', 'nobody owns this', "add `owner: '…'` here, on the profile, or on the policy")
}

/** The name of a network, device, profile, list, rule or API. */
export const identifier: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, 'a name', value)
  if (!isIdentifier(value)) {
    const hint = `lower-case letters, digits, '.', '_' and '-', at most ${IDENTIFIER_MAX_LENGTH}, a letter or digit at both ends`
    return refuse(at, 'TW1004', 'this cannot be a name', hint, value)
  }
  if (!RESERVED_IDENTIFIERS.includes(value) && !born.has(value)) return value
  return refuse(at, 'TW1004', 'this word has a meaning of its own', 'choose another name', value)
}

/** The text a label stands for. */
export const labelValue: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, 'a text', value)
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(value)) return value
  const hint = "letters, digits, '.', '_' and '-', at most 63, a letter or digit at both ends"
  return refuse(at, 'TW1004', 'this cannot be a label', hint, value)
}

/** An interface of the gateway, as the kernel names it (`dev_valid_name`, at most 15 bytes). */
export const interfaceName: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, 'the name of an interface', value)
  // A leading `-` would be an option to whoever is handed the name.
  if (/^(?!\.{1,2}$)[A-Za-z0-9_.@][A-Za-z0-9_.@-]{0,14}$/.test(value) && !born.has(value)) return value
  return refuse(
    at,
    'TW1004',
    'this cannot be an interface',
    "as `ip link` shows it: 'wlan0', 'br-lan', 'eth0.20'",
    value,
  )
}

/** A day, or a second in UTC. */
export const date: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "a date, '2026-03-02'", value)
  if (parseDate(value) !== null) return value
  return refuse(
    at,
    'TW1009',
    'this is no date',
    "a day, '2026-03-02', or a second in UTC, '2026-03-02T18:00:00Z'",
    value,
  )
}

export const linkAddress: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "a link address, '24:6f:28:aa:00:01'", value)
  if (parseLinkAddress(value) !== null && /[1-9a-f]/i.test(value)) return value
  const hint = "six pairs of hexadecimal digits, '24:6f:28:aa:00:01', of one station and no group"
  return refuse(at, 'TW1007', 'this is no link address', hint, value)
}

export const address: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "an address, '10.20.0.11' or 'fd20::11'", value)
  if (parseAddress(value) !== null) return value
  return refuse(at, 'TW1006', 'this is no address', "one address: '10.20.0.11' or 'fd20::11'", value)
}

export const prefix: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "a prefix, '10.20.0.0/24'", value)
  const read = parsePrefix(value)
  if (typeof read !== 'string') return value
  if (read === 'syntax') {
    return refuse(
      at,
      'TW1006',
      'this is no address or prefix',
      "'10.20.0.0/24', 'fd20::/64' or one address",
      value,
    )
  }
  const hint = 'end it in zeros where the prefix ends, or write the one address without `/`'
  return refuse(at, 'TW1006', 'this prefix has bits set past its length', hint, value)
}

export const dnsName: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "a DNS name, 'api.volcano.example'", value)
  const name = parseDnsName(value)
  if (name !== null && !born.has(name)) return value
  return refuse(
    at,
    'TW1010',
    'this is no DNS name',
    "'api.volcano.example', or '*.volcano.example' for all below",
    value,
  )
}

/** An address, a prefix or a DNS name. */
export const host: Reader<string> = (value, at) =>
  typeof value === 'string' && looksNumeric(value) ? prefix(value, at) : dnsName(value, at)

/** An address, a prefix, a DNS name, a network or a device. */
export const peerText: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, 'an address, a name, a network or a device', value)
  if (isIdentifier(value) && !looksNumeric(value)) return identifier(value, at)
  return host(value, at)
}

const serviceFaults: Readonly<Record<ServiceFault, readonly [message: string, hint: string]>> = {
  syntax: [
    'this is no service',
    "a name ('https'), '443/tcp', '8000-8100/udp', 'icmp/8', 'icmpv6/128' or 'protocol/47'",
  ],
  port: ['this port does not exist', 'ports are whole numbers from 1 to 65535'],
  range: ['this range of ports is empty', 'write the lower port first'],
  'icmp-type': [
    'this ICMP type cannot open a flow',
    "requests only: 'ping', 'icmp/8', 'icmp/13', 'icmpv6/128'",
  ],
  protocol: [
    'this protocol cannot be named by number',
    '1 to 255; TCP, UDP and ICMP have forms of their own',
  ],
}

export const service: Reader<string> = (value, at) => {
  if (typeof value !== 'string') return refuseShape(at, "a service, 'https' or '443/tcp'", value)
  const fault = parseService(value)
  if (typeof fault !== 'string') return value
  const [message, hint] = serviceFaults[fault]
  const near = fault === 'syntax' ? didYouMean(value, Object.keys(namedServices)) : null
  return refuse(at, 'TW1008', message, near === null ? hint : `did you mean '${near}'?`, value)
}

export const hours: Reader<string> = (value, at) => {
  if (typeof value === 'string' && parseHours(value) !== null) return value
  return refuse(
    at,
    'TW1017',
    'these are no hours',
    "in UTC, '08:00-18:30'; '22:00-06:00' runs into the next day",
    value,
  )
}

export const byteRate: Reader<string> = (value, at) => {
  if (typeof value === 'string' && parseByteRate(value) !== null) return value
  const hint = "a whole, positive number of bytes: '64 kB/s', '1.5 MB/min', '2 Mbit/s'"
  return refuse(at, 'TW1018', 'this is no limit of traffic', hint, value)
}

export const connectionRate: Reader<string> = (value, at) => {
  if (typeof value === 'string' && parseConnectionRate(value) !== null) return value
  const hint = "a whole, positive number: '30/min', '5/s', '1000/h'"
  return refuse(at, 'TW1018', 'this is no limit of connections', hint, value)
}

function looksNumeric(text: string): boolean {
  return text.includes(':') || text.includes('/') || /^[\d.]+$/.test(text)
}
