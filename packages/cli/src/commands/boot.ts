/**
 * `thingwall boot`: what was confirmed last, in force again after a restart. `thingwall-boot.service` has loaded the text
 * kept for it before the network came up; this compiles the policy anew, for the interfaces and prefixes that are there
 * now, and with what needs the time once the clock is believed. Run it as often as you like.
 *
 * It refuses nothing that was confirmed: neither expired rules nor interfaces that are not there yet keep a wall down.
 * Exit 1 where nothing could be put in force; what the boot unit loaded stays then.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type ApplicationRecord, type Clock, noteClock, readClock, thisMachine } from '@thingwall/gateway'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import type { Host, Report } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { bringBack, type Outcome } from './bring-back.ts'
import { openGateway, stateOption } from './site.ts'

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
      unread: outcome.unread,
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

function explained(
  { sequence, policy }: ApplicationRecord,
  { restored, unread }: Outcome,
  clock: Clock,
): string {
  const what = `${safe(policy.name)}, application ${sequence}`
  const time = clock.isTrusted
    ? `the time is known: ${clock.because}`
    : `the time is not known (${clock.because}), so allows that end or have hours are off`
  switch (restored) {
    case 'restored':
      return `in force again: ${what}; ${time}${unreadText(unread)}`
    case 'already':
      return `in force already: ${what}; ${time}`
    case 'other':
      return `left as it is: something else than ${what} was put in force, or is on trial`
    default:
      return restored satisfies never
  }
}

function unreadText(unread: string | null): string {
  return unread === null
    ? ''
    : `\nwithout the addresses that devices were given, who have to ask for them again: ${safe(unread, 300)}`
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
