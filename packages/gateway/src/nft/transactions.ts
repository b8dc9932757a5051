/**
 * What is loaded to change from one generation to another, as `nft -f` reads it. Each text is one transaction.
 *
 * A generation comes in two of them: first it is put beside what is there, where no packet meets it, then packets are led
 * to it. In one, they would meet it while it is not whole yet: the kernel switches rules first, and sets of intervals
 * answer a moment later. What comes from outside is then refused, and what a list denies is let through. Between the two
 * large sets are filled (docs/decisions/0032). The old generation is never touched in the transaction that puts the new one
 * in its place: a packet that is inside its chains at that instant goes on with all the sets they look at. It is taken out
 * a moment later, by `withoutRest`.
 */
import {
  type Generation,
  type GenerationTable,
  inGeneration,
  nameIn,
  rootIn,
  splitName,
  TABLE,
} from '@thingwall/policy/nftables'
import { compiledSets } from './compiled-text.ts'
import { type Filling, writeFilling } from './program.ts'
import { FAMILIES, markerOf, type Standing, TAKEN, type TableFamily, TIMER, TRIAL } from './standing.ts'

/** A compiled rule set on its way into the kernel. */
export interface Coming {
  readonly generation: Generation
  readonly tables: readonly GenerationTable[]
  readonly digest: string
  /** Number of its application. */
  readonly sequence: number
}

/** Prepares a compiled text to stand beside what is in the kernel. */
export function comingOf(text: string, digest: string, sequence: number, standing: Standing): Coming {
  const generation = freeGeneration(standing)
  return { generation, tables: inGeneration(text, generation), digest, sequence }
}

/** The sets and maps of a compiled text, `inet class/4`. */
export function setsOf(text: string): ReadonlySet<string> {
  return new Set(Array.from(compiledSets(text), ({ place }) => place))
}

/** The first letter that nothing in the kernel goes by. */
function freeGeneration({ residents }: Standing): Generation {
  const taken = new Set(residents.map(({ generation }) => generation))
  const letter = [...'abcdefghijklmnopqrstuvwxyz'].find((one) => !taken.has(one))
  if (letter === undefined) throw new Error('every generation is taken')
  return letter
}

/** To be loaded one after the other. Before the second no packet meets anything new; `fillingsOf` belong between them. */
export type Steps = readonly [beside: string, inPlace: string]

/** Puts a generation beside what stands, and packets through it until its timer ends. Then what stands is met again. */
export function trialOf(coming: Coming, standing: Standing, withinMs: number): Steps {
  const inPlace = [
    ...hooks(coming, standing),
    ...doors(standing, { trial: coming.generation, settled: standing.settled?.generation ?? null }, coming),
    ...FAMILIES.flatMap((family) => [
      `flush set ${family} ${TABLE} ${TRIAL}`,
      `add element ${family} ${TABLE} ${TRIAL} { ${TIMER[family].value} timeout ${withinMs}ms }`,
    ]),
    '',
  ]
  return [beside(coming), inPlace.join('\n')]
}

/** Puts a generation in the place of what stands and of any trial. */
export function replacementBy(coming: Coming, standing: Standing): Steps {
  const put = { trial: null, settled: coming.generation }
  return [beside(coming), [...hooks(coming, standing), ...doors(standing, put, coming), ''].join('\n')]
}

/**
 * Ends a trial for good: its generation stands now. Loads only while the timer runs, because the kernel does not let
 * anybody delete an element that has timed out.
 */
export function confirmationOf(standing: Standing): string {
  const put = { trial: null, settled: standing.trial?.generation ?? null }
  return [
    `delete element inet ${TABLE} ${TRIAL} { ${TIMER.inet.value} }`,
    `flush set arp ${TABLE} ${TRIAL}`,
    ...doors(standing, put, null),
    '',
  ].join('\n')
}

/** Ends a trial at once: packets meet what stood before it, and nothing where nothing did. */
export function abandonmentOf(standing: Standing): string {
  const timers = standing.families
    .filter((family) => standing.objects.has(`${family} set ${TRIAL}`))
    .map((family) => `flush set ${family} ${TABLE} ${TRIAL}`)
  const put = { trial: null, settled: standing.settled?.generation ?? null }
  return [...timers, ...doors(standing, put, null), ''].join('\n')
}

/**
 * Takes out all that no packet can meet any more: generations that neither stand nor are on trial, and the timer where
 * nothing is. Null where there is nothing to take out. Only where no base chain asks for a trial that is over.
 */
export function withoutRest(standing: Standing): string | null {
  const trial = standing.trial !== null && standing.trial.leftMs !== null ? standing.trial : null
  const kept = [standing.settled, trial].flatMap((one) => (one === null ? [] : [one.generation]))
  if (kept.length === 0)
    return standing.families.map((family) => `delete table ${family} ${TABLE}\n`).join('') || null
  const gone = [...standing.objects].flatMap(([key, body]) => {
    const [family = '', kind = '', name = ''] = key.split(' ')
    const isBase = kind === 'chain' && /^\s*type /.test(body)
    const isTimer = kind === 'set' && name === TRIAL
    const isKept = isBase ? true : isTimer ? trial !== null : kept.includes(splitName(name)[0])
    return isKept || !REMOVABLE.has(kind) ? [] : [{ family, kind, name }]
  })
  if (gone.length === 0) return null
  const chains = gone.filter(({ kind }) => kind === 'chain')
  const order = ['map', 'set', 'chain', 'counter']
  const sorted = gone.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
  return [
    ...chains.map(({ family, name }) => `flush chain ${family} ${TABLE} ${name}`),
    ...sorted.map(({ family, kind, name }) => `delete ${kind} ${family} ${TABLE} ${name}`),
    '',
  ].join('\n')
}

const REMOVABLE: ReadonlySet<string> = new Set(['map', 'set', 'chain', 'counter'])

/**
 * Both tables made anew with one generation in them, in one transaction: where the kernel will not change what is there.
 * The one change in which a packet may meet a set that does not answer yet.
 */
export function anew(coming: Coming, standing: Standing): string {
  const deleted = FAMILIES.map((family) => `table ${family} ${TABLE}\ndelete table ${family} ${TABLE}\n`)
  const nothing: Standing = {
    ...standing,
    residents: [],
    settled: null,
    trial: null,
    halted: null,
    odd: [],
    objects: new Map(),
    families: [],
  }
  const [beside, inPlace] = replacementBy(coming, nothing)
  return [...deleted, beside, ...fillingsOf(coming).map(writeFilling), inPlace].join('')
}

/** What the large sets of a generation hold, which is loaded when they are there. */
export function fillingsOf({ generation, tables, digest, sequence }: Coming): readonly Filling[] {
  const marker = nameIn(generation, markerOf(digest, sequence))
  return tables.flatMap(({ family, large }) =>
    large.map(({ name, elements }) => ({ family, table: TABLE, set: name, elements, marker })),
  )
}

function beside(coming: Coming): string {
  const lines: string[] = []
  for (const table of coming.tables) {
    const family = table.family as TableFamily
    const chain = (name: string): string => `chain ${family} ${TABLE} ${nameIn(coming.generation, name)}`
    // Fails where somebody else has taken the letter meanwhile: two generations must not become one.
    lines.push(`add table ${family} ${TABLE}`, `create ${chain(TAKEN)}`)
    lines.push(`table ${family} ${TABLE} {`, table.text, '}')
    lines.push(`add ${chain(markerOf(coming.digest, coming.sequence))}`)
  }
  return `${lines.join('\n')}\n`
}

/** The base chains that are not there yet. */
function hooks(coming: Coming, standing: Standing): readonly string[] {
  const lines: string[] = []
  for (const table of coming.tables) {
    const family = table.family as TableFamily
    for (const { name, hook } of table.base) {
      if (standing.objects.has(`${family} chain ${name}`)) continue
      // A hook is in force before its rules are: until the whole is, it lets everything pass, as without it.
      lines.push(`add chain ${family} ${TABLE} ${name} { ${hook.replace('policy drop', 'policy accept')} }`)
      if (hook.includes('policy drop')) lines.push(`add chain ${family} ${TABLE} ${name} { policy drop; }`)
    }
  }
  return lines
}

interface Doors {
  readonly trial: Generation | null
  readonly settled: Generation | null
}

/** Rewrites every base chain, those about to come among them. */
function doors(standing: Standing, put: Doors, coming: Coming | null): readonly string[] {
  return FAMILIES.flatMap((family) => {
    const added = coming?.tables.find((table) => table.family === family)
    const lines = baseChains(standing, family, added).flatMap((base) => {
      const goesTo = (generation: Generation | null): string | null =>
        generation !== null && hasRoot(standing, family, base, generation, coming, added)
          ? `goto ${rootIn(generation, base)}`
          : null
      const chain = `${family} ${TABLE} ${base}`
      const settled = goesTo(put.settled)
      const trial = goesTo(put.trial)
      // No generation has a use for this hook any more.
      if (put.settled !== null && settled === null && put.trial === null)
        return [`flush chain ${chain}`, `delete chain ${chain}`]
      return [
        `flush chain ${chain}`,
        ...(put.trial === null
          ? []
          : [`add rule ${chain} ${TIMER[family].key} @${TRIAL} ${trial ?? 'accept'}`]),
        `add rule ${chain} ${settled ?? 'accept'}`,
      ]
    })
    const timer = `add set ${family} ${TABLE} ${TRIAL} { type ${TIMER[family].type}; flags timeout; }`
    return put.trial === null ? lines : [timer, ...lines]
  })
}

function baseChains(
  { objects }: Standing,
  family: TableFamily,
  added: GenerationTable | undefined,
): readonly string[] {
  const there = [...objects].flatMap(([key, body]) =>
    key.startsWith(`${family} chain `) && /^\s*type /.test(body) ? [key.split(' ')[2] as string] : [],
  )
  return [...new Set([...there, ...(added?.base ?? []).map(({ name }) => name)])]
}

function hasRoot(
  { objects }: Standing,
  family: TableFamily,
  base: string,
  generation: Generation,
  coming: Coming | null,
  added: GenerationTable | undefined,
): boolean {
  if (generation === coming?.generation) return added?.base.some(({ name }) => name === base) ?? false
  return objects.has(`${family} chain ${rootIn(generation, base)}`)
}
