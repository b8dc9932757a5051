/**
 * detector  ssrf
 * finds     URLs that would make the server ask itself, its neighbours or its cloud: loopback, link-local and metadata
 *           addresses in any spelling, and schemes that read files or speak to anything but the web; and a program elsewhere
 *           that is to be included here
 * how       a value that is a URL is taken apart as a URL parser does it; hosts that are numbers in any base are addresses.
 *           However long a value is, its beginning is read once from left to right, and its end once
 * passes    links to hosts by name, addresses of one's own network written plainly, `mailto:`, `data:` images
 * does not  resolve names
 */
import type { Detector } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { spacesEnd } from './characters.ts'

/** Read at the scheme: what may stand before it is skipped by then. */
const schemes =
  /(?:(?:file|gopher|dict|ldaps?|jar|netdoc|tftp|sftp|phar|php|expect|zip|glob|ogg|rar|ssh2?(?:\.\w+)?|compress\.\w+|local_file|imaps?|pop3s?|smtps?|rtmp|rtsps?|telnet|smb|cifs|nfs|vnc|rmi|jnp|ldapi|xri|view-source|cap|mysql|redis|mongodb|data:text\/(?:html|plain);base64,[\w+/=]{16,}|nntp|mms|svn(?:\+ssh)?|git|bzr|maven|adiumxtra|aaf|doc|about|classpath|bundleresource|s3|gs|dav):\/{0,4}(?=[^/\s])|(?:file|php|zip|phar|expect|glob|jar|ogg|rar|compress\.\w+|ssh2\.\w+):\/\/)/iy

/** Names and suffixes that resolve to oneself or to a cloud's metadata. */
const inner =
  /^(?:localhost[46]?|localhost\.localdomain|kubernetes(?:\.default(?:\.svc(?:\.cluster\.local)?)?)|ip6-localhost|ip6-loopback|(?:[\w-]+\.)*localhost|metadata(?:\.google\.internal)?|instance-data(?:\.ec2\.internal)?|metadata\.\w+\.\w+|169\.254\.169\.254\.nip\.io|(?:[\w-]+\.)*(?:localtest\.me|lvh\.me|vcap\.me|lacolhost\.com|yoogle\.com|burpcollaborator\.net|oastify\.com|interact\.sh|oast\.\w+|nip\.io|sslip\.io|xip\.io|spoofed\.\w+|1u\.ms|rbndr\.us))$/i

export const ssrf: Detector = {
  id: 'ssrf',
  triggers:
    ':/ localhost file: jar: php: url: gopher: dict: ldap ip6- lvh.me 169.254 127. .nip.io expect: localtest kubernetes http:'.split(
      ' ',
    ),
  detect(text, field) {
    // What a browser says of where it comes from is no place to go to.
    if (
      field.kind === 'file' ||
      (field.place === 'path' && field.name !== 'segment') ||
      (field.place === 'header' &&
        /^(?:referer|origin|host|via|forwarded|x-forwarded-\w+|content-security-policy|link|from)$/.test(
          field.name,
        ))
    )
      return null
    const value = text.trim()
    schemes.lastIndex = schemeAt(value)
    const scheme = schemes.exec(value)
    if (scheme !== null && !/^data:(?:image|font|audio|video)/i.test(value))
      return { at: 0, length: 60, why: `a URL of the scheme ${scheme[0].slice(0, 20)}` }
    const host = hostOf(value)
    if (host === null) return null
    if (includes(value, host, field)) return { at: 0, length: 60, why: 'a program on another server' }
    if (inner.test(host))
      return {
        at: text.indexOf(host),
        length: host.length,
        why: `a URL of the inner host ${host.slice(0, 40)}`,
      }
    const address = isDevice(value, host) ? null : addressOf(host)
    return address === null || !isInner(address)
      ? null
      : { at: 0, length: 60, why: `a URL of the inner address ${address.join('.')}` }
  },
}

/** `sd://0/log`: a number is an address to those who go to other machines. */
function isDevice(value: string, host: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]{0,20}):/i.exec(value)?.[1]?.toLowerCase()
  return scheme !== undefined && /^\d{1,3}$/.test(host) && !remote.test(scheme)
}

const remote = /^(?:https?|wss?|[st]?ftps?|gopher|dict|ldaps?|imaps?|pop3|smtp|smb|telnet|jar|netdoc|url)$/

/** Where the scheme begins: `url:` is what Java takes away, as often as it stands there. */
function schemeAt(value: string): number {
  let at = 0
  while (value.slice(at, at + 4).toLowerCase() === 'url:') at += 4
  return spacesEnd(value, at)
}

/** Programs, and files whose name says nothing of what is in them. */
const program =
  /\/[^/\s?]{1,100}\.(?:php\d?|phtml|inc|txt|dat|log|gif|jpe?g|png|pl|py|cgi|asp|aspx|jsp)[?\0]{1,8}$/i
const page = /^\/[^\s?#]{0,200}\.(?:php\d?|phtml|inc)$/i
const takesUrls = /ur[li]|link|href|ref|redirect|return|location|callback|^(?:dl|dr|from|next|rf|su|to)$/i

/**
 * A file elsewhere whose URL ends in an empty query, so that what the program here appends is no part of its name; and a
 * program on a server that has no name.
 */
function includes(value: string, host: string, field: Field): boolean {
  if (field.place === 'header' || takesUrls.test(field.name) || !/^(?:https?|ftps?):\/\//i.test(value))
    return false
  if (program.test(value.slice(-120))) return !/\s/.test(value)
  if (value.length > 300) return false
  const address = host.startsWith('[') ? null : addressOf(host)
  return (
    address !== null &&
    host.split('.').length === 4 &&
    !isPrivate(address) &&
    page.test(value.slice(value.indexOf('/', 8)))
  )
}

/** The host of a value that is a URL, without credentials and port; a slash or two do. */
function hostOf(value: string): string | null {
  const found =
    /^(?:[a-z][a-z0-9+.-]{1,20}:)?[/\\]{1,4}(?:[^/\\?#\s]*@)?(\[[^\]\s]{2,60}\]|[^/\\?#\s:]{1,255})/i.exec(
      value,
    ) ??
    /^((?:localhost|kubernetes\.default|metadata\.google|instance-data)[\w.-]{0,60}|ip6-\w{1,20}|127\.\d+\.\d+\.\d+|[\w-]{1,60}\.(?:lvh\.me|nip\.io)|(?:lvh|localtest|vcap)\.me|169\.254\.169\.254)(?=(?::\d{1,5})?\/)/i.exec(
      value,
    ) ??
    /^(?:https?|ftp|wss?):(\[[^\]\s]{2,60}\]|[0-9a-fx.]{7,60})(?=[:/?#]|$)/i.exec(value)
  if (found === null || (/^[/\\](?![/\\])/.test(value) && !value.includes(':'))) return null
  const last = /^[^/]*:\/\/[^\s]*\s.*@([\d.]+)/.exec(value)
  return (last?.[1] ?? found[1] ?? '')
    .normalize('NFKC')
    .replace(/[。｡]/g, '.')
    .replace(/\.$/, '')
    .toLowerCase()
}

/** The four bytes of an IPv4 address, however it is spelt (as `inet_aton` reads it, and inside IPv6); or null. */
function addressOf(host: string): readonly number[] | null {
  if (host.startsWith('[')) return embedded(host.slice(1, -1))
  const parts = host.split('.')
  if (parts.length > 4) return null
  const numbers = parts.map((part) =>
    /^0x[0-9a-f]{0,12}$/.test(part)
      ? Number.parseInt(part.slice(2) || '0', 16)
      : /^0[0-7]{0,14}$/.test(part)
        ? Number.parseInt(part, 8)
        : /^[1-9]\d{0,10}$/.test(part)
          ? Number(part)
          : Number.NaN,
  )
  if (numbers.some(Number.isNaN)) return null
  const last = numbers.pop() ?? 0
  const bytes = [...numbers]
  for (let shift = 3 - numbers.length; shift >= 0; shift--) bytes.push(Math.floor(last / 256 ** shift) % 256)
  return bytes
}

/** `::1`, `::ffff:127.0.0.1`, `0:0:0:0:0:ffff:a9fe:a9fe`. */
function embedded(text: string): readonly number[] | null {
  if (/^(?:0*:){1,7}:?0*1$/.test(text)) return [127, 0, 0, 1]
  if (/^(?:0*:){1,7}:?0*$/.test(text)) return [0, 0, 0, 0]
  const dotted = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1]
  if (dotted !== undefined) return addressOf(dotted)
  const pair = /^(?:(?:0*:)+:?|::)(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text)
  if (pair === null) return /^f[cde]|^fe80/.test(text) ? [169, 254, 0, 0] : null
  const [high, low] = [Number.parseInt(pair[1] ?? '', 16), Number.parseInt(pair[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255]
}

/** A network of one's own, where things are reached by address. */
function isPrivate([a = 0, b = 0]: readonly number[]): boolean {
  return (
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128)
  )
}

function isInner([a = 0, b = 0]: readonly number[]): boolean {
  return a === 127 || a === 0 || (a === 169 && b === 254) || (a === 100 && b === 100)
}
