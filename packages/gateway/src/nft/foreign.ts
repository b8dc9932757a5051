/**
 * Base chains of other programs that may drop what we let in: at one hook every base chain must accept, so a drop of
 * theirs wins over an accept of ours. They are shown and never touched.
 */
import { TABLE } from '@thingwall/policy/nftables'
import type { NftObject } from './program.ts'

export interface ForeignChain {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly hook: string
  readonly priority: number
  /** `policy`: drops what no rule of it accepts. `rules`: some rule, here or in a chain it calls, drops or rejects. */
  readonly drops: 'policy' | 'rules'
}

/** Finds them in nft's JSON listing of the whole machine. */
export function foreignDrops(objects: readonly NftObject[]): readonly ForeignChain[] {
  const rules = new Map<string, unknown[]>()
  for (const { rule } of objects) {
    if (rule === undefined) continue
    const key = keyOf(rule, rule.chain)
    rules.set(key, [...(rules.get(key) ?? []), rule.expr])
  }
  return objects.flatMap(({ chain }) => {
    if (chain === undefined || chain.hook === undefined || chain.table === TABLE) return []
    const drops = chain.policy === 'drop' ? 'policy' : mayDrop(chain, rules) ? 'rules' : null
    if (drops === null) return []
    const { family, table, name, hook, prio } = chain as Record<string, unknown>
    return [
      {
        family: String(family),
        table: String(table),
        chain: String(name),
        hook: String(hook),
        priority: Number(prio),
        drops,
      },
    ]
  })
}

/** Follows jumps within the table. Verdicts out of a named map are not in a terse listing: they may be anything. */
function mayDrop(chain: Readonly<Record<string, unknown>>, rules: ReadonlyMap<string, unknown[]>): boolean {
  const seen = new Set<string>()
  const open = [keyOf(chain, chain.name)]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (seen.has(key)) continue
    seen.add(key)
    for (const { word, value } of (rules.get(key) ?? []).flatMap(wordsOf)) {
      if (word === 'drop' || word === 'reject') return true
      if (word === 'xt' && isRecord(value) && ['DROP', 'REJECT'].includes(String(value.name))) return true
      if (word === 'vmap' && isRecord(value) && typeof value.data === 'string') return true
      if ((word === 'jump' || word === 'goto') && isRecord(value)) open.push(keyOf(chain, value.target))
    }
  }
  return false
}

function keyOf(one: Readonly<Record<string, unknown>>, chain: unknown): string {
  return JSON.stringify([one.family, one.table, chain])
}

/** Every property of an expression, at any depth. */
function wordsOf(value: unknown): readonly { readonly word: string; readonly value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap(wordsOf)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([word, inner]) => [{ word, value: inner }, ...wordsOf(inner)])
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
