/**
 * `thingwall boot`: what was confirmed last, in force again after a restart. `thingwall-boot.service` has loaded the text
 * kept for it before the network came up; this compiles the policy anew, for the interfaces and prefixes that are there
 * now, and with what needs the time once the clock is believed. Run it as often as you like.
 *
 * It refuses nothing that was confirmed: neither expired rules nor interfaces that are not there yet keep a wall down.
 * Exit 1 where nothing could be put in force; what the boot unit loaded stays then.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ApplicationRecord,
  type BindingClock,
  boundNow,
  type Clock,
  type NftablesPoint,
  noteClock,
  prefixesFor,
  type Restored,
  readClock,
  readJournal,
  requireOpening,
  survey,
  thisClock,
  thisMachine,
  withOwnAddresses,
} from '@thingwall/gateway'
import {
  type Artifact,
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
import type { Host, Report } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { compiled } from './compiled.ts'
import { openBindings } from './open.ts'
import { type Gateway, openGateway, stateOption } from './site.ts'

/** How often the clock is asked whether it is believed now. */
const ASK_AGAIN_MS = 5000

export async function run(call: Call, host: Host): Promise<Report> {
  const gateway = await openGateway(call, host)
  const { point, stateFolder } = gateway
  const record = await point.comesBack()
  if (record === null) return nothingConfirmed(stateFolder)
  const clockNow = async (): Promise<Clock> => {
    const clock = await readClock({ machine: thisMachine, state: stateFolder, now: host.now })
    return call.options['trust-clock'] === true ? { ...clock, isTrusted: true, because: 'you say so' } : clock
  }
  let clock = await clockNow()
  let outcome = await bringBack(call, host, gateway, record, clock)
  if (!clock.isTrusted && call.options.wait === true && outcome.restored !== 'other') {
    host.stderr.write(`${explained(record, outcome, clock)}\n`)
    while (!clock.isTrusted) {
      await sleep(ASK_AGAIN_MS)
      clock = await clockNow()
    }
    outcome = await bringBack(call, host, gateway, record, clock)
  }
  await noteClock({ state: stateFolder }, clock)
  return {
    exit: exits.fine,
    json: {
      ok: true,
      restored: outcome.restored,
      sequence: record.sequence,
      policy: record.policy.name,
      digest: outcome.digest,
      tcpLoose: outcome.tcpLoose,
      clock: {
        trusted: clock.isTrusted,
        because: clock.because,
        now: clock.now,
        lastSeen: clock.lastSeen === 0 ? null : clock.lastSeen,
      },
    },
    text: () => `${explained(record, outcome, clock)}\n`,
    next: [[`thingwall status${stateOption(call)}`, 'what is in force, and what each rule has met']],
  }
}

interface Outcome {
  readonly restored: Restored
  readonly digest: string
  readonly tcpLoose: Awaited<ReturnType<typeof requireOpening>>
}

async function bringBack(
  call: Call,
  host: Host,
  { point, stateFolder }: Gateway,
  record: ApplicationRecord,
  clock: Clock,
): Promise<Outcome> {
  const { artifact, ruleset } = await compileAgain(call, host, point, record, clock)
  const restart = { sequence: record.sequence, knowsTime: clock.isTrusted }
  const lateMs = clock.atLeast - clock.now
  const bindingClock: BindingClock = {
    ...thisClock(),
    now: () => host.now() + (clock.isTrusted ? 0 : lateMs),
    isTrusted: () => clock.isTrusted,
  }
  const restored = await point.restore(artifact, restart, (generation, sets) =>
    boundNow(ruleset, readJournal(stateFolder, bindingClock), bindingClock.now())(generation, sets),
  )
  return { restored, digest: artifact.digest, tcpLoose: await requireOpening(thisMachine) }
}

async function compileAgain(
  call: Call,
  host: Host,
  point: NftablesPoint,
  { sequence, log }: ApplicationRecord,
  clock: Clock,
): Promise<{ readonly artifact: Artifact; readonly ruleset: Ruleset }> {
  const text = await point.documentOf(sequence)
  if (text === null) throw cannot(`the policy of application ${sequence} cannot be read`, [])
  const [document, faults] = validate(parsed(text, sequence))
  if (document === null) throw cannot(`the policy of application ${sequence} is not understood`, faults)
  const machine = await survey(thisMachine)
  const [ruleset, found] = lower(document, prefixesFor(document, machine))
  if (ruleset === null)
    throw cannot(`the policy of application ${sequence} does not fit this machine yet`, found)
  // Leases and answers say until when they hold: who does not know the time cannot tell whether they do.
  const given = openBindings(clock.isTrusted ? call : withoutBindings(call), host, ruleset)
  const timed = clock.isTrusted ? ruleset : withoutClock(ruleset, clock.lastSeen)
  const [artifact, refused] = compiled(call, nftables, timed, {
    bindings: withOwnAddresses(given, machine),
    at: clock.isTrusted ? clock.now : clock.atLeast,
    log: log === null ? null : { group: log, verdicts: 'deny' },
  })
  if (artifact === null) throw cannot(`the policy of application ${sequence} cannot be compiled`, refused)
  return { artifact, ruleset: timed }
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

function explained({ sequence, policy }: ApplicationRecord, { restored }: Outcome, clock: Clock): string {
  const what = `${safe(policy.name)}, application ${sequence}`
  const time = clock.isTrusted
    ? `the time is known: ${clock.because}`
    : `the time is not known (${clock.because}), so allows that end or have hours are off`
  switch (restored) {
    case 'restored':
      return `in force again: ${what}; ${time}`
    case 'already':
      return `in force already: ${what}; ${time}`
    case 'other':
      return `left as it is: something else than ${what} was put in force, or is on trial`
    default:
      return restored satisfies never
  }
}

function nothingConfirmed(state: string): Report {
  return {
    exit: exits.fine,
    json: { ok: true, restored: null, sequence: null },
    text: () => `nothing was ever confirmed in ${safe(state, 300)}; nothing was changed\n`,
    next: [
      ['thingwall apply', 'put a policy in force, on trial'],
      ['thingwall confirm', 'keep it'],
    ],
  }
}
