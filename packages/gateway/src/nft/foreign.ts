/**
 * What other programs' tables do to packets that we judge: base chains that may drop what we let in (at one hook every
 * base chain must accept, so a drop of theirs wins over an accept of ours), and rules that change where packets go. They
 * are shown and never touched.
 */
import { TABLE } from '@thingwall/policy/nftables'
import type { NftObject } from './program.ts'

export interface ForeignChain {
  readonly kind: 'drop'
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly hook: string
  readonly priority: number
  /** `policy`: drops what no rule of it accepts. `rules`: some rule, here or in a chain it calls, drops or rejects. */
  readonly drops: 'policy' | 'rules'
}

/** A chain with rules that change destinations. Nothing calls it, perhaps; then it will be called another day. */
export interface ForeignTranslation {
  readonly kind: 'translation'
  readonly family: string
  readonly table: string
  readonly chain: string
  /** `dnat to 172.17.0.2:80`, `redirect to 22`, as far as the listing tells; each once. */
  readonly does: readonly string[]
}

/** All of it. */
export function foreignIn(objects: readonly NftObject[]): readonly (ForeignChain | ForeignTranslation)[] {
  return [...foreignDrops(objects), ...foreignTranslations(objects)]
}

/** Finds rules that translate destinations. nft's JSON tells of iptables' rules only what they are called. */
export function foreignTranslations(objects: readonly NftObject[]): readonly ForeignTranslation[] {
  const found = new Map<
    string,
    { readonly rule: Readonly<Record<string, unknown>>; readonly does: Set<string> }
  >()
  for (const { rule } of objects) {
    if (rule === undefined || rule.table === TABLE) continue
    for (const { word, value } of wordsOf(rule.expr)) {
      const saying = translationIn(word, value)
      if (saying === null) continue
      const key = keyOf(rule, rule.chain)
      const known = found.get(key) ?? { rule, does: new Set() }
      found.set(key, known)
      known.does.add(saying)
    }
  }
  return [...found.values()].map(({ rule, does }) => ({
    kind: 'translation',
    family: String(rule.family),
    table: String(rule.table),
    chain: String(rule.chain),
    does: [...does],
  }))
}

function translationIn(word: string, value: unknown): string | null {
  if (word === 'xt') {
    const name = isRecord(value) ? String(value.name) : ''
    return ['DNAT', 'REDIRECT', 'NETMAP'].includes(name) ? name : null
  }
  if (word !== 'dnat' && word !== 'redirect') return null
  const { addr, port } = isRecord(value) ? value : {}
  const [host, service] = [addr, port].map((one) =>
    typeof one === 'string' || typeof one === 'number' ? String(one) : null,
  )
  const to = [host?.includes(':') ? `[${host}]` : host, service].filter((one) => typeof one === 'string')
  return to.length === 0 ? word : `${word} to ${to.join(':')}`
}

/** Finds chains that may drop in nft's JSON listing of the whole machine. */
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
        kind: 'drop',
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
