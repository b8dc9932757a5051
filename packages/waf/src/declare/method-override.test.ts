/** A second method in a form: where it changes nothing that is declared, where it is declared, and where it is refused. */
import { describe, expect, test } from 'vitest'
import { inspect } from '../inspect.ts'
import type { RequestParts } from '../model/request.ts'
import type { WafOptions } from '../options.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const form = (text: string, target = '/notes/7'): RequestParts => ({
  method: 'POST',
  target,
  headers: [['content-type', 'application/x-www-form-urlencoded']],
  body: bytes(text),
})
const json = (text: string): RequestParts => ({
  ...form(text),
  headers: [['content-type', 'application/json']],
})
const boundary = 'volcano'
const multipart = (name: string, text: string): RequestParts => ({
  ...form(
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n--${boundary}--\r\n`,
  ),
  headers: [['content-type', `multipart/form-data; boundary=${boundary}`]],
})
const get = (target: string): RequestParts => ({ method: 'GET', target, headers: [], body: null })

const ruleOf = async (parts: RequestParts, options?: WafOptions): Promise<string | null> =>
  (await inspect(parts, options)).finding?.rule ?? null

const fields = { title: {}, _method: { enum: ['PUT', 'PATCH'] } } as const
const content = (fields: object): object => ({ 'application/x-www-form-urlencoded': { fields } })
const routes = (route: object, more: object = {}): WafOptions =>
  ({ routes: { 'POST /notes/{id}': route, 'DELETE /notes/{id}': {} }, ...more }) as WafOptions

describe('where no routes are declared', () => {
  test.each<[what: string, parts: RequestParts]>([
    ['Rails', form('_method=patch&authenticity_token=a&note%5Btitle%5D=b')],
    ['Laravel', form('_token=a&_method=PUT&title=b')],
    ['a form with a file', multipart('_method', 'PUT')],
    ['JSON', json('{"_method":"DELETE"}')],
    ['the query of a form', form('title=b', '/notes/7?_method=DELETE')],
    ['a method of its own', form('_method=POST')],
  ])('%s is let through', async (_, parts) => {
    expect(await ruleOf(parts)).toBeNull()
  })

  test.each<[what: string, parts: RequestParts]>([
    ['a GET that is to be something else', get('/notes/7?_method=DELETE')],
    ['a method that nobody serves', form('_method=TRACE')],
    ['a tunnel', form('_method=CONNECT')],
  ])('%s is refused', async (_, parts) => {
    expect(await ruleOf(parts)).toBe('override')
  })

  test('what else is in it is still looked for', async () => {
    expect(await ruleOf(form('_method=put%3Cscript%3Ealert(1)%3C/script%3E'))).toBe('xss')
  })

  test('a declared parameter says which', async () => {
    const parameters = [{ name: '_method', enum: ['PUT'] }]
    expect(await ruleOf(form('_method=PUT'), { parameters })).toBeNull()
    expect(await ruleOf(form('_method=DELETE'), { parameters })).toBe('parameters/_method/enum')
    expect(await ruleOf(get('/notes/7?_method=PUT'), { parameters })).toBeNull()
  })
})

describe('on a declared route', () => {
  test('as its form declares it', async () => {
    const options = routes({ body: { content: content(fields) } })
    expect(await ruleOf(form('_method=PUT&title=b'), options)).toBeNull()
    expect(await ruleOf(form('_method=DELETE&title=b'), options)).toBe('declared/enum')
  })

  test('as its JSON declares it, here or in a schema that it refers to', async () => {
    const schema = { type: 'object', properties: { _method: { enum: ['PUT'] } } } as const
    const of = (schema: object): WafOptions =>
      routes(
        { body: { content: { 'application/json': { schema } } } },
        { schemas: { Note: { type: 'object', properties: { _method: { enum: ['PUT'] } } } } },
      )
    expect(await ruleOf(json('{"_method":"PUT"}'), of(schema))).toBeNull()
    expect(await ruleOf(json('{"_method":"DELETE"}'), of(schema))).not.toBeNull()
    expect(await ruleOf(json('{"_method":"PUT"}'), of({ allOf: [{ $ref: '#/schemas/Note' }] }))).toBeNull()
  })

  test('as its query declares it', async () => {
    const declared = { query: { _method: { enum: ['PUT'] } }, body: { content: content({ title: {} }) } }
    expect(await ruleOf(form('title=b', '/notes/7?_method=PUT'), routes(declared))).toBeNull()
    expect(await ruleOf(form('_method=PUT', '/notes/7'), routes(declared))).toBe('override')
  })

  test('refused where it is not, though the other method has a route and others are let through', async () => {
    const open = { undeclared: 'allow', body: { content: content({ title: {} }) } }
    expect(await ruleOf(form('_method=DELETE&title=b'), routes(open))).toBe('override')
    expect(await ruleOf(form('title=b', '/notes/7?_method=DELETE'), routes(open))).toBe('override')
    expect(await ruleOf(form('_method=GET&title=b'), routes(open))).toBe('override')
    expect(await ruleOf(form('_method=POST&title=b'), routes(open))).toBeNull()
  })

  test('let through where a path is none of those that are declared, and others may be', async () => {
    expect(await ruleOf(form('_method=PUT', '/other'), routes({}, { undeclared: 'allow' }))).toBeNull()
    expect(await ruleOf(form('_method=PUT', '/other'), routes({}))).toBe('routes/unknown')
  })

  test('an exclusion names it', async () => {
    const exclusions = {
      old: {
        rule: 'override',
        route: 'POST /notes/{id}',
        field: 'body._method',
        why: 'The old form',
        expires: '2999-01-01',
      },
    }
    const open = { undeclared: 'allow', body: { content: content({ title: {} }) } }
    expect(await ruleOf(form('_method=DELETE&title=b'), routes(open, { exclusions }))).toBeNull()
  })
})
