/**
 * One declared value: what it may be, read once into a judge of texts. What is declared has almost no false positives, which
 * is why it comes before any detector. It deliberately converts nothing and knows no place in a request.
 */
import { viewsOf } from '../decode/views.ts'
import type { ApiValue, TextFormat } from './api.ts'
import { formats } from './formats.ts'
import { readPattern, type TestPattern } from './pattern/pattern.ts'
import {
  countAt,
  flagAt,
  numberAt,
  objectAt,
  type Reading,
  refuse,
  textAt,
  under,
  wordAt,
} from './reading.ts'

/** What a text is that it was declared not to be. `rule` is the word of the declaration. */
export interface ValueFault {
  readonly rule: string
  readonly why: string
  /** Where it shows only once the text is decoded. */
  readonly decoded?: { readonly text: string; readonly at: number; readonly layers: readonly string[] }
}

/** The first thing the text is that it was declared not to be, or null. */
export type JudgeText = (text: string) => ValueFault | null

export interface DeclaredValue {
  readonly required: boolean
  readonly minItems: number
  readonly maxItems: number
  readonly separator: string | null
  readonly judge: JudgeText
  /** It comes as a file, and what else is said is said of its name. */
  readonly isFile: boolean
  /** Whether a long text may be judged in pieces that overlap: nothing is said that only shows in all of it. */
  readonly inPieces: boolean
}

const properties: ReadonlySet<string> = new Set([
  'why',
  'type',
  'format',
  'required',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'enum',
  'pattern',
  'disallowTags',
  'maxItems',
  'minItems',
  'separator',
] satisfies (keyof ApiValue)[])

const formatNames = Object.keys(formats) as TextFormat[]

/** Reads a declaration; null where it is none, with the faults told. A file is one only among fields. */
export function readValue(at: Reading, given: unknown): DeclaredValue | null {
  const from = objectAt(at, given, properties, 'a value, { type, maxLength, … }')
  if (from === null) return null
  textAt(at, from, 'why')
  const separator = wordAt(at, from, 'separator', [',', '|', ' ']) ?? null
  const required = flagAt(at, from, 'required') ?? false
  const minItems = countAt(at, from, 'minItems') ?? 1
  const maxItems = countAt(at, from, 'maxItems') ?? (separator === null ? Math.max(1, minItems) : 100)
  if (maxItems < minItems || maxItems < 1)
    refuse(at, 'contradiction', '`maxItems` is less than `minItems`', 'nothing could be both')
  const inPieces = Object.keys(from).every(
    (key) => key === 'disallowTags' || key === 'why' || key === 'required',
  )
  return {
    required,
    minItems,
    maxItems,
    separator,
    isFile: from.type === 'file',
    judge: judgeOf(at, from),
    inPieces,
  }
}

function judgeOf(at: Reading, from: Readonly<Record<string, unknown>>): JudgeText {
  const type = wordAt(at, from, 'type', ['string', 'integer', 'number', 'boolean', 'file']) ?? 'string'
  const format = wordAt(at, from, 'format', formatNames)
  const minLength = countAt(at, from, 'minLength')
  const maxLength = countAt(at, from, 'maxLength')
  const minimum = numberAt(at, from, 'minimum')
  const maximum = numberAt(at, from, 'maximum')
  const allowed = enumAt(at, from)
  const pattern = patternAt(at, from)
  const disallowTags = flagAt(at, from, 'disallowTags') ?? false
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength)
    refuse(at, 'contradiction', '`minLength` is more than `maxLength`', 'no text could be both')
  if (minimum !== undefined && maximum !== undefined && minimum > maximum)
    refuse(at, 'contradiction', '`minimum` is more than `maximum`', 'no number could be both')
  const isText = type === 'string' || type === 'file'
  if (isText && (minimum !== undefined || maximum !== undefined))
    refuse(at, 'contradiction', 'a range of what is no number', "say type: 'integer' or type: 'number'")
  if (!isText && (format !== undefined || disallowTags))
    refuse(at, 'contradiction', '`format` and `disallowTags` are for texts', 'leave out `type`')

  const judges: JudgeText[] = []
  if (minLength !== undefined || maxLength !== undefined) judges.push(lengthJudge(minLength, maxLength))
  if (type !== 'string' && type !== 'file') judges.push((text) => typeFault(text, type))
  if (minimum !== undefined || maximum !== undefined) judges.push(rangeJudge(minimum, maximum))
  if (allowed !== undefined)
    judges.push((text) =>
      allowed.has(text) ? null : { rule: 'enum', why: 'not one of the values declared' },
    )
  if (format !== undefined) {
    const holds = formats[format]
    judges.push((text) => (holds(text) ? null : { rule: 'format', why: `not of the format ${format}` }))
  }
  if (pattern !== undefined) judges.push(patternJudge(pattern))
  if (disallowTags) judges.push(judgeTags)
  return (text) => {
    for (const judge of judges) {
      const fault = judge(text)
      if (fault !== null) return fault
    }
    return null
  }
}

function enumAt(at: Reading, from: Readonly<Record<string, unknown>>): ReadonlySet<string> | undefined {
  const given = from.enum
  if (given === undefined) return undefined
  const isList = Array.isArray(given) && given.length > 0
  if (isList && given.every((one) => ['string', 'number', 'boolean'].includes(typeof one)))
    return new Set(given.map(String))
  under(at, 'enum', () =>
    refuse(at, 'shape', 'this is no list of values', "write them: enum: ['asc', 'desc']"),
  )
  return undefined
}

/** A pattern, made ready. */
export function patternAt(at: Reading, from: Readonly<Record<string, unknown>>): TestPattern | undefined {
  const source = textAt(at, from, 'pattern')
  if (source === undefined) return undefined
  const read = readPattern(source)
  if (typeof read === 'function') return read
  under(at, 'pattern', () => refuse(at, 'pattern', `this pattern is refused: ${read}`, patternHint, source))
  return undefined
}

export const patternHint = 'say it without, or with `format`, `enum` or lengths'

export function patternJudge(holds: TestPattern): JudgeText {
  return (text) => (holds(text) ? null : { rule: 'pattern', why: 'not of the pattern declared' })
}

/** A length in characters, counted only as far as the answer needs it. */
export function lengthJudge(minLength: number = 0, maxLength: number = Infinity): JudgeText {
  return (text) => {
    // A character has one or two units, so most answers need no counting.
    if (text.length <= maxLength && text.length >= minLength * 2) return null
    let length = 0
    for (const _ of text) if (++length > maxLength) break
    if (length > maxLength) return { rule: 'maxLength', why: `longer than ${maxLength} characters` }
    return length < minLength ? { rule: 'minLength', why: `shorter than ${minLength} characters` } : null
  }
}

function typeFault(text: string, type: 'integer' | 'number' | 'boolean'): ValueFault | null {
  switch (type) {
    case 'boolean':
      return text === 'true' || text === 'false' ? null : { rule: 'type', why: 'neither true nor false' }
    case 'integer':
      return /^-?(?:0|[1-9][0-9]{0,15})$/.test(text) ? null : { rule: 'type', why: 'not an integer' }
    case 'number':
      return /^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/.test(text)
        ? null
        : { rule: 'type', why: 'not a number' }
    default:
      return type satisfies never
  }
}

function rangeJudge(minimum = Number.NEGATIVE_INFINITY, maximum = Infinity): JudgeText {
  return (text) => {
    const number = Number(text)
    if (!(number >= minimum)) return { rule: 'minimum', why: `less than ${minimum}` }
    return number <= maximum ? null : { rule: 'maximum', why: `more than ${maximum}` }
  }
}

const tag = /<(?:[a-zA-Z!/?]|$)/

/** Whether any way to read the text has in it what HTML takes for the beginning of a tag. */
export function judgeTags(text: string): ValueFault | null {
  for (const view of viewsOf(text)) {
    const at = view.text.search(tag)
    if (at >= 0)
      return {
        rule: 'disallowTags',
        why: 'it begins a tag',
        decoded: { text: view.text, at, layers: view.layers },
      }
  }
  return null
}
