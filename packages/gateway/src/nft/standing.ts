/**
 * How generations stand in the kernel, read from its own listing: which one packets meet for good, which one is on
 * trial, and which are only left over. The base chains and the trial's timer say it; no record of ours is asked.
 */
import { type Generation, splitName, TABLE } from '@thingwall/policy/nftables'
import { type DumpedTable, parseDump } from './dump.ts'
import type { Nft } from './program.ts'

export const FAMILIES = ['inet', 'arp'] as const
export type TableFamily = (typeof FAMILIES)[number]

/** Name of the set whose element is a trial's timer. */
export const TRIAL = 'trial'
/**
 * What the timer is looked up by: the same for every packet of a table, so that one element is the timer of all of them.
 * NFPROTO_IPV4 is 2 and NFPROTO_IPV6 is 10: what they have in common is 2.
 */
export const TIMER: Readonly<
  Record<TableFamily, { readonly key: string; readonly type: string; readonly value: string }>
> = {
  inet: { key: 'meta nfproto & ipv4', type: 'nf_proto', value: 'ipv4' },
  arp: { key: 'meta protocol', type: 'ether_type', value: 'arp' },
}

/** The table of `closed.nft`, which the boot unit loads where it finds nothing else (docs/decisions/0021). */
export const CLOSED_TABLE = 'thingwall_closed'

/** The name of an empty chain that a generation is begun with. What is loaded from its text has none. */
export const TAKEN = 'taken'

/** The name of an empty chain that says whose generation it is. */
const MARKER = 'digest/'

export function markerOf(digest: string, sequence: number): string {
  return `${MARKER}${digest}/${sequence}`
}

/** Whether a name, as compiled, is a marker. */
export function isMarker(name: string): boolean {
  return name.startsWith(MARKER)
}

/** One generation in the kernel, and who it says it is. */
export interface Resident {
  readonly generation: Generation
  /** Null where its tables do not agree, or one is missing. */
  readonly digest: string | null
  /** Number of its application; null for one that was loaded by other means. */
  readonly sequence: number | null
}

export interface Standing {
  readonly residents: readonly Resident[]
  /** Met once no trial is running; null where that is nothing of ours, and everything passes. */
  readonly settled: Resident | null
  /**
   * Met while its timers run, one in each table. Once one of them has ended it is over, though its objects may be there
   * still, and with another program's help also the other timer.
   */
  readonly trial: (Resident & { readonly leftMs: number | null }) | null
  /** The table whose timer another program took away, while that of the other runs; usually null. */
  readonly halted: TableFamily | null
  /** Base chains that do not say what the others say, `inet forward`; there somebody else has been. */
  readonly odd: readonly string[]
  /** Every object of our tables, `inet chain a/forward` → its body. */
  readonly objects: ReadonlyMap<string, string>
  /** Families whose table is there. */
  readonly families: readonly TableFamily[]
  /** The wall that a restart puts up where it finds nothing that it could load. */
  readonly isClosed: boolean
}

/** Looks at our tables. */
export async function readStanding(nft: Nft): Promise<Standing> {
  const tables = parseDump(await nft.rules())
  const own = FAMILIES.flatMap((family) => {
    const table = tables.get(`${family} ${TABLE}`)
    return table === undefined ? [] : [{ family, table }]
  })
  const isTimed = own.some(({ table }) => table.objects.has(`set ${TRIAL}`))
  const left = async (family: TableFamily): Promise<number | null> =>
    isTimed ? leftIn(await nft.timer(family, TABLE, TRIAL)) : null
  // In this order: a timer that had ended by the first look and one that ran at the second did not end together.
  const arp = await left('arp')
  const timers: Timers = { arp, inet: await left('inet') }
  return { ...standingOf(own, timers), isClosed: tables.has(`inet ${CLOSED_TABLE}`) }
}

/** How long the timers of a trial run yet, in milliseconds; null for one that does not. */
export type Timers = Readonly<Record<TableFamily, number | null>>

/** They are set in one transaction and end together, but for how long it takes to look at both. */
const TOGETHER_MS = 2000

function haltedOf({ inet, arp }: Timers): TableFamily | null {
  if (inet !== null && inet > TOGETHER_MS && arp === null) return 'arp'
  if (arp !== null && arp > TOGETHER_MS && inet === null) return 'inet'
  return null
}

interface Own {
  readonly family: TableFamily
  readonly table: DumpedTable
}

export function standingOf(own: readonly Own[], timers: Timers): Standing {
  const objects = new Map<string, string>()
  for (const { family, table } of own)
    for (const [name, body] of table.objects) objects.set(`${family} ${name}`, body)
  const residents = residentsIn(own)
  const doors = [...objects].flatMap(([key, body]) => {
    if (!key.includes(' chain ')) return []
    const lines = body.split('\n').map((line) => line.trim())
    return lines[0]?.startsWith('type ') ? [{ key, ...doorOf(lines.slice(1)) }] : []
  })
  const inet = doors.filter(({ key }) => key.startsWith('inet '))
  const settled = mostOf(inet.flatMap((door) => (door.settled === null ? [] : [door.settled])))
  const trial = mostOf(inet.flatMap((door) => (door.trial === null ? [] : [door.trial])))
  const residentOf = (generation: Generation | null): Resident | null =>
    residents.find((one) => one.generation === generation) ?? null
  const onTrial = residentOf(trial)
  const halted = onTrial === null ? null : haltedOf(timers)
  const present = (generation: Generation, key: string): boolean => {
    const [family, , name] = key.split(' ') as [string, string, string]
    return objects.has(`${family} chain ${generation === '' ? '' : `${generation}/`}root/${name}`)
  }
  const odd = doors.flatMap((door) => {
    const wanted =
      settled !== null && present(settled, door.key)
        ? settled
        : settled === null || trial !== null
          ? 'accept'
          : null
    const tried = trial === null ? null : present(trial, door.key) ? trial : 'accept'
    const says = door.settled ?? (door.accepts ? 'accept' : null)
    const tries = door.trial ?? (door.triesAccept ? 'accept' : null)
    return door.isPlain && says === wanted && tries === tried ? [] : [door.key.replace(' chain ', ' ')]
  })
  return {
    residents,
    settled: residentOf(settled),
    trial: onTrial === null ? null : { ...onTrial, leftMs: halted === null ? timers.inet : null },
    halted,
    odd,
    objects,
    families: own.map(({ family }) => family),
    isClosed: false,
  }
}

interface Door {
  readonly settled: Generation | null
  readonly trial: Generation | null
  readonly accepts: boolean
  readonly triesAccept: boolean
  /** It holds nothing beside what we write. */
  readonly isPlain: boolean
}

const TO_ROOT = /^goto (?:([a-z])\/)?root\/\S+$/
const TRIES =
  /^meta (?:nfproto(?: & (?:ipv4|2|0x0*2)(?: ==)?)?|protocol) @trial (?:(accept)|goto (?:([a-z])\/)?root\/\S+)$/

/** What a base chain says: a trial first, then what stands. */
function doorOf(rules: readonly string[]): Door {
  const tries = rules.map((rule) => TRIES.exec(rule)).find((match) => match !== null) ?? null
  const stands = rules.map((rule) => TO_ROOT.exec(rule)).find((match) => match !== null) ?? null
  const rest = tries === null ? rules : rules.slice(1)
  return {
    settled: stands === null ? null : (stands[1] ?? ''),
    trial: tries === null || tries[1] !== undefined ? null : (tries[2] ?? ''),
    accepts: rest.length === 1 && rest[0] === 'accept',
    triesAccept: tries?.[1] !== undefined,
    isPlain:
      rest.length === 1 &&
      (rest[0] === 'accept' || TO_ROOT.test(rest[0] as string)) &&
      (tries === null || TRIES.test(rules[0] as string)),
  }
}

function residentsIn(own: readonly Own[]): readonly Resident[] {
  const generations = new Set<Generation>()
  const says = new Map<string, { readonly digest: string; readonly sequence: number | null }>()
  for (const { family, table } of own) {
    for (const key of table.objects.keys()) {
      const [kind = '', full = ''] = key.split(' ')
      const [generation, name] = splitName(full)
      if (generation !== '') generations.add(generation)
      else if (kind === 'chain' && name.startsWith('root/')) generations.add('')
      const marked = kind === 'chain' ? /^digest\/([0-9a-f]{32})\/(\d+)$/.exec(name) : null
      if (marked !== null)
        says.set(`${family} ${generation}`, { digest: marked[1] as string, sequence: Number(marked[2]) })
    }
    const digest = /^thingwall ([0-9a-f]{32})$/.exec(table.comment ?? '')?.[1]
    if (digest !== undefined && generations.has('')) says.set(`${family} `, { digest, sequence: null })
  }
  return [...generations].sort().map((generation) => {
    const [inet, arp] = FAMILIES.map((family) => says.get(`${family} ${generation}`))
    const agree = inet !== undefined && inet.digest === arp?.digest && inet.sequence === arp.sequence
    return { generation, digest: agree ? inet.digest : null, sequence: agree ? inet.sequence : null }
  })
}

function mostOf<T>(values: readonly T[]): T | null {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** How long the timer runs yet, from nft's listing of the set; null when it has ended. */
function leftIn(listing: string): number | null {
  const left = [...listing.matchAll(/expires ((?:\d+(?:ms|[dhms]))+)/g)].map(([, text = '']) =>
    [...text.matchAll(/(\d+)(ms|[dhms])/g)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit as string] as number),
      0,
    ),
  )
  return left.length === 0 ? null : Math.max(...left)
}
