/** `thingwall confirm`: what is on trial stays, also over a restart. Exit 1 where nothing is (any more). */
import { survey, thisMachine } from '@thingwall/gateway'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import type { Host, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { answering } from './answer.ts'
import { callerOf, openGateway, personOf, stateOption } from './site.ts'
import { stateText } from './trial.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const { point } = await openGateway(call, host)
  const by = await personOf(host, await callerOf(host, await survey(thisMachine)))
  const { now, diagnostics } = await answering(() => point.confirm({ by, at: host.now() }))
  return {
    exit: exits.fine,
    json: {
      ok: true,
      digest: now.digest,
      sequence: now.record?.sequence ?? null,
      policy: now.record?.policy.name ?? null,
      by,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: (page) => renderDiagnostics(diagnostics, { project: null }, page),
    text: (page) => `${page.ink('green', 'confirmed')} ${stateText(now)}, also after a restart\n`,
    next: [[`thingwall status${stateOption(call)}`, 'what is in force, and what each rule has met']],
  }
}
