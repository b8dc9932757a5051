/**
 * Every name and value of a request, where it stands, as the application will read it; or the fault that makes it
 * unreadable in one way only. It deliberately looks into values that carry requests themselves (the query of a Referer,
 * JSON in a parameter), for that is where attacks travel; it judges none of them.
 */
import type { Field, Place, RequestParts } from '../model/request.ts'
import { type BodyValue, jsonFields, readBody } from './body.ts'
import { type ContentType, readContentType } from './content-type.ts'
import { readJson } from './json.ts'
import { defaultLimits, type Fault, type Limits } from './limits.ts'
import { headFault } from './protocol.ts'
import { pairsOf, readable } from './query.ts'

export type ReadRequest =
  | {
      readonly kind: 'read'
      readonly path: string
      readonly fields: readonly Field[]
      readonly body: BodyValue
    }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly fields: readonly Field[] }

/** Reads a whole request. What comes before a fault is in `fields`, so that a worse reason can be told. */
export function readRequest(parts: RequestParts, limits: Limits = defaultLimits): ReadRequest {
  const fields: Field[] = []
  const target = originForm(parts.target)
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const path = readable(rawPath, 'plus')
  fields.push({ place: 'path', name: '', part: 'value', text: path })
  if (mark >= 0) addPairs(fields, 'query', target.slice(mark + 1), limits)
  for (const [name, value] of parts.headers) addHeader(fields, name, value, limits)
  const head = headFault(parts, limits)
  if (head !== null) return { kind: 'fault', fault: head, fields }
  if (parts.body === null || parts.body.length === 0)
    return { kind: 'read', path, fields, body: { kind: 'none' } }

  const type = typeOf(parts)
  if ('rule' in type) return { kind: 'fault', fault: type, fields }
  if (parts.body.length > limits.holdBytes) {
    return {
      kind: 'fault',
      fault: { rule: 'limit-body', why: `a body of more than ${limits.holdBytes} bytes`, text: '' },
      fields,
    }
  }
  const body = readBody(parts.body, type, limits)
  if (body.kind === 'fault') return { kind: 'fault', fault: body.fault, fields }
  for (const field of body.fields) {
    fields.push(field)
    if (carries(field)) fields.push(...inside(field, limits))
  }
  return { kind: 'read', path, fields, body: body.value }
}

/** `http://host/path` as proxies get it is `/path` to us. */
function originForm(target: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  return absolute === null ? target : target.slice(absolute[0].length)
}

function typeOf(parts: RequestParts): ContentType | Fault {
  const values = parts.headers
    .filter(([name]) => name.toLowerCase() === 'content-type')
    .map(([, value]) => value)
  const [value] = values
  if (value === undefined || value.trim() === '')
    return { rule: 'content-type', why: 'a body without Content-Type', text: '' }
  const type = values.length > 1 ? null : readContentType(value)
  return (
    type ?? {
      rule: 'content-type',
      why: 'a Content-Type that can be read in more than one way',
      text: values.join(' | ').slice(0, 80),
    }
  )
}

function addPairs(fields: Field[], place: Place, query: string, limits: Limits): void {
  for (const [name, text] of pairsOf(query)) {
    fields.push({ place, name, part: 'name', text: name })
    fields.push(...within({ place, name, part: 'value', text }, limits))
  }
}

function addHeader(fields: Field[], rawName: string, value: string, limits: Limits): void {
  const name = rawName.toLowerCase()
  if (name === 'cookie') {
    for (const part of value.split(';')) {
      const equals = part.indexOf('=')
      const key = (equals < 0 ? part : part.slice(0, equals)).trim()
      fields.push({ place: 'cookie', name: key, part: 'name', text: key })
      if (equals >= 0)
        fields.push(
          ...within(
            { place: 'cookie', name: key, part: 'value', text: part.slice(equals + 1).trim() },
            limits,
          ),
        )
    }
    return
  }
  if (!/^[a-z0-9-]+$/.test(name)) fields.push({ place: 'header', name, part: 'name', text: name })
  if (name === 'referer' || name === 'origin') {
    const mark = value.indexOf('?')
    fields.push({
      place: 'header',
      name,
      part: 'value',
      text: readable(mark < 0 ? value : value.slice(0, mark), 'plus'),
    })
    if (mark < 0) return
    for (const [inner, text] of pairsOf(value.slice(mark + 1).split('#')[0] ?? '')) {
      fields.push(...within({ place: 'header', name: `${name}?${inner}`, part: 'value', text }, limits))
    }
    return
  }
  fields.push({ place: 'header', name, part: 'value', text: value })
}

/** A field, and what it carries inside when its text is JSON. */
function within(field: Field, limits: Limits): Field[] {
  return carries(field) ? [field, ...inside(field, limits)] : [field]
}

/** Whether the text may be JSON: a value that begins like an object or an array. */
function carries({ part, kind, text }: Field): boolean {
  if (part === 'name' || kind === 'file' || text.length < 2) return false
  const first = text.charCodeAt(0)
  return first === 0x7b || first === 0x5b
}

function inside({ text, place, name }: Field, limits: Limits): Field[] {
  const result = readJson(text, limits)
  return result.kind === 'fault' ? [] : jsonFields(result.value, place, name)
}
