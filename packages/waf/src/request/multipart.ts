/**
 * `multipart/form-data` (RFC 7578, RFC 2046 5.1): parts with a name, a file name where there is one, and their text. Read
 * strictly, because what one reader takes for a boundary or a name and another does not is where attacks hide. It
 * deliberately does not decode transfer encodings: the RFC has none here.
 */
import type { Fault, Limits } from './limits.ts'

export interface Part {
  readonly name: string
  readonly fileName: string | null
  readonly type: string | null
  /** With one character for each byte. */
  readonly text: string
}

export type Multipart =
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
  | { readonly kind: 'fault'; readonly fault: Fault }

const fault = (rule: string, why: string, text: string): Multipart => ({
  kind: 'fault',
  fault: { rule: `multipart-${rule}`, why, text },
})

/** The parts of a body; a fault where two readers could read two things. */
export function readMultipart(body: string, boundary: string, limits: Limits): Multipart {
  if (!/^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(boundary))
    return fault('boundary', 'a boundary that RFC 2046 does not allow', boundary)
  const delimiter = `--${boundary}`
  const parts: Part[] = []
  let at = body.indexOf(delimiter)
  if (at < 0) return fault('boundary', 'the boundary that the header names is not in the body', boundary)
  if (body.slice(0, at).trim() !== '')
    return fault('preamble', 'something stands before the first part', body.slice(0, 80))
  for (;;) {
    at += delimiter.length
    if (body.startsWith('--', at)) break
    const line = /\r?\n/y
    line.lastIndex = at
    const end = line.exec(body)
    if (end === null)
      return fault(
        'boundary',
        'a line that begins like the boundary goes on',
        body.slice(at - delimiter.length, at + 40),
      )
    const from = line.lastIndex
    const next = nextDelimiter(body, delimiter, from)
    if (next === null) return fault('end', 'the last part does not end', body.slice(-80))
    if (parts.length >= limits.parts) return fault('parts', `more than ${limits.parts} parts`, '')
    const part = readPart(body.slice(from, next.textEnd))
    if ('rule' in part) return { kind: 'fault', fault: part }
    parts.push(part)
    at = next.delimiterAt
  }
  const epilogue = body.slice(at + 2).trim()
  if (epilogue !== '')
    return fault('epilogue', 'something stands behind the last part', epilogue.slice(0, 80))
  return { kind: 'parts', parts }
}

/** The next boundary at the beginning of a line. */
function nextDelimiter(
  body: string,
  delimiter: string,
  from: number,
): { readonly textEnd: number; readonly delimiterAt: number } | null {
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (body[at - 1] !== '\n') continue
    const textEnd = body[at - 2] === '\r' ? at - 2 : at - 1
    return { textEnd: Math.max(textEnd, from), delimiterAt: at }
  }
  return null
}

function readPart(text: string): Part | Fault {
  const blank = /\r?\n\r?\n|^\r?\n/.exec(text)
  if (blank === null)
    return { rule: 'multipart-header', why: 'a part without an end of its headers', text: text.slice(0, 80) }
  const headers = new Map<string, string>()
  for (const line of text.slice(0, blank.index).split(/\r?\n/)) {
    if (line === '') continue
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(line)
    const name = header?.[1]?.toLowerCase()
    if (header === null || name === undefined)
      return { rule: 'multipart-header', why: 'a line that is no header', text: line.slice(0, 80) }
    if (headers.has(name))
      return { rule: 'multipart-header', why: `the header ${name} is there twice`, text: line.slice(0, 80) }
    headers.set(name, header[2] ?? '')
  }
  const disposition = headers.get('content-disposition')
  if (disposition === undefined)
    return { rule: 'multipart-header', why: 'a part without Content-Disposition', text: text.slice(0, 80) }
  const encoding = headers.get('content-transfer-encoding')
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding.trim()))
    return {
      rule: 'multipart-encoding',
      why: 'a transfer encoding, which forms do not have',
      text: encoding.slice(0, 80),
    }
  const type = headers.get('content-type') ?? null
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1]
  if (
    charset !== undefined &&
    !/^(?:utf-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252|binary)$/i.test(charset)
  )
    return {
      rule: 'multipart-charset',
      why: 'a part in a charset that hides what it says',
      text: charset.slice(0, 80),
    }
  return named(disposition, type, text.slice(blank.index + blank[0].length))
}

function named(disposition: string, type: string | null, text: string): Part | Fault {
  const bad = (why: string): Fault => ({ rule: 'multipart-name', why, text: disposition.slice(0, 80) })
  const kind = /^[ \t]*(?:form-data|attachment|file)[ \t]*/i.exec(disposition)
  if (kind === null) return bad('a disposition that is not form-data')
  const found = new Map<string, string>()
  const parameter = /[ \t]*;[ \t]*([a-zA-Z*]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))[ \t]*/y
  let at = kind[0].length
  while (at < disposition.length) {
    parameter.lastIndex = at
    const [whole, key, quoted, plain] = parameter.exec(disposition) ?? []
    if (whole === undefined || key === undefined) {
      if (/^[ \t;]*$/.test(disposition.slice(at))) break
      return bad('a disposition that is not of the grammar')
    }
    at += whole.length
    const name = key.toLowerCase()
    if (found.has(name)) return bad(`the parameter ${name} is there twice`)
    found.set(name, (quoted ?? plain ?? '').replace(/\\(["\\])/g, '$1'))
  }
  const name = found.get('name')
  if (found.has('filename') && found.has('filename*')) return bad('two file names')
  if (name === undefined && !found.has('filename')) return bad('a part without a name')
  return { name: name ?? '', fileName: found.get('filename') ?? found.get('filename*') ?? null, type, text }
}
