/**
 * Bindings as they come, into the journal and into every generation that packets meet or may meet: while a trial runs,
 * what stands before it gets them too, so going back loses none. Many that come at once are one transaction.
 *
 * The journal comes first. An application that reads it before a binding was written holds the lock, and the binding is
 * then added to what that application has put in force.
 */
import type { Ruleset } from '@thingwall/policy'
import { element, nameIn, type RunTimeElement, runTimeElements, TABLE } from '@thingwall/policy/nftables'
import type { Living, NftablesPoint } from '../enforce/nftables.ts'
import type { ElementChange } from '../privileged/element-changes.ts'
import type { BindingClock } from './clock.ts'
import { isSame } from './emission.ts'
import type { Fact } from './entry.ts'
import type { Outcome } from './facts.ts'
import type { FromFile } from './from-file.ts'
import type { Journal } from './journal.ts'

export interface Keeper {
  /** Binds for so long. Resolves when every packet meets it, or at once where nothing came of it. */
  readonly bind: (fact: Fact, forMs: number) => Promise<Outcome>
  /** Lets go; resolves when no packet meets it any more. */
  readonly release: (fact: Fact) => Promise<void>
  /** Puts everything into every generation again, as after a start. */
  readonly refresh: () => Promise<void>
}

export interface KeeperOptions {
  readonly journal: Journal
  readonly clock: BindingClock
  readonly point: Pick<NftablesPoint, 'generations' | 'exclusively'>
  readonly elements: (changes: readonly ElementChange[]) => Promise<void>
  /** What a generation is of; null where nobody knows, and then it gets nothing. */
  readonly madeOf: (living: Living) => Promise<MadeOf | null>
  /** A device claims what another has. */
  readonly conflict: (fact: Fact, outcome: Extract<Outcome, { readonly kind: 'taken' }>) => void
}

/** A rule set, and what a file said when it was applied. */
export interface MadeOf {
  readonly ruleset: Ruleset
  readonly file: FromFile
}

interface Change {
  readonly fact: Fact
  readonly lasts: boolean
}

export function openKeeper(options: KeeperOptions): Keeper {
  const { journal } = options
  const made: Made = new Map()
  let waiting: Change[] = []
  let work: Promise<void> | null = null

  /** One run at a time; whoever comes meanwhile is part of the next. */
  const settle = (): Promise<void> => {
    work ??= Promise.resolve().then(() =>
      inAll(options, made, (all) => {
        // Whoever comes from here on waits for the next.
        const changes = waiting
        waiting = []
        work = null
        return carryOut(options, all, changes)
      }),
    )
    const current = work
    current.catch(() => {
      if (work === current) work = null
    })
    return current
  }

  return {
    bind: async (fact, forMs) => {
      const outcome = journal.put(fact, forMs)
      switch (outcome.kind) {
        case 'taken':
          options.conflict(fact, outcome)
          return outcome
        case 'full':
          return outcome
        case 'kept':
          waiting.push(...outcome.evicted.map((one) => ({ fact: one, lasts: false })), { fact, lasts: true })
          await settle()
          return outcome
        default:
          return outcome satisfies never
      }
    },
    release: async (fact) => {
      if (!journal.drop(fact)) return
      waiting.push({ fact, lasts: false })
      await settle()
    },
    refresh: () =>
      inAll(options, made, async (all) => {
        for (const { living, made: of } of all) await put(options, living, [], allElements(options, of))
      }),
  }
}

interface Known {
  readonly living: Living
  readonly made: MadeOf
}

/** What generations are of, by `ofWhat`, as far as it was asked already. */
type Made = Map<string, MadeOf>

/**
 * Does some work with all generations that anybody knows, while nobody changes them. To read a policy takes its time, so
 * what a new one is of is asked without the lock; then it is looked once more which there are.
 */
async function inAll(
  { point, madeOf }: KeeperOptions,
  made: Made,
  work: (all: readonly Known[]) => Promise<void>,
): Promise<void> {
  const strange = new Set<string>()
  for (;;) {
    const unasked = await point.exclusively('the keeper of bindings', async () => {
      const all = await point.generations()
      const others = all.filter((one) => !made.has(ofWhat(one)) && !strange.has(ofWhat(one)))
      if (others.length > 0) return others
      const left = new Set(all.map(ofWhat))
      for (const key of made.keys()) if (!left.has(key)) made.delete(key)
      await work(
        all.flatMap((living) => {
          const known = made.get(ofWhat(living))
          return known === undefined ? [] : [{ living, made: known }]
        }),
      )
      return []
    })
    if (unasked.length === 0) return
    for (const one of unasked) {
      const known = await madeOf(one)
      if (known === null) strange.add(ofWhat(one))
      else made.set(ofWhat(one), known)
    }
  }
}

/** The same while a generation is of the same. */
function ofWhat({ sequence, digest }: Living): string {
  return `${sequence} ${digest}`
}

async function carryOut(
  options: KeeperOptions,
  all: readonly Known[],
  changes: readonly Change[],
): Promise<void> {
  for (const { living, made } of all) {
    const { ruleset } = made
    const gone = new Map<string, RunTimeElement>()
    const come = new Map<string, RunTimeElement>()
    for (const [device, facts] of Map.groupBy(changes, ({ fact }) => deviceOf(ruleset, fact))) {
      if (device === undefined) continue
      const compiled = ofFile(options, made, device)
      const after = elementsOf(options, made, device)
      const before = withFacts(options, made, device, facts)
      for (const [key, one] of before) if (!after.has(key)) gone.set(key, one)
      // What the rule set was compiled with is there, and was not made to last longer.
      for (const [key, one] of after)
        if (!isSame(one, compiled.get(key)) || !isSame(one, before.get(key))) come.set(key, one)
    }
    await put(options, living, [...gone.values()], come)
  }
}

function deviceOf(ruleset: Ruleset, fact: Fact): number | undefined {
  return fact.kind === 'lease' ? ruleset.links.get(fact.link) : ruleset.deviceByName.get(fact.device)
}

/** Of every device that was given or told anything at run time. */
function allElements(options: KeeperOptions, made: MadeOf): Map<string, RunTimeElement> {
  const found = new Map<string, RunTimeElement>()
  for (const device of made.ruleset.devices.keys()) {
    const learnt = options.journal.given(made.ruleset, device)
    if (learnt.addresses.length === 0 && learnt.names.size === 0) continue
    const compiled = ofFile(options, made, device)
    for (const [key, one] of elementsOf(options, made, device))
      if (!isSame(one, compiled.get(key))) found.set(key, one)
  }
  return found
}

function elementsOf(
  { journal, clock }: KeeperOptions,
  { ruleset, file }: MadeOf,
  device: number,
): ReadonlyMap<string, RunTimeElement> {
  const given = file.with(nameOf(ruleset, device), journal.given(ruleset, device))
  return runTimeElements(ruleset, device, given, clock.now())
}

/** What the rule set was compiled with. */
function ofFile(
  { clock }: KeeperOptions,
  { ruleset, file }: MadeOf,
  device: number,
): ReadonlyMap<string, RunTimeElement> {
  return runTimeElements(ruleset, device, file.given(nameOf(ruleset, device)), clock.now())
}

function nameOf({ devices }: Ruleset, device: number): string {
  return devices[device]?.name ?? ''
}

/** The elements there would be if what was let go were there still. */
function withFacts(
  { journal, clock }: KeeperOptions,
  { ruleset, file }: MadeOf,
  device: number,
  changes: readonly Change[],
): ReadonlyMap<string, RunTimeElement> {
  const given = journal.given(ruleset, device)
  const addresses = [...given.addresses]
  const names = new Map(given.names)
  for (const { fact, lasts } of changes) {
    if (lasts) continue
    const held = { address: fact.address, until: Number.POSITIVE_INFINITY }
    if (fact.kind === 'lease') addresses.push(held)
    else names.set(fact.name, [...(names.get(fact.name) ?? []), held])
  }
  const before = file.with(nameOf(ruleset, device), { addresses, names })
  return runTimeElements(ruleset, device, before, clock.now())
}

/** In one transaction what goes and what comes; what is there already gets its new time. */
async function put(
  { elements, clock }: KeeperOptions,
  living: Living,
  gone: readonly RunTimeElement[],
  come: ReadonlyMap<string, RunTimeElement>,
): Promise<void> {
  const at = clock.now()
  const isThere = (one: RunTimeElement): boolean => living.sets.has(`${one.family} ${one.set}`)
  const changeOf = (verb: ElementChange['verb'], all: Iterable<RunTimeElement>): ElementChange[] =>
    [...Map.groupBy([...all].filter(isThere), (one) => `${one.family} ${one.set}`).values()].flatMap((of) => {
      const [{ family, set }] = of as [RunTimeElement]
      const write = (one: RunTimeElement): string =>
        verb === 'delete' ? one.key : element(one.key, one.until, at, one.data)
      return { verb, family, table: TABLE, set: nameIn(living.generation, set), elements: of.map(write) }
    })
  const here = gone.filter((one) => !isForward(one))
  // The kernel does not delete what has timed out: so it is put there first.
  const out = here.length === 0 ? [] : [...changeOf('add', here), ...changeOf('delete', here)]
  const changes = [
    ...out,
    ...changeOf(
      'renew',
      [...come.values()].filter((one) => !isForward(one)),
    ),
  ]
  if (changes.length > 0) await elements(changes)
  for (const one of gone.filter(isForward)) await attempt(changeOf('delete', [one]))
  for (const one of [...come.values()].filter(isForward)) {
    // What it leads to may be another address than before, and then it is no renewal. Flows that are open stay as they are.
    if (!isThere(one) || (await attempt(changeOf('renew', [one])))) continue
    await attempt(changeOf('delete', [one]))
    await elements(changeOf('add', [one]))
  }

  async function attempt(some: readonly ElementChange[]): Promise<boolean> {
    if (some.length === 0) return true
    return elements(some).then(
      () => true,
      () => false,
    )
  }
}

/** Where a forward leads is the one thing that changes for a key that stays. */
function isForward({ set }: RunTimeElement): boolean {
  return set.startsWith('forward-')
}
