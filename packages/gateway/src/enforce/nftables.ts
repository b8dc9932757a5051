/**
 * The enforcement point of the Linux kernel: our two tables, whole, in one transaction of `nft -f`.
 *
 * The kernel checks a transaction before it commits any of it, so an apply does not ask with `nft -c` first: that would
 * take as long again. Tables of other programs are read and never touched.
 */
import { type Artifact, type Diagnostic, diagnose } from '@thingwall/policy'
import { TABLE } from '@thingwall/policy/nftables'
import { ThingwallError } from '../error.ts'
import type { Machine } from '../machine/machine.ts'
import { countersIn, type RuleCount } from '../nft/counters.ts'
import { type ForeignChain, foreignDrops } from '../nft/foreign.ts'
import { type Coverage, coverageOf, differences, observe } from '../nft/observation.ts'
import { type Nft, openNft } from '../nft/program.ts'
import { asChange } from '../nft/replacement.ts'
import type { Applied, EnforcementPoint, InForce, Integrity, Order } from './point.ts'
import { type Application, type Intention, openState, type State } from './state.ts'

export interface NftablesPoint extends EnforcementPoint {
  /** Throws when the kernel or the state folder would not take the artifact. Changes nothing. */
  readonly check: (artifact: Artifact, order: Order) => Promise<void>
  /** What the machine's tables tell beside the policy: other programs that may drop, and our counters. */
  readonly surroundings: () => Promise<Surroundings>
}

export interface Surroundings {
  readonly foreign: readonly ForeignChain[]
  readonly counters: readonly RuleCount[]
}

export interface NftablesPointOptions {
  readonly machine: Machine
  /** The state folder. */
  readonly state: string
}

/** Throws TW4002 or TW4003 where there is no usable nft. */
export async function openNftablesPoint(options: NftablesPointOptions): Promise<NftablesPoint> {
  const nft = await openNft(options.machine)
  const state = openState(options.state)
  return {
    read: () => read(nft, state),
    apply: (artifact, order) => apply(nft, state, artifact, order),
    check: async (artifact, order) => {
      const intention = await state.intend(artifact.digest, artifact.text, [], order)
      try {
        await nft.check(intention.file)
      } finally {
        await intention.withdraw()
      }
    },
    surroundings: async () => {
      const objects = await nft.objects()
      return { foreign: foreignDrops(objects), counters: countersIn(objects) }
    },
  }
}

async function read(nft: Nft, state: State): Promise<InForce> {
  return (await look(nft, state)).inForce
}

interface Look {
  readonly inForce: InForce
  /** Our objects in the kernel. */
  readonly present: readonly string[]
}

async function look(nft: Nft, state: State): Promise<Look> {
  const last = await state.current()
  const { digest, observation } = await observe(nft, last?.coverage ?? [])
  const present = Object.keys(observation.objects)
  if (digest === null) {
    const integrity: Integrity =
      present.length > 0
        ? { kind: 'changed', changes: [remainsOf(observation.objects)] }
        : { kind: 'unknown', because: 'nothing is in force' }
    return { inForce: { digest, record: null, integrity, last: last?.record ?? null }, present }
  }
  const application = await state.find(digest)
  // Another application than the current one may have covered other sets.
  const now =
    application === last ? observation : (await observe(nft, application?.coverage ?? [])).observation
  const inForce: InForce = {
    digest,
    record: application?.record ?? null,
    integrity: integrityOf(application, now),
    last: last !== null && last.record.digest !== digest ? last.record : null,
  }
  return { inForce, present }
}

function remainsOf(objects: Readonly<Record<string, string>>): string {
  const families = new Set(Object.keys(objects).map((key) => key.split(' ')[0]))
  return families.size === 1
    ? `only table ${[...families][0]} thingwall is there`
    : 'the tables carry no digest, or not the same'
}

function integrityOf(application: Application | null, now: Parameters<typeof differences>[1]): Integrity {
  if (application === null) {
    return { kind: 'unknown', because: 'there is no record of its application in the state folder' }
  }
  const before = application.observation
  if (before === null) {
    return { kind: 'unknown', because: 'its application was interrupted before the kernel was looked at' }
  }
  if (before.nft !== now.nft) {
    return {
      kind: 'unknown',
      because: `nft was ${before.nft} then and is ${now.nft} now: they print differently`,
    }
  }
  const changes = differences(before, now)
  return changes.length > 0
    ? { kind: 'changed', changes }
    : { kind: 'intact', covers: wordsFor(application.coverage) }
}

function wordsFor(coverage: Coverage): string {
  return coverage === 'all'
    ? 'all rules and all lasting elements'
    : `all rules, and the elements of ${coverage.length} small sets; large sets of devices are not looked at`
}

async function apply(nft: Nft, state: State, artifact: Artifact, order: Order): Promise<Applied> {
  const { inForce: before, present } = await look(nft, state)
  const { record } = before
  const isSame = before.digest === artifact.digest && before.integrity.kind === 'intact'
  if (isSame && record !== null && record.bindings === order.bindings && record.log === order.log) {
    return { changed: false, record, before: before.digest, loadMs: 0, diagnostics: [] }
  }
  const coverage = coverageOf(artifact.text)
  const intention = await state.intend(artifact.digest, artifact.text, coverage, order)
  const started = performance.now()
  try {
    await load(nft, intention, artifact, present)
  } catch (error) {
    await intention.withdraw()
    throw error
  }
  const loadMs = performance.now() - started
  const diagnostics = await confirm(nft, intention, coverage)
  return { changed: true, record: intention.record, before: before.digest, loadMs, diagnostics }
}

/** Changes the tables in place; where the kernel does not take that (a set has another type now), makes them anew. */
async function load(
  nft: Nft,
  intention: Intention,
  artifact: Artifact,
  present: readonly string[],
): Promise<void> {
  const change = asChange(artifact.text, artifact.digest, present, await nft.set('inet', TABLE, 'live'))
  if (change === null) return nft.load(intention.file)
  const file = await intention.change(change)
  try {
    await nft.load(file)
  } catch (error) {
    if (!(error instanceof ThingwallError) || error.code !== 'TW4007') throw error
    await nft.load(intention.file)
  }
}

/** From here on the new rule set is in force, whatever happens to its record. */
async function confirm(nft: Nft, intention: Intention, coverage: Coverage): Promise<readonly Diagnostic[]> {
  const incomplete = (why: string): readonly Diagnostic[] => [
    diagnose('TW4012', {
      message: `the rule set is in force, but its record is incomplete: ${why}`,
      path: '',
      hint: 'Mend the state folder, then apply again: until then status cannot tell whether somebody changes the tables.',
      origin: null,
    }),
  ]
  try {
    const { digest, observation } = await observe(nft, coverage)
    if (digest !== intention.record.digest) return incomplete('another apply, or another program, was faster')
    await intention.confirm(observation)
    return []
  } catch (error) {
    return incomplete(error instanceof Error ? error.message : String(error))
  }
}
