/**
 * What makes a request readable in more than one way, or hides what it says, before any field is looked at: its method, its
 * framing, its charset and encoding, headers that override what routes are judged by. It deliberately judges the head
 * alone; bodies are judged by who reads them.
 */
import type { RequestParts } from '../model/request.ts'
import { hasControl } from './content-type.ts'
import type { Fault, Limits } from './limits.ts'

/** Methods that show a request to whoever asks, or make a tunnel of the server. */
const refusedMethods: ReadonlySet<string> = new Set(
  'TRACE TRACK CONNECT DEBUG TEST SUBSCRIBE NOTIFY UNSUBSCRIBE M-SEARCH PURGE BAN'.split(' '),
)

/** Headers that only have a meaning to somebody we are not, and one that makes of a request a proxy's setting. */
const refusedHeaders: Readonly<Record<string, string>> = {
  proxy: 'the header Proxy, a setting to CGI programs',
  'request-range': 'the header Request-Range',
  'content-range': 'the header Content-Range in a request',
  'x-up-devcap-post-charset': 'a second charset',
  'x-http-method-override': 'a second method',
  'x-http-method': 'a second method',
  'x-method-override': 'a second method',
  'x-original-url': 'a second path',
  'x-rewrite-url': 'a second path',
  'lock-token': 'a header of WebDAV',
}

/** Once only: two of these are two requests. */
const single: ReadonlySet<string> = new Set(
  'host content-length content-type transfer-encoding content-encoding range authorization'.split(' '),
)

/** Charsets in which ASCII means ASCII, so that what is judged is what is meant. */
const charsets =
  /^(?:utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|gbk|gb2312|gb18030|big5|euc-(?:jp|kr|tw)|shift_jis|koi8-[ru])$/i

/** The first fault of the head, or null. */
export function headFault({ method, target, headers, body }: RequestParts, limits: Limits): Fault | null {
  if (!/^[A-Z][A-Z-]{0,19}$/.test(method) || refusedMethods.has(method))
    return { rule: 'method', why: 'a method that is none', text: method }
  if (target.length > limits.targetBytes)
    return {
      rule: 'limit-target',
      why: `a target of more than ${limits.targetBytes} characters`,
      text: target,
    }
  if (hasControl(target) || /[^\x21-\xff]/.test(target.split('?', 1)[0] ?? ''))
    return { rule: 'target', why: 'characters that no target has', text: target }
  if (/(?:^|[^%])%00/.test(target)) return { rule: 'nul', why: 'a NUL in the target', text: target }
  if (headers.length > limits.headers)
    return { rule: 'limit-headers', why: `more than ${limits.headers} headers`, text: '' }
  return headersFault(headers, limits) ?? framingFault(method, headers, body)
}

function headersFault(headers: RequestParts['headers'], limits: Limits): Fault | null {
  const seen = new Set<string>()
  let bytes = 0
  for (const [rawName, value] of headers) {
    const name = rawName.toLowerCase()
    bytes += name.length + value.length
    if (bytes > limits.headerBytes)
      return { rule: 'limit-headers', why: `headers of more than ${limits.headerBytes} bytes`, text: name }
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
      return { rule: 'header', why: 'a name of a header that is none', text: rawName }
    if (hasControl(value))
      return { rule: 'header', why: 'a control character in a header', text: `${name}: ${value}` }
    const refused = refusedHeaders[name]
    if (refused !== undefined) return { rule: 'header', why: refused, text: `${name}: ${value}` }
    if (single.has(name) && seen.has(name))
      return { rule: 'header', why: `the header ${name} is there twice`, text: value }
    seen.add(name)
    const fault = valueFault(name, value)
    if (fault !== null) return { rule: 'header', why: fault, text: `${name}: ${value}` }
  }
  return null
}

function valueFault(name: string, value: string): string | null {
  switch (name) {
    case 'content-length':
      return /^\d{1,15}$/.test(value) ? null : 'a length that is no number'
    case 'range':
      return rangeFault(value)
    case 'content-type':
      if (hiddenCharset(value)) return 'a charset that hides what it says'
      // A boundary divides parts; anywhere else it is a second type in disguise.
      return /^\s*(?!multipart\/)[\w.+/-]+\s*;\s*boundary\s*=/i.test(value) ||
        /^\s*[\w.+-]+\/[\w.+-]+\s*;\s*[\w-]+\s*$/.test(value)
        ? 'a parameter that the type does not have'
        : null
    case 'connection': {
      const options = value
        .toLowerCase()
        .split(',')
        .map((option) => option.trim())
      return new Set(options).size < options.length ||
        (options.includes('close') && options.includes('keep-alive'))
        ? 'options that contradict each other'
        : null
    }
    case 'host':
      return value.trim() === '' ? 'a Host that names none' : null
    case 'accept':
      return hiddenCharset(value) ? 'a charset that hides what it says' : null
    case 'cookie':
      return /^\s*\$version\s*=/i.test(value) ? 'cookies that are read in two ways' : null
    case 'sec-fetch-user':
      return value.trim() === '?1' ? null : 'what no browser sends in this header'
    case 'referer':
      return /%00/.test(value) ? 'a NUL in a header' : null
    default:
      return null
  }
}

function hiddenCharset(value: string): boolean {
  const charset = /charset\s*=\s*"?([^",;\s]*)/gi
  for (const [, name = ''] of value.matchAll(charset)) if (name !== '' && !charsets.test(name)) return true
  return false
}

/** Many ranges cost a server many times the file; one that ends before it begins is a mistake or worse. */
function rangeFault(value: string): string | null {
  const ranges = value.split('=')[1]?.split(',') ?? []
  if (ranges.length > 5) return 'more than five ranges'
  return ranges.some((range) => {
    const [, from, to] = /^\s*(\d+)-(\d+)\s*$/.exec(range) ?? []
    return from !== undefined && to !== undefined && Number(from) > Number(to)
  })
    ? 'a range that ends before it begins'
    : null
}

function framingFault(
  method: string,
  headers: RequestParts['headers'],
  body: Uint8Array | null,
): Fault | null {
  const value = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1]
  const length = value('content-length')
  const transfer = value('transfer-encoding')
  if (length !== undefined && transfer !== undefined)
    return { rule: 'framing', why: 'a length and a transfer encoding', text: `${length} ${transfer}` }
  if (transfer !== undefined && !/^chunked$/i.test(transfer.trim()))
    return { rule: 'framing', why: 'a transfer encoding other than chunked', text: transfer }
  const encoding = value('content-encoding')
  if (encoding !== undefined && !/^identity$/i.test(encoding.trim()))
    return { rule: 'content-encoding', why: 'an encoded body', text: encoding }
  if (body !== null && body.length > 0 && (method === 'GET' || method === 'HEAD'))
    return { rule: 'framing', why: `a body with ${method}`, text: '' }
  return null
}
