/** `thingwall explain EVENT`: the rule that decided, and what the policy of then and that of now say to such a flow. */
import {
  type EventExplanation,
  eventFolder,
  explainEvent,
  type Judged,
  parseEventId,
  policyOf,
  startReader,
  thisMachine,
} from '@thingwall/gateway'
import { openGateway } from '../commands/site.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { hanging, safe } from '../render/text.ts'
import { ask } from './api.ts'
import { eventLine } from './event-text.ts'

export async function explainStored(call: Call, host: Host, text: string): Promise<Report> {
  const id = parseEventId(text)
  if (id === null) throw usage(`${safe(text, 40)} is no event`, 'thingwall events tells their ids: 2s-41')
  const explained =
    (await ask<EventExplanation>(host, `/v1/events/${id}/explanation`)) ?? (await fromStore(call, host, id))
  return {
    exit: exits.fine,
    json: explained,
    text: (page) => textFor(explained, page),
    next: [['thingwall events --since 1h', 'what else was seen']],
  }
}

async function fromStore(
  call: Call,
  host: Host,
  id: NonNullable<ReturnType<typeof parseEventId>>,
): Promise<EventExplanation> {
  const { point, stateFolder } = await openGateway(call, host)
  const reader = startReader(eventFolder(stateFolder))
  try {
    const event = await reader.find(id)
    if (event === null) {
      throw new Failure('there is no such event (any more)', {
        code: 'environment',
        hint: 'thingwall events tells those there are',
        exit: exits.no,
      })
    }
    const remembered = (sequence: number): ReturnType<typeof policyOf> =>
      policyOf(point, thisMachine, sequence)
    return await explainEvent(event, { point, policyOf: remembered, now: host.now })
  } finally {
    await reader.close()
  }
}

function textFor({ event, decided, past, present, remarks }: EventExplanation, page: Page): string {
  const line = (term: string, text: string): string =>
    hanging(`  ${term.padEnd(8)} `, safe(text, 1000), page.width)
  const out = [eventLine(event, page)]
  if (decided !== null) {
    out.push(line('rule', decided.id), line('why', decided.why))
    if (decided.owner !== null) out.push(line('owner', decided.owner))
    if (decided.ticket !== null) out.push(line('ticket', decided.ticket))
  }
  const say = (term: string, judged: Judged | null): void => {
    if (judged === null) return
    const rule = judged.rule === null ? '' : ` by ${judged.rule.id}`
    out.push(line(term, `${judged.verdict}${rule} (application ${judged.application}): ${judged.because}`))
  }
  say('then', past)
  say('now', present)
  const next = (present ?? past)?.next
  if (next !== undefined) out.push(line('next', next))
  for (const remark of remarks) out.push(line('note', remark))
  return `${out.join('\n')}\n`
}
