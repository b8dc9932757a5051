/**
 * The head of one part of `multipart/form-data` (RFC 7578): its name, its file name where there is one, its type. Read
 * strictly, because what one reader takes for a name and another does not is where attacks hide. It deliberately decodes
 * no transfer encoding: forms have none.
 */
import { decodeUtf8 } from '../decode/utf8.ts'
import { hasControl, token } from './content-type.ts'
import type { Fault } from './limits.ts'

export interface PartHead {
  readonly name: string
  readonly fileName: string | null
  readonly type: string | null
}

const fault = (rule: string, why: string, text: string): Fault => ({
  rule: `multipart-${rule}`,
  why,
  text: text.slice(0, 80),
})

const headerLine = new RegExp(`^(${token}):[ \\t]*(.*)$`, 's')

/** Of these a part has none: they would make another body of it for who believes them. */
const refused: ReadonlySet<string> = new Set(['transfer-encoding', 'content-encoding', 'content-range'])

const plainCharset = /^(?:utf-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252|binary)$/i

/** `lines`: the lines before the blank one, without their ends, one character for each byte. */
export function readPartHead(lines: readonly string[]): PartHead | Fault {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const header = headerLine.exec(line)
    const name = header?.[1]?.toLowerCase()
    if (header === null || name === undefined) return fault('header', 'a line that is no header', line)
    if (hasControl(line)) return fault('header', 'a control character in the header of a part', line)
    if (headers.has(name)) return fault('header', `the header ${name} is there twice`, line)
    if (refused.has(name)) return fault('header', `the header ${name}, which no part has`, line)
    headers.set(name, header[2] ?? '')
  }
  const disposition = headers.get('content-disposition')
  if (disposition === undefined) return fault('header', 'a part without Content-Disposition', lines[0] ?? '')
  const encoding = headers.get('content-transfer-encoding')
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding.trim()))
    return fault('encoding', 'a transfer encoding of a part', encoding)
  const type = headers.get('content-type') ?? null
  return typeFault(type) ?? named(disposition, type)
}

function typeFault(type: string | null): Fault | null {
  if (type === null) return null
  if (/^\s*multipart\//i.test(type)) return fault('type', 'parts within a part', type)
  const charsets = [...type.matchAll(/charset\s*=\s*["']?([^"';\s]*)/gi)].map(([, name]) => name ?? '')
  if (charsets.length > 1) return fault('charset', 'two charsets', type)
  const [charset] = charsets
  return charset !== undefined && !plainCharset.test(charset)
    ? fault('charset', 'a charset that hides what it says', charset)
    : null
}

const parameter =
  /[ \t]*;[ \t]*([a-zA-Z*0-9]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|((?:[^;"'\s][^;"\s]*)?))[ \t]*/y

function named(disposition: string, type: string | null): PartHead | Fault {
  const bad = (why: string): Fault => fault('name', why, disposition)
  const kind = /^[ \t]*(?:form-data|attachment|file)[ \t]*/i.exec(disposition)
  if (kind === null) return bad('a disposition that is not form-data')
  const found = new Map<string, string>()
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
    // Half of the readers end the name at an escaped quote, the others behind it.
    if (quoted?.includes('\\"') === true) return bad('an escaped quote in a name')
    found.set(name, quoted ?? plain ?? '')
  }
  if (found.has('filename') && found.has('filename*')) return bad('two file names')
  // RFC 2231's other spellings: `name*`, `name*0`, `filename*1*`.
  if ([...found.keys()].some((key) => key.includes('*') && key !== 'filename*'))
    return bad('a name that few read')
  const name = found.get('name')
  const fileName = found.get('filename') ?? found.get('filename*') ?? null
  if (name === undefined && fileName === null) return bad('a part without a name')
  return { name: readable(name ?? ''), fileName: fileName === null ? null : readable(fileName), type }
}

function readable(text: string): string {
  return decodeUtf8(text) ?? text
}
