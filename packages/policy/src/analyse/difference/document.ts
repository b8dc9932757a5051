/**
 * What changed in a policy as it is written: rules, devices, networks, lists and their entries, by name. What that means
 * for packets is not here (`meaning.ts`). Neither the order in which things are written nor where is a change.
 */
import type { Origin } from '../../model/diagnostic.ts'
import type { EndpointDocument, PolicyDocument, RuleDocument } from '../../model/policy.ts'

export type ChangedKind =
  | 'policy'
  | 'network'
  | 'profile'
  | 'rule'
  | 'forward'
  | 'device'
  | 'list'
  | 'entry'
  | 'quarantine'
  | 'api'
  | 'test'

/** One property of a part that is written differently; null where it is not written at all. */
export interface PropertyChange {
  readonly name: string
  readonly before: string | null
  readonly after: string | null
}

export interface DocumentChange {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly of: ChangedKind
  /** `seismometer/readings`, `vent-01`, `known-botnets 198.51.100.7`. */
  readonly name: string
  /** What changed; empty unless `kind` is `changed`. */
  readonly properties: readonly PropertyChange[]
  readonly before: Origin | null
  readonly after: Origin | null
}

/** Every part that is in one document and not the other, or written differently, in the order of its kind and name. */
export function compareDocuments(before: PolicyDocument, after: PolicyDocument): readonly DocumentChange[] {
  const [old, young] = [partsIn(before), partsIn(after)]
  const keys = [...new Set([...old.keys(), ...young.keys()])]
  const changes = keys.flatMap((key) => changeOf(old.get(key) ?? null, young.get(key) ?? null))
  return changes.sort((a, b) => kinds.indexOf(a.of) - kinds.indexOf(b.of) || (a.name < b.name ? -1 : 1))
}

const kinds: readonly ChangedKind[] = [
  'policy',
  'network',
  'profile',
  'rule',
  'forward',
  'quarantine',
  'device',
  'list',
  'entry',
  'api',
  'test',
]

interface Part {
  readonly of: ChangedKind
  readonly name: string
  readonly fields: ReadonlyMap<string, string>
  readonly origin: Origin | null
}

function changeOf(before: Part | null, after: Part | null): readonly DocumentChange[] {
  const part = after ?? before
  if (part === null) return []
  const properties = before === null || after === null ? [] : changedFields(before.fields, after.fields)
  const kind = before === null ? 'added' : after === null ? 'removed' : 'changed'
  if (kind === 'changed' && properties.length === 0) return []
  const places = { before: before?.origin ?? null, after: after?.origin ?? null }
  return [{ kind, of: part.of, name: part.name, properties, ...places }]
}

function changedFields(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly PropertyChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((name) => {
    const change = { name, before: before.get(name) ?? null, after: after.get(name) ?? null }
    return change.before === change.after ? [] : [change]
  })
}

/** Every part by kind and name. */
function partsIn(document: PolicyDocument): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>()
  const add = (of: ChangedKind, name: string, written: object, inner: readonly string[] = []): void => {
    const origin = 'origin' in written ? ((written.origin as Origin | null) ?? null) : null
    parts.set(`${of} ${name}`, { of, name, fields: fieldsOf(written, inner), origin })
  }
  const addRules = (rules: Readonly<Record<string, RuleDocument>>, prefix: string): void => {
    for (const [key, rule] of Object.entries(rules)) add('rule', `${prefix}${key}`, rule)
  }
  const { networks, profiles, lists, devices, rules, forwards, quarantine, apis, tests, ...head } = document
  add('policy', document.name, head, ['name'])
  for (const [name, one] of Object.entries(networks)) add('network', name, one)
  for (const [name, one] of Object.entries(profiles)) {
    add('profile', name, one, ['rules'])
    addRules(one.rules, `${name}/`)
  }
  for (const [name, one] of Object.entries(devices)) {
    add('device', name, one, ['rules'])
    addRules(one.rules, `${name}/`)
  }
  addRules(rules, '')
  for (const [name, one] of Object.entries(forwards ?? {})) add('forward', name, one)
  for (const [name, one] of Object.entries(quarantine)) add('quarantine', name, one)
  for (const [name, one] of Object.entries(lists)) {
    add('list', name, one, ['entries'])
    for (const [text, entry] of Object.entries(one.entries)) add('entry', `${name} ${text}`, entry)
  }
  for (const [name, one] of Object.entries(apis)) add('api', name, one)
  const named = new Map<string, number>()
  for (const one of tests) {
    const times = (named.get(one.name) ?? 0) + 1
    named.set(one.name, times)
    add('test', times === 1 ? one.name : `${one.name} (${times})`, one, ['name'])
  }
  return parts
}

function fieldsOf(written: object, inner: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(written)) {
    if (name === 'origin' || inner.includes(name)) continue
    const text = textOf(name, value)
    if (text !== '') fields.set(name, text)
  }
  return fields
}

const ENDS: ReadonlySet<string> = new Set(['who', 'peer', 'from', 'to'])

/** Lists of a policy are sets: their order says nothing. */
function textOf(name: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value === 'string') return value
  if (ENDS.has(name) && Array.isArray(value))
    return (value as readonly EndpointDocument[]).map(endText).sort().join(', ')
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return [...value].sort().join(', ')
  const text = canonical(value)
  return text === '{}' || text === '[]' ? '' : text
}

/** An end of a rule, as people write it. */
function endText(end: EndpointDocument): string {
  switch (end.kind) {
    case 'any':
    case 'gateway':
      return end.kind
    case 'text':
      return end.text
    case 'network':
    case 'device':
    case 'profile':
    case 'list':
    case 'name':
      return `${end.kind} ${end.name}`
    case 'label':
      return Object.entries(end.labels)
        .map(([key, value]) => `label ${key}=${value}`)
        .sort()
        .join(' ')
    case 'except':
      return `${end.of.map(endText).sort().join(', ')} except ${end.except.map(endText).sort().join(', ')}`
    default:
      return end satisfies never
  }
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  const parts = entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => `${key}: ${canonical(one)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}
