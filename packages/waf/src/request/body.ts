/**
 * The fields of a body, by its content type, and the value that the application is handed: the very one that was judged.
 * It deliberately decompresses nothing and reads no stream; whole bodies come in.
 */

import { decodeEntities } from '../decode/entities.ts'
import { decodeUtf8 } from '../decode/utf8.ts'
import { tokensOf } from '../detect/html/tokens.ts'
import type { Field } from '../model/request.ts'
import { bodyKindOf, type ContentType } from './content-type.ts'
import { type JsonValue, readJson } from './json.ts'
import type { Fault, Limits } from './limits.ts'
import { readMultipart } from './multipart.ts'
import { pairsOf } from './query.ts'

/** What a body was read as. */
export type BodyValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'bytes' }

export type BodyResult =
  | { readonly kind: 'read'; readonly fields: readonly Field[]; readonly value: BodyValue }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** Reads a body that is not empty. */
export function readBody(bytes: Uint8Array, type: ContentType, limits: Limits): BodyResult {
  const kind = bodyKindOf(type)
  // Firmware is not worth a string, and JSON has the runtime's own decoder.
  if (kind === 'binary') return { kind: 'read', fields: [], value: { kind: 'bytes' } }
  if (kind === 'json') return jsonBody(bytes, limits)
  const raw = byteText(bytes)
  switch (kind) {
    case 'form': {
      const pairs = pairsOf(raw.trimEnd())
      return counted(pairFields(pairs), limits, { kind: 'pairs', pairs })
    }
    case 'multipart':
      return multipartBody(raw, type, limits)
    case 'xml':
      return counted(xmlFields(decodeUtf8(raw) ?? raw), limits, { kind: 'bytes' })
    case 'text':
      return counted(textFields(decodeUtf8(raw) ?? raw), limits, { kind: 'bytes' })
    default:
      return kind satisfies never
  }
}

function counted(fields: readonly Field[], limits: Limits, value: BodyValue): BodyResult {
  return fields.length > limits.fields * 2
    ? { kind: 'fault', fault: { rule: 'limit-fields', why: `more than ${limits.fields} fields`, text: '' } }
    : { kind: 'read', fields, value }
}

const chunk = 8192

/** One character for each byte. */
function byteText(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length; at += chunk)
    out += String.fromCharCode(...bytes.subarray(at, at + chunk))
  return out
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function jsonBody(bytes: Uint8Array, limits: Limits): BodyResult {
  let text: string
  try {
    text = strict.decode(bytes)
  } catch {
    const excerpt = byteText(bytes.subarray(0, 80))
    return { kind: 'fault', fault: { rule: 'utf-8', why: 'JSON that is not UTF-8', text: excerpt } }
  }
  const result = readJson(text, limits)
  if (result.kind === 'fault') {
    return {
      kind: 'fault',
      fault: { rule: 'json', why: result.why, text: text.slice(Math.max(0, result.at - 40), result.at + 40) },
    }
  }
  return {
    kind: 'read',
    fields: jsonFields(result.value, 'body', ''),
    value: { kind: 'json', value: result.value },
  }
}

/** Every key and every leaf of a JSON value; `within` is the way to it. */
export function jsonFields(value: JsonValue, place: Field['place'], within: string): Field[] {
  const fields: Field[] = []
  collect(value, place, within, fields)
  return fields
}

function collect(value: JsonValue, place: Field['place'], name: string, fields: Field[]): void {
  if (typeof value === 'string') {
    fields.push({ place, name, part: 'value', text: value })
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, place, `${name}[${index}]`, fields)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      fields.push({ place, name, part: 'name', text: key })
      collect(item, place, name === '' ? key : `${name}.${key}`, fields)
    }
  }
}

function pairFields(pairs: readonly (readonly [string, string])[]): Field[] {
  return pairs.flatMap(([name, text]): Field[] => [
    { place: 'body', name, part: 'name', text: name },
    { place: 'body', name, part: 'value', text },
  ])
}

function multipartBody(raw: string, type: ContentType, limits: Limits): BodyResult {
  const result = readMultipart(raw, type.parameters.get('boundary') ?? '', limits)
  if (result.kind === 'fault') return result
  const pairs: (readonly [string, string])[] = []
  const fields: Field[] = []
  for (const part of result.parts) {
    const text = decodeUtf8(part.text) ?? part.text
    const name = decodeUtf8(part.name) ?? part.name
    pairs.push([name, text])
    fields.push({ place: 'body', name, part: 'name', text: name })
    if (part.fileName !== null)
      fields.push({
        place: 'body',
        name,
        part: 'value',
        text: decodeUtf8(part.fileName) ?? part.fileName,
        kind: 'file-name',
      })
    fields.push({ place: 'body', name, part: 'value', text, kind: part.fileName === null ? 'text' : 'file' })
  }
  return counted(fields, limits, { kind: 'bytes' })
}

/** The whole document, for what is about documents, and every name, attribute and text in it. */
function xmlFields(text: string): Field[] {
  const fields: Field[] = [{ place: 'body', name: '', part: 'value', text, kind: 'file' }]
  for (const token of tokensOf(text)) {
    if (token.kind === 'text') {
      const inner = text.slice(token.at, token.end)
      if (inner.trim() !== '')
        fields.push({
          place: 'body',
          name: 'text',
          part: 'value',
          text: decodeEntities(inner, 'data').trim(),
        })
    } else if (token.kind === 'start') {
      for (const { name, value } of token.attributes) {
        fields.push({ place: 'body', name: `${token.name}/@${name}`, part: 'name', text: name })
        if (value !== null)
          fields.push({
            place: 'body',
            name: `${token.name}/@${name}`,
            part: 'value',
            text: decodeEntities(value, 'attribute'),
          })
      }
    } else if (token.kind === 'comment')
      fields.push({
        place: 'body',
        name: 'comment',
        part: 'value',
        text: token.text.replace(/^\[CDATA\[|\]\]$/g, ''),
      })
  }
  return fields
}

/** A text of no declared shape: what it looks like is what a lenient server may take it for. */
function textFields(text: string): Field[] {
  const begin = text.trimStart()
  const fields: Field[] = [{ place: 'body', name: '', part: 'value', text }]
  if (begin.startsWith('{') || begin.startsWith('[')) {
    const result = readJson(text, { depth: 64, fields: 10_000 })
    if (result.kind === 'value') return jsonFields(result.value, 'body', '')
  }
  if (/^[\w.[\]$%-]{1,64}=/.test(begin)) return [...fields, ...pairFields(pairsOf(begin))]
  return fields
}
