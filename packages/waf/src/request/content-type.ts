/**
 * The Content-Type header (RFC 9110 8.3): type, subtype and parameters, read so that no two readers can differ. It
 * deliberately guesses nothing; what is not exactly of the grammar is a fault.
 */

export interface ContentType {
  /** `application/json`, lower case. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** The expression of a token (RFC 9110 5.6.2). */
export const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const essence = new RegExp(`^(${token}/${token})[ \\t]*(?:;|$)`)
const parameter = new RegExp(`[ \\t]*(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*(?:;|$)`, 'y')

/** Null where the header is not of the grammar, or names a parameter twice. */
export function readContentType(value: string): ContentType | null {
  const type = essence.exec(value.trim())
  if (type === null) return null
  const rest = value.trim()
  const parameters = new Map<string, string>()
  let at = type[0].length
  while (at < rest.length) {
    if (/^[ \t;]*$/.test(rest.slice(at))) break
    parameter.lastIndex = at
    const found = parameter.exec(rest)
    const name = found?.[1]?.toLowerCase()
    if (found === null || name === undefined || parameters.has(name)) return null
    parameters.set(name, found[2] ?? (found[3] ?? '').replace(/\\(.)/g, '$1'))
    at = parameter.lastIndex
  }
  return { type: (type[1] ?? '').toLowerCase(), parameters }
}

/** What a body of this type is read as. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'xml' | 'text' | 'binary'

const binary =
  /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:octet-stream|cbor|zip|gzip|pdf|x-protobuf|protobuf|grpc|msgpack|x-msgpack|vnd\.msgpack|wasm|x-tar|x-7z-compressed|vnd\.ms-|vnd\.openxml|firmware|senml\+cbor|cose))/

export function bodyKindOf({ type }: ContentType): BodyKind {
  if (type === 'application/json' || type === 'text/json' || type.endsWith('+json')) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type.startsWith('multipart/')) return 'multipart'
  if (/^(?:application|text)\/xml(?:-dtd)?$/.test(type) || type.endsWith('+xml')) return 'xml'
  return binary.test(type) ? 'binary' : 'text'
}

/** Whether a control character other than a tab is in it, which no header may hold. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 9) || code === 0x7f) return true
  }
  return false
}
