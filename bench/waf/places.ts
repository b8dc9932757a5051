/**
 * Everywhere in a request where a value may stand, each as a request that is sound but for the value: the value is written as
 * that place demands. It deliberately adds no coding of its own choice; those are in `codings.ts`.
 */
import type { RequestParts } from '@thingwall/waf'

export interface PlaceOfValue {
  readonly name: string
  /** Whether the application reads the text as a name. */
  readonly part: 'name' | 'value'
  /** What people put there, where that is less than any text. */
  readonly holds?: RegExp
  /** In points of per cent: how much less may be found, where the place itself makes something harmless of an attack. */
  readonly lost?: number
  /** Null where the text cannot stand there. */
  put(text: string): RequestParts | null
}

const common: RequestParts['headers'] = [
  ['host', 'api.volcano.example'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['accept', '*/*'],
]

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const escaped = (text: string): string => encodeURIComponent(text.toWellFormed()).replace(/'/g, '%27')

const get = (target: string, more: RequestParts['headers'] = []): RequestParts => ({
  method: 'GET',
  target,
  headers: [...common, ...more],
  body: null,
})

const post = (type: string, text: string): RequestParts => {
  const body = bytesOf(text)
  return {
    method: 'POST',
    target: '/notes',
    headers: [...common, ['content-type', type], ['content-length', `${body.length}`]],
    body,
  }
}

const json = (value: unknown): RequestParts => post('application/json', JSON.stringify(value))
const form = (text: string): RequestParts => post('application/x-www-form-urlencoded', text)

function hasControl(text: string, but: string): boolean {
  return Array.from(text).some((char) => (char < ' ' || char === '\x7f') && !but.includes(char))
}

/** A backslash is read in two ways there. */
const isNoFileName = (text: string): boolean => text.includes('\0') || text.includes('\\')

/** What a header may hold, one character for each byte; null for what no client can send. */
function header(name: string, text: string, before = ''): RequestParts | null {
  const content = before + Buffer.from(bytesOf(text)).toString('latin1')
  return hasControl(content, '\t') ? null : get('/notes', [[name, content.trim()]])
}

/** As browsers write what would end a name. */
const inName = (text: string): string =>
  text.replace(/["\r\n]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)

function multipart(name: string, text: string, fileName?: string): RequestParts {
  const boundary = 'volcano7Kq2'
  const file = fileName === undefined ? '' : `; filename="${inName(fileName)}"\r\nContent-Type: image/jpeg`
  return post(
    `multipart/form-data; boundary=${boundary}`,
    `--${boundary}\r\nContent-Disposition: form-data; name="${inName(name)}"${file}\r\n\r\n${text}\r\n--${boundary}--\r\n`,
  )
}

const xmlText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const xmlValue = (text: string): string => xmlText(text).replaceAll('"', '&quot;')
/** XML has no way to write these. */
const inXml = (text: string, document: (text: string) => string): RequestParts | null =>
  hasControl(text, '\t\n\r')
    ? null
    : post('application/xml', `<?xml version="1.0" encoding="UTF-8"?>${document(text)}`)

const token = (claims: object): string =>
  ['{"alg":"HS256"}', JSON.stringify(claims), 'signature of volcano']
    .map((part) => Buffer.from(bytesOf(part)).toString('base64url'))
    .join('.')

const graphql = (document: string, variables: object = {}): RequestParts =>
  json({ query: document, variables })
const block = (text: string): string => `"""${text.replaceAll('"""', '\\"""')}"""`

const value = (
  name: string,
  put: PlaceOfValue['put'],
  more: Pick<PlaceOfValue, 'holds' | 'lost'> = {},
): PlaceOfValue => ({ name, part: 'value', put, ...more })
const oneLine = /^[^\r\n]*$/
/** One name, as file systems have it. */
const nameOfFile = /^[^\r\n/\\:*?"<>|]{1,200}$/
const named = (name: string, put: PlaceOfValue['put']): PlaceOfValue => ({ name, part: 'name', put })

/** The place of most cases in the suites; others are compared with it. */
export const queryValue: PlaceOfValue = value('query', (text) => get(`/notes?q=${escaped(text)}`))
/** And that of names. */
export const queryName: PlaceOfValue = named('name in a query', (text) => get(`/notes?${escaped(text)}=1`))

export const places: readonly PlaceOfValue[] = [
  queryValue,
  value('query, third', (text) => get(`/notes?page=1&lang=en&q=${escaped(text)}`)),
  value('query of a URL in a query', (text) =>
    get(`/login?next=${escaped(`https://volcano.example/notes?page=1&q=${escaped(text)}`)}`),
  ),
  value('JSON in a query', (text) => get(`/notes?filter=${escaped(JSON.stringify({ name: text }))}`)),
  value(
    'path segment',
    (text) => (text === '' || /^\.{1,2}$/.test(text) ? null : get(`/notes/${escaped(text)}/edit`)),
    // Behind a path there is no command at its beginning.
    { holds: nameOfFile, lost: 6 },
  ),
  value('header of the application', (text) => header('x-device', text)),
  // Brackets are what it consists of, so calls are not looked for there.
  value('User-Agent', (text) => header('user-agent', text), { lost: 7 }),
  value('query of a Referer', (text) => header('referer', `https://volcano.example/a?q=${escaped(text)}`)),
  value('Bearer token', (text) => header('authorization', text, 'Bearer ')),
  value(
    'Basic password',
    (text) => header('authorization', Buffer.from(bytesOf(`ada:${text}`)).toString('base64'), 'Basic '),
    { holds: oneLine },
  ),
  value('claim of a token', (text) => header('authorization', token({ sub: text }), 'Bearer ')),
  value('cookie', (text) => header('cookie', `lang=en; note=${escaped(text)}`)),
  value('JSON in a cookie', (text) =>
    header('cookie', `lang=en; prefs=${escaped(JSON.stringify({ theme: text }))}`),
  ),
  value('form', (text) => form(`page=1&note=${escaped(text)}`)),
  value('JSON', (text) => json({ note: text })),
  value('JSON, nested', (text) => json({ a: [{ b: { c: ['x', { d: text }] } }] })),
  value('JSON, alone', (text) => json(text)),
  value('JSON in JSON', (text) => json({ event: JSON.stringify({ detail: { note: text } }) })),
  value('GraphQL variable', (text) =>
    graphql('mutation Add($note: String!) { add(note: $note) { id } }', { note: text }),
  ),
  value('GraphQL string', (text) => graphql(`mutation { add(note: ${JSON.stringify(text)}) { id } }`)),
  value('GraphQL block string', (text) => graphql(`{ notes(like: ${block(text)}, first: 10) { id } }`)),
  value('GraphQL document', (text) =>
    post('application/graphql', `query { notes(like: ${JSON.stringify(text)}) { id } }`),
  ),
  value('XML text', (text) => inXml(text, (inner) => `<notes><note>${xmlText(inner)}</note></notes>`)),
  value('XML attribute', (text) =>
    inXml(text, (inner) => `<notes><note text="${xmlValue(inner)}"/></notes>`),
  ),
  value('XML CDATA', (text) =>
    text.includes(']]>') ? null : inXml(text, (inner) => `<notes><note><![CDATA[${inner}]]></note></notes>`),
  ),
  value('XML in JSON', (text) => json({ document: `<notes><note>${xmlText(text)}</note></notes>` })),
  value('form in JSON', (text) => json({ body: `page=1&note=${escaped(text)}` })),
  value('multipart', (text) => multipart('note', text)),
  value(
    'file name',
    (text) => (isNoFileName(text) ? null : multipart('photo', 'JFIF', `${text}.jpg`)),
    // Its ending stands where an expression would go on.
    { holds: nameOfFile, lost: 12 },
  ),
  value('text', (text) => post('text/plain', text)),
  queryName,
  named('name in a form', (text) => form(`${escaped(text)}=1`)),
  named('name in JSON', (text) => json({ [text]: 1 })),
  named('name in nested JSON', (text) => json({ a: [{ b: { [text]: 'x' } }] })),
  named('name of a part', (text) => (isNoFileName(text) ? null : multipart(text, '1'))),
  named('name of a cookie', (text) => header('cookie', `lang=en; ${escaped(text)}=1`)),
]
