/**
 * What our tables look like in the kernel, as digests: taken right after a load and again whenever somebody asks, so
 * that a change by anyone else shows, with the name of the chain or set it happened in.
 *
 * Rules, chains, maps and sets are always covered. Elements are covered in full where there are few; beyond that only
 * the small sets are, because listing half a million elements takes longer than loading them.
 */
import { createHash } from 'node:crypto'
import { TABLE } from '@thingwall/policy/nftables'
import { type DumpedTable, lastingElements, parseDump } from './dump.ts'
import type { Nft } from './program.ts'
import { digestOfMarker } from './replacement.ts'

export interface Observation {
  /** The nft that printed what was digested: another one may print the same rules otherwise. */
  readonly nft: string
  /** `inet chain forward` → digest of its rules. */
  readonly objects: Readonly<Record<string, string>>
  /** `inet live` → digest of its lasting elements. */
  readonly elements: Readonly<Record<string, string>>
}

/** Which sets have their elements looked at. */
export type Coverage = 'all' | readonly string[]

export interface Observed {
  /** The digest that the tables carry; null where a table is missing or they do not agree. */
  readonly digest: string | null
  readonly observation: Observation
}

const FAMILIES = ['inet', 'arp'] as const
/** Up to so many elements in all, every set is covered. */
const FEW_ELEMENTS = 5000
/** Beyond, only sets of at most this many. */
const SMALL_SET = 500
const MOST_SETS = 100

/** What to cover for an artifact: decided from its text, once, so that later looks compare like with like. */
export function coverageOf(text: string): Coverage {
  const sizes = new Map<string, number>()
  let family = ''
  let set = ''
  for (const line of text.split('\n')) {
    const table = /^table (\S+) \S+ \{$/.exec(line)
    const opened = /^\t(?:set|map) (\S+) \{$/.exec(line)
    if (table !== null) family = table[1] as string
    if (opened !== null) set = `${family} ${opened[1]}`
    if (opened !== null) sizes.set(set, 0)
    if (line === '\t}') set = ''
    if (set !== '' && line.startsWith('\t\t\t')) sizes.set(set, (sizes.get(set) ?? 0) + 1)
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (total <= FEW_ELEMENTS) return 'all'
  const small = [...sizes].filter(([, size]) => size > 0 && size <= SMALL_SET).map(([name]) => name)
  return small.slice(0, MOST_SETS)
}

/** Looks at our tables as they are now. */
export async function observe(nft: Nft, coverage: Coverage): Promise<Observed> {
  const tables = parseDump(await nft.rules())
  const ours = FAMILIES.map((family) => [family, tables.get(`${family} ${TABLE}`)] as const)
  const objects: Record<string, string> = {}
  for (const [family, table] of ours) {
    for (const [name, body] of table?.objects ?? []) objects[`${family} ${name}`] = shortDigest(body)
  }
  const digests = new Set(ours.map(([, table]) => digestIn(table)))
  const [digest = null] = digests.size === 1 ? digests : []
  const isThere = ours.some(([, table]) => table !== undefined)
  return {
    digest: digest ?? null,
    observation: { nft: nft.version, objects, elements: isThere ? await elementsOf(nft, coverage) : {} },
  }
}

/** What differs, in words: `chain inet forward was changed`. Empty when nothing does. */
export function differences(before: Observation, now: Observation): readonly string[] {
  const found: string[] = []
  const names = new Set([...Object.keys(before.objects), ...Object.keys(now.objects)])
  for (const key of names) {
    const [family, kind, ...name] = key.split(' ')
    const was = before.objects[key]
    const is = now.objects[key]
    if (was === is) continue
    const how = was === undefined ? 'was added' : is === undefined ? 'is gone' : 'was changed'
    found.push(`${kind} ${family} ${name.join(' ')} ${how}`)
  }
  for (const [key, was] of Object.entries(before.elements)) {
    if (now.elements[key] !== undefined && now.elements[key] !== was)
      found.push(`set ${key} has other elements`)
  }
  return found
}

async function elementsOf(nft: Nft, coverage: Coverage): Promise<Observation['elements']> {
  const elements: Record<string, string> = {}
  const add = (family: string, dump: string): void => {
    for (const [name, body] of parseDump(dump).get(`${family} ${TABLE}`)?.objects ?? []) {
      if (!/^(?:set|map) /.test(name)) continue
      const lasting = lastingElements(body)
      if (lasting !== null) elements[`${family} ${name.replace(/^\S+ /, '')}`] = shortDigest(lasting.join())
    }
  }
  if (coverage === 'all') for (const family of FAMILIES) add(family, await nft.table(family, TABLE))
  else {
    for (const key of coverage) {
      const [family = '', name = ''] = key.split(' ')
      add(family, await nft.set(family, TABLE, name))
    }
  }
  return elements
}

/** A table that was changed in place says it by a marker, one made anew by its comment. */
function digestIn(table: DumpedTable | undefined): string | null {
  const marked = digestOfMarker(table?.objects.keys() ?? [])
  if (marked !== undefined) return marked
  return /^thingwall ([0-9a-f]{32})$/.exec(table?.comment ?? '')?.[1] ?? null
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
