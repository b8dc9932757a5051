/**
 * What a generation looks like in the kernel, as digests: taken right after a load and again whenever somebody asks, so
 * that a change by anyone else shows, with the name of the chain or set it happened in. Names are as they were compiled,
 * so that the same rule set under another letter looks the same.
 *
 * Rules, chains, maps and sets are always covered. Elements are covered in full where there are few; beyond that only
 * the small sets are, because listing half a million elements takes longer than loading them.
 */
import { createHash } from 'node:crypto'
import { type Generation, nameIn, rootIn, splitName, TABLE } from '@thingwall/policy/nftables'
import { type CompiledSet, compiledSets } from './compiled-text.ts'
import { lastingElements, parseDump } from './dump.ts'
import type { Nft } from './program.ts'
import { FAMILIES, isMarker, type Standing, TAKEN, TRIAL } from './standing.ts'

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

/** Up to so many elements in all, every set is covered. */
const FEW_ELEMENTS = 5000
/** Beyond, only sets of at most this many. */
const SMALL_SET = 500
const MOST_SETS = 100

/** What to cover for an artifact: decided from its text, once, so that later looks compare like with like. */
export function coverageOf(text: string): Coverage {
  const sizes = new Map<string, number>()
  for (const set of compiledSets(text)) sizes.set(set.place, elementsIn(text, set))
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (total <= FEW_ELEMENTS) return 'all'
  const small = [...sizes].filter(([, size]) => size > 0 && size <= SMALL_SET).map(([name]) => name)
  return small.slice(0, MOST_SETS)
}

/** How many elements a set has. Beyond a few more is not counted: there may be half a million. */
function elementsIn(text: string, { from, end }: CompiledSet): number {
  let count = 0
  for (let at = text.indexOf(ELEMENT, from); at !== -1 && at < end; at = text.indexOf(ELEMENT, at + 1)) {
    count += 1
    if (count > FEW_ELEMENTS) break
  }
  return count
}

const ELEMENT = '\n\t\t\t'

/** Looks at a generation as it is now. */
export async function observe(
  nft: Nft,
  standing: Standing,
  generation: Generation,
  coverage: Coverage,
): Promise<Observation> {
  const objects: Record<string, string> = {}
  for (const [key, body] of standing.objects) {
    const [family = '', kind = '', full = ''] = key.split(' ')
    const [hook, isBase] = [body.split('\n')[0] ?? '', kind === 'chain' && /^\s*type /.test(body)]
    const [of, name] = splitName(full)
    if (isBase) {
      // What it says is everybody's; that it is there, and where it hooks in, is this generation's.
      if (standing.objects.has(`${family} chain ${rootIn(generation, name)}`))
        objects[`${family} chain ${name}`] = shortDigest(hook)
    } else if (
      of === generation &&
      REMARKABLE.has(kind) &&
      !isMarker(name) &&
      name !== TRIAL &&
      name !== TAKEN
    )
      objects[`${family} ${kind} ${name}`] = shortDigest(asCompiled(body, generation))
  }
  return { nft: nft.version, objects, elements: await elementsOf(nft, standing, generation, coverage) }
}

const REMARKABLE: ReadonlySet<string> = new Set(['chain', 'set', 'map', 'counter'])

/** A body of nft's listing with names as they were compiled. */
function asCompiled(body: string, generation: Generation): string {
  return generation === '' ? body : body.replaceAll(new RegExp(`(?<=[\\s@"])${generation}/`, 'g'), '')
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

async function elementsOf(
  nft: Nft,
  { objects }: Standing,
  generation: Generation,
  coverage: Coverage,
): Promise<Observation['elements']> {
  const elements: Record<string, string> = {}
  const add = (family: string, dump: string): void => {
    for (const [key, body] of parseDump(dump).get(`${family} ${TABLE}`)?.objects ?? []) {
      const [kind = '', full = ''] = key.split(' ')
      const [of, name] = splitName(full)
      if (of !== generation || (kind !== 'set' && kind !== 'map')) continue
      const lasting = lastingElements(asCompiled(body, generation))
      if (lasting !== null) elements[`${family} ${name}`] = shortDigest(lasting.join())
    }
  }
  if (coverage === 'all') {
    for (const family of FAMILIES) add(family, await nft.table(family, TABLE))
    return elements
  }
  const filler = await nft.filler()
  try {
    const { set } = filler ?? nft
    for (const key of coverage) {
      const [family = '', compiled = ''] = key.split(' ')
      const name = nameIn(generation, compiled)
      add(family, await set(objects.has(`${family} map ${name}`) ? 'map' : 'set', family, TABLE, name))
    }
  } finally {
    filler?.close()
  }
  return elements
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
