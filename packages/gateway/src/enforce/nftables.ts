/**
 * The enforcement point of the Linux kernel: our two tables, in which a new generation is put beside the old one and
 * met by packets in one step (docs/decisions/0012). What packets meet is changed by transactions of `nft`, made under a lock.
 *
 * The kernel checks a transaction before it commits any of it, so an apply does not ask with `nft -c` first: that would
 * take as long again. Tables of other programs are read and never touched.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Artifact } from '@thingwall/policy'
import { type Generation, splitName } from '@thingwall/policy/nftables'
import { type Disk, thisDisk } from '../disk/disk.ts'
import { exclusively, USUAL_WAIT_MS, undisturbed } from '../disk/lock.ts'
import { refusing } from '../disk/refusing.ts'
import type { Machine } from '../machine/machine.ts'
import { countersIn, type RuleCount } from '../nft/counters.ts'
import { type ForeignChain, type ForeignTranslation, foreignIn } from '../nft/foreign.ts'
import { type Nft, nftOn, openNft } from '../nft/program.ts'
import { readStanding } from '../nft/standing.ts'
import { apply, tryOut } from './apply.ts'
import { pastOf } from './fate.ts'
import { type Context, look, metIn } from './look.ts'
import type { BoundNow, EnforcementPoint, InForce, Order, Prospect } from './point.ts'
import { comesBack, restore } from './restore.ts'
import { abandon, confirm, reconciled, tidy, tidyKernel } from './settle.ts'
import { openState, type Writer } from './state.ts'

export interface NftablesPoint extends EnforcementPoint {
  /** What `apply` would do. Throws when the kernel would not take it. Changes nothing, and waits for nobody. */
  readonly check: (artifact: Artifact, order: Order, boundNow?: BoundNow) => Promise<Prospect>
  /** What the machine's tables tell beside the policy: other programs that may drop, and our counters. */
  readonly surroundings: () => Promise<Surroundings>
  /**
   * The generations that packets meet, or may meet once a trial ends: whoever adds elements at run time adds them to
   * the set of that name in each (`nameIn` of `@thingwall/policy/nftables`), and does both in `exclusively`.
   */
  readonly generations: () => Promise<readonly Living[]>
  /**
   * Does some work while nobody applies, confirms or ends a trial; the work calls none of these itself. `who` is told
   * to those who wait. Throws TW4014 when somebody else is at it for long.
   */
  readonly exclusively: <T>(who: string, work: () => Promise<T>) => Promise<T>
  /**
   * What is in force while nobody is changing it. Keeps nobody waiting: it looks again after those who were asked for
   * something meanwhile. Throws TW4014 when somebody is at it for long.
   */
  readonly readUndisturbed: (who: string) => Promise<InForce>
}

/** A generation that packets meet, or may meet once a trial ends. */
export interface Living {
  readonly generation: Generation
  /** Number of its application; null for one that was loaded by other means. */
  readonly sequence: number | null
  readonly digest: string | null
  /** Its sets and maps under the names they are compiled by, `inet class/4`. */
  readonly sets: ReadonlySet<string>
}

export interface Surroundings {
  readonly foreign: readonly (ForeignChain | ForeignTranslation)[]
  /** Of what packets meet now. */
  readonly counters: readonly RuleCount[]
}

export interface NftablesPointOptions {
  readonly machine: Machine
  /** The state folder. */
  readonly state: string
  /** What the state folder is on. */
  readonly disk?: Disk
  /** Milliseconds since 1970; this machine's clock where nothing is said. */
  readonly now?: () => number
  /** How long to wait for another that is at work on the same state folder; usually 60,000, and while a trial lasts. */
  readonly waitMs?: number
  /** Told by whom the state folder is held, once that has taken a few seconds. */
  readonly waiting?: (holder: string) => void
  /** By whom the kernel is asked; default: the program `nft`. Whoever gave it closes it. */
  readonly nft?: Nft
  /** What fills and lists large rule sets where the program `nft` is asked; default: that too. */
  readonly filler?: Nft['filler']
  /** Who writes to the state folder; default: root. The daemon restores, applies nothing, and lets others go first. */
  readonly writer?: Writer
}

/** Throws TW4002 or TW4003 where there is no usable nft. */
export async function openNftablesPoint(options: NftablesPointOptions): Promise<NftablesPoint> {
  const { machine, state: folder, disk = thisDisk, now = Date.now, waitMs, nft: given, filler } = options
  const filled = (by: Nft): Nft => (filler === undefined ? by : { ...by, filler })
  const nft = given ?? filled(await openNft(machine))
  const context: Context = { nft, state: openState(folder, disk, options.writer), now }
  const rank = options.writer === 'gateway' ? 'background' : 'asked'
  const { waiting } = options
  const alone = <T>(
    who: string,
    work: (held: Context) => Promise<T>,
    longestMs: number | undefined = waitMs,
  ): Promise<T> =>
    exclusively(folder, { who, rank, waitMs: longestMs, waiting }, (lock) => {
      if (given !== undefined) return work(context)
      // An nft that outlives us goes on holding it: nobody else begins before it has ended.
      const run: Machine['run'] = (program, args) => machine.run(program, args, { inherits: lock })
      return sharing(filled(nftOn({ ...machine, run }, nft.version)), (held) =>
        work({ ...context, nft: held }),
      )
    })
  // Who wants to keep or to end what is on trial gives up when there is nothing left to decide, and not before.
  const whileTried = async (): Promise<number | undefined> => {
    const leftMs = (await readStanding(nft)).trial?.leftMs ?? 0
    return leftMs > (waitMs ?? USUAL_WAIT_MS) ? leftMs : waitMs
  }
  return {
    read: async () => (await look(context)).inForce,
    readUndisturbed: (who) =>
      undisturbed(folder, { who, waitMs, waiting }, async () => (await look(context)).inForce),
    apply: (artifact, order, boundNow, onto) =>
      alone(`apply by ${order.by}`, (held) => apply(held, artifact, order, boundNow, onto)),
    check: async (artifact, order, boundNow) => {
      const scratch = await refusing(tmpdir(), () => mkdtemp(join(tmpdir(), 'thingwall-')))
      try {
        return await tryOut(context, artifact, order, openState(scratch, disk), boundNow)
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
    },
    confirm: async (deed) =>
      alone(
        `confirm by ${deed.by}`,
        async (held) => {
          await reconciled(held)
          return confirm(held, deed)
        },
        await whileTried(),
      ),
    abandon: async (deed) =>
      alone(`rollback by ${deed.by}`, (held) => abandon(held, deed), await whileTried()),
    tidy: () => alone('tidying', options.writer === 'gateway' ? tidyKernel : tidy),
    history: async () => {
      const { standing, applications } = await look(context)
      return applications.map((one) => pastOf(one, applications, standing, now()))
    },
    comesBack: () => comesBack(context),
    restore: (artifact, restart, boundNow) =>
      alone('a restart', (held) => restore(held, artifact, restart, boundNow)),
    documentOf: (sequence) => context.state.documentOf(sequence),
    toldFor: (sequence) => context.state.toldFor(sequence),
    surroundings: async () => {
      const [objects, met] = [await nft.objects(), metIn(await readStanding(nft))]
      const counters = met === null ? [] : countersIn(objects, met.generation)
      return { foreign: foreignIn(objects), counters }
    },
    generations: async () => {
      const { settled, trial, objects } = await readStanding(nft)
      const running = trial !== null && trial.leftMs !== null ? trial : null
      return [settled, running].flatMap((one) =>
        one === null ? [] : [{ ...one, sets: setsIn(objects.keys(), one.generation) }],
      )
    },
    exclusively: (who, work) => alone(who, () => work()),
  }
}

/** One filler for all of the work: to start another takes as long as what it saves. */
async function sharing<T>(nft: Nft, work: (nft: Nft) => Promise<T>): Promise<T> {
  let opened: ReturnType<Nft['filler']> | undefined
  const filler: Nft['filler'] = async () => {
    opened ??= nft.filler()
    const one = await opened
    return one === null ? null : { ...one, close: () => {} }
  }
  try {
    return await work({ ...nft, filler })
  } finally {
    await opened?.then((one) => one?.close())
  }
}

function setsIn(objects: Iterable<string>, generation: Generation): ReadonlySet<string> {
  const sets = new Set<string>()
  for (const object of objects) {
    const [family, kind, name = ''] = object.split(' ')
    const [own, compiled] = splitName(name)
    if ((kind === 'set' || kind === 'map') && own === generation) sets.add(`${family} ${compiled}`)
  }
  return sets
}
