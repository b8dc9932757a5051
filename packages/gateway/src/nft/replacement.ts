/**
 * How one rule set takes another's place without losing a packet of an open flow.
 *
 * An artifact deletes its tables and writes them anew, in one transaction. A packet that is inside the old chains at
 * that instant finds the old sets empty and is dropped: about one packet each time on a busy router. So where a table
 * is there already it stays, its rules are exchanged, and the sets that open flows are looked up in stay too, with new
 * elements. All other sets and maps are made anew even so: ranks and classes are numbered afresh by every compilation,
 * and no packet may be judged by the rules of one and the numbers of another. What finds nothing is dropped.
 *
 * A table that stays keeps its comment, so the digest stands beside it: as the name of an empty chain.
 */
import { TABLE } from '@thingwall/policy/nftables'

/** Names in the kernel by table, `inet chain forward` and so on, as an observation has them. */
export type Present = Iterable<string>

const FAMILIES = ['inet', 'arp'] as const
/** Sets whose elements mean the same in every compilation: rule numbers, and who has which address. */
const KEPT = /^(?:live|claimed|(?:bound|sender|link|target)\/.*)$/
const MARKER = 'digest/'

/**
 * The artifact's text as a change of what is present; null where a table is not there to be changed. `live` is the
 * listing of the set of rule numbers in force: those that go are kept for a moment, for packets on their way.
 */
export function asChange(text: string, digest: string, present: Present, live: string): string | null {
  const objects = [...present].map((key) => {
    const [family = '', kind = '', ...name] = key.split(' ')
    return { family, kind, name: name.join(' ') }
  })
  if (!FAMILIES.every((family) => objects.some((one) => one.family === family))) return null
  const markers = FAMILIES.map((family) => `add chain ${family} ${TABLE} ${MARKER}${digest}\n`)
  const parting = partingNumbers(text, live)
  return FAMILIES.reduce((changed, family) => {
    const own = objects.filter((one) => one.family === family)
    return changed.replace(`delete table ${family} ${TABLE}\n`, () =>
      clear(family, own, namesIn(text, family)),
    )
  }, text).concat('\n', ...markers, parting)
}

/**
 * A packet that is inside the old chains must find the number of its flow, or it is judged by maps that are gone. What
 * the new rules no longer let through goes on for these milliseconds, and is cut by its next packet after them.
 */
const PARTING_MS = 20

function partingNumbers(text: string, live: string): string {
  const wanted = new Set(numbersIn(/\tset live \{[^}]*?(?:\}\n\t\}|\n\t\})/.exec(text)?.[0] ?? ''))
  const parting = numbersIn(live).filter((number) => !wanted.has(number))
  if (parting.length === 0) return ''
  const elements = parting.map((number) => `${number} timeout ${PARTING_MS}ms`).join(', ')
  return `add element inet ${TABLE} live { ${elements} }\n`
}

function numbersIn(text: string): readonly string[] {
  return text.match(/\b0x[0-9a-f]{8}\b/g) ?? []
}

/** The digest that a table's marker says; undefined where it has none. */
export function digestOfMarker(names: Iterable<string>): string | undefined {
  for (const name of names)
    if (name.startsWith(`chain ${MARKER}`)) return name.slice(`chain ${MARKER}`.length)
  return undefined
}

function clear(
  family: string,
  own: readonly { readonly kind: string; readonly name: string }[],
  wanted: ReadonlySet<string>,
): string {
  const lines = [`flush table ${family} ${TABLE}`]
  const of = (...kinds: readonly string[]) => own.filter(({ kind }) => kinds.includes(kind))
  const say = (verb: string, kind: string, name: string): void => {
    lines.push(`${verb} ${kind} ${family} ${TABLE} ${name}`)
  }
  for (const { kind, name } of of('set', 'map')) {
    if (KEPT.test(name) && wanted.has(`${kind} ${name}`)) say('flush', kind, name)
    else say('delete', kind, name)
  }
  for (const { kind, name } of of('chain', 'counter')) {
    if (!wanted.has(`${kind} ${name}`)) say('delete', kind, name)
  }
  return `${lines.join('\n')}\n`
}

/** What the artifact declares in one table. */
function namesIn(text: string, family: string): ReadonlySet<string> {
  const from = text.indexOf(`\ntable ${family} ${TABLE} {\n`)
  const body = text.slice(from, text.indexOf('\n}\n', from))
  return new Set(
    [...body.matchAll(/^\t((?:set|map|chain|counter) \S+) \{$/gm)].map((match) => match[1] as string),
  )
}
