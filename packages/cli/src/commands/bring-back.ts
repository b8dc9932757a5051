/**
 * What was confirmed last into the kernel again: its policy compiled anew, for the interfaces and prefixes that are there
 * now, with what needs the time only where the clock is believed. After a restart, and before a trial that would otherwise
 * go back to less. It makes no new application.
 */
import {
  type ApplicationRecord,
  type BindingClock,
  boundNow,
  type Clock,
  fromFile,
  type InForce,
  journalOrNothing,
  lasting,
  type NftablesPoint,
  type Onto,
  type Order,
  prefixesFor,
  type Restored,
  readClock,
  requireOpening,
  saidBy,
  survey,
  thisClock,
  thisMachine,
  withOwnAddresses,
} from '@thingwall/gateway'
import {
  type Artifact,
  type Bindings,
  type Diagnostic,
  lower,
  type Ruleset,
  validate,
  withoutClock,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { compiled } from './compiled.ts'
import { openBindings } from './open.ts'
import type { Gateway } from './site.ts'

/** What came of it. */
export interface Outcome {
  readonly restored: Restored
  readonly digest: string
  /** Why what devices were given is not among it; null where it is. */
  readonly unread: string | null
  readonly tcpLoose: Awaited<ReturnType<typeof requireOpening>>
}

/** Throws `Failure` with exit 1 where the policy cannot be compiled for this machine; nothing is changed then. */
export async function bringBack(
  call: Call,
  host: Host,
  { point, stateFolder }: Gateway,
  record: ApplicationRecord,
  clock: Clock,
): Promise<Outcome> {
  const { artifact, ruleset, said } = await compileAgain(call, host, point, record, clock)
  const restart = { sequence: record.sequence, knowsTime: clock.isTrusted }
  const lateMs = clock.atLeast - clock.now
  const bindingClock: BindingClock = {
    ...thisClock(),
    now: () => host.now() + (clock.isTrusted ? 0 : lateMs),
    isTrusted: () => clock.isTrusted,
  }
  let unread: string | null = null
  const restored = await point.restore(artifact, restart, (generation, sets) => {
    // Whatever became of it, it keeps nobody's wall down: without it devices have to ask for their addresses again.
    const journal = journalOrNothing(stateFolder, bindingClock)
    unread = journal.unread
    const file = fromFile(said, bindingClock)
    return boundNow(ruleset, journal, bindingClock.now(), file)(generation, sets)
  })
  return { restored, digest: artifact.digest, unread, tcpLoose: await requireOpening(thisMachine) }
}

async function compileAgain(
  call: Call,
  host: Host,
  point: NftablesPoint,
  { sequence, log }: ApplicationRecord,
  clock: Clock,
): Promise<{ readonly artifact: Artifact; readonly ruleset: Ruleset; readonly said: Bindings }> {
  const text = await point.documentOf(sequence)
  if (text === null) throw cannot(`the policy of application ${sequence} cannot be read`, [])
  const [document, faults] = validate(parsed(text, sequence))
  if (document === null) throw cannot(`the policy of application ${sequence} is not understood`, faults)
  const machine = await survey(thisMachine)
  const [ruleset, found] = lower(document, prefixesFor(document, machine))
  if (ruleset === null)
    throw cannot(`the policy of application ${sequence} does not fit this machine yet`, found)
  // Most leases and answers say until when they hold: who does not know the time cannot tell whether they do.
  const words =
    call.options.bindings === undefined
      ? saidBy(await point.toldFor(sequence), ruleset)
      : openBindings(call, host, ruleset)
  const said = lasting(ruleset, words, { now: () => clock.atLeast, isTrusted: () => clock.isTrusted })
  const timed = clock.isTrusted ? ruleset : withoutClock(ruleset, clock.lastSeen)
  const [artifact, refused] = compiled(call, nftables, timed, {
    bindings: withOwnAddresses(said, machine),
    at: clock.isTrusted ? clock.now : clock.atLeast,
    log: log === null ? null : { group: log, verdicts: 'deny' },
  })
  if (artifact === null) throw cannot(`the policy of application ${sequence} cannot be compiled`, refused)
  return { artifact, ruleset: timed, said }
}

function withoutBindings(call: Call): Call {
  const { bindings: _, ...options } = call.options
  return { ...call, options }
}

function parsed(text: string, sequence: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw cannot(`the policy of application ${sequence} is not JSON`, [], cause)
  }
}

function cannot(message: string, diagnostics: readonly Diagnostic[], cause?: unknown): Failure {
  return new Failure(message, {
    code: diagnostics.find(({ severity }) => severity === 'error')?.code ?? 'policy',
    hint: 'what the boot unit loaded stays in force; apply and confirm the policy to replace it',
    exit: exits.no,
    diagnostics,
    cause,
  })
}

/**
 * The application that was confirmed and that another program has changed or taken out of the kernel since: a trial would
 * go back to less. Null where none, or where a plan was made against there being nothing: the point refuses that.
 */
export async function lostTo(
  { point }: Gateway,
  { digest, integrity, last, trial }: InForce,
  { confirmWithinMs }: Order,
  onto: Onto | undefined,
): Promise<ApplicationRecord | null> {
  const isLost = trial === null && (digest === null ? last !== null : integrity.kind === 'changed')
  return isLost && confirmWithinMs !== null && onto?.base !== null ? point.comesBack() : null
}

/** As a restart would, but for the time: who applies now believes the clock. */
export async function putBackFirst(
  call: Call,
  host: Host,
  gateway: Gateway,
  record: ApplicationRecord,
): Promise<void> {
  const clock = await readClock({ machine: thisMachine, state: gateway.stateFolder, now: host.now })
  const believed = { ...clock, isTrusted: true, because: `thingwall ${call.verb} believes it` }
  try {
    await bringBack(withoutBindings(call), host, gateway, record, believed)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(
      `application ${record.sequence} was confirmed and is not whole in the kernel, so a trial would go back to less; and it cannot be put back: ${error.message}`,
      {
        code: 'TW4016',
        hint: 'nothing was changed; apply for good with --no-confirm, from a place where being locked out does no harm',
        exit: exits.no,
        diagnostics: error.diagnostics,
        cause: error,
      },
    )
  }
}
