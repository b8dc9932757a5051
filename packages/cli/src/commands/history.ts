/** `thingwall history`: what was applied on this machine, when, by whom, why, and what became of it. */
import type { Fate, Past } from '@thingwall/gateway'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import type { Host, Report } from '../frame/report.ts'
import { type Column, table } from '../render/table.ts'
import { safe } from '../render/text.ts'
import { lookBack } from './look.ts'
import { stateOption } from './site.ts'
import { timeText } from './trial.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const { history, stateFolder } = await lookBack(call, host)
  return {
    exit: exits.fine,
    json: { state: stateFolder, applications: history.map(jsonFor) },
    text: (page) =>
      history.length === 0
        ? `nothing was applied here, as far as ${safe(stateFolder, 300)} knows\n`
        : `${table(columns, history.map(rowFor), page)}\n`,
    next:
      history.length < 2
        ? []
        : [
            [
              `thingwall rollback N${stateOption(call)}`,
              'put the policy of one of them in force again, on trial',
            ],
          ],
  }
}

const columns: readonly Column[] = [
  { heading: '#', ink: 'bold' },
  { heading: 'when' },
  { heading: 'who', wraps: true },
  { heading: 'policy', wraps: true },
  { heading: 'what became of it', wraps: true },
  { heading: 'why', wraps: true },
]

function rowFor(past: Past): readonly string[] {
  const { record, fate } = past
  const again = record.again === null ? '' : ` (${record.again} again)`
  return [
    String(record.sequence),
    timeText(record.at),
    safe(record.by, 100),
    `${safe(record.policy.name)} ${record.digest.slice(0, 8)}${again}`,
    `${fateText(fate)}${confirmationText(past)}`,
    record.why === null ? '' : safe(record.why, 500),
  ]
}

/** Who made it last, where that took a step of its own. */
function confirmationText({ record, confirmed }: Past): string {
  if (confirmed === null || record.confirmWithinMs === null) return ''
  return confirmed.by === record.by ? ', confirmed' : `, confirmed by ${safe(confirmed.by, 100)}`
}

/** What became of an application, in words. */
export function fateText(fate: Fate): string {
  switch (fate.kind) {
    case 'on trial':
      return `on trial until ${timeText(fate.until)}`
    case 'in force':
      return 'in force'
    case 'reverted':
      return `reverted at ${timeText(fate.at)}: ${fate.isEarly === true ? 'before its time, by another program or a restart' : 'nobody confirmed it'}`
    case 'abandoned':
      return `rolled back at ${timeText(fate.at)} by ${safe(fate.by, 100)}`
    case 'replaced':
      return fate.by === 0 ? `replaced at ${timeText(fate.at)}` : `replaced by ${fate.by}`
    case 'gone':
      return 'not in the kernel any more, though nobody replaced it'
    case 'unfinished':
      return 'interrupted before it came into force'
    default:
      return fate satisfies never
  }
}

function jsonFor({ record, confirmed, fate }: Past): Record<string, unknown> {
  const timed = (at: number): string => new Date(at).toISOString()
  return {
    sequence: record.sequence,
    at: timed(record.at),
    by: record.by,
    why: record.why,
    policy: record.policy,
    digest: record.digest,
    again: record.again,
    confirmWithinMs: record.confirmWithinMs,
    confirmed: confirmed === null ? null : { by: confirmed.by, at: timed(confirmed.at) },
    fate: {
      ...fate,
      ...('at' in fate ? { at: timed(fate.at) } : {}),
      ...('until' in fate ? { until: timed(fate.until) } : {}),
    },
  }
}
