/**
 * Changes to the text of an overlay. What people wrote between the entries stays, comments included; what ended long
 * ago, and does nothing any more, is taken out.
 */
import { parseDate } from '@thingwall/policy'
import { type Document, isMap, isScalar, parseDocument } from 'yaml'

/** What is decided, and since when and by whom. */
export interface Entry {
  readonly why: string
  readonly owner?: string
  readonly ticket?: string
  readonly source: string
  readonly added: string
  readonly starts?: string
  readonly expires?: string
  readonly onExpiry?: 'lift'
}

export type Change =
  | { readonly kind: 'quarantine'; readonly device: string; readonly entry: Entry }
  | { readonly kind: 'release'; readonly device: string }
  | { readonly kind: 'allow'; readonly name: string; readonly rule: Readonly<Record<string, unknown>> }

const HEAD = ` What was decided in a hurry: thingwall quarantine, release and allow write here, and it is part of the policy
 beside it. What is to last belongs in the policy.`

/** Allows that ended longer ago than this are taken out. */
const KEPT_MS = 7 * 86_400_000

/** The text with the change made. `text` is null where there is no overlay yet. */
export function changed(text: string | null, change: Change, nowMs: number): string {
  const document: Document = parseDocument(text ?? '{}\n')
  if (text === null || document.contents === null) document.contents = document.createNode({})
  if (text === null) document.commentBefore = HEAD
  prune(document, nowMs)
  switch (change.kind) {
    case 'quarantine':
      document.setIn(['quarantine', change.device], document.createNode(change.entry))
      break
    case 'release':
      document.deleteIn(['quarantine', change.device])
      break
    case 'allow':
      document.setIn(['rules', change.name], document.createNode(change.rule))
      break
    default:
      return change satisfies never
  }
  for (const section of ['quarantine', 'rules']) {
    const map = document.get(section)
    if (isMap(map) && map.items.length === 0) document.delete(section)
  }
  if (isMap(document.contents)) document.contents.flow = false
  return document.toString({ lineWidth: 110 })
}

function prune(document: Document, nowMs: number): void {
  const rules = document.get('rules')
  if (!isMap(rules)) return
  for (const { key, value } of [...rules.items]) {
    const expires = isMap(value) ? value.get('expires') : undefined
    const end = typeof expires === 'string' ? parseDate(expires) : null
    const isAllow = isMap(value) && value.has('allow')
    if (isAllow && end !== null && end + KEPT_MS < nowMs) rules.delete(isScalar(key) ? key.value : key)
  }
}
