/** `thingwall explain`: why a flow is allowed or blocked, by which rule, whose it is, and what to do about it. */
import { type Diagnostic, type Explanation, explain, type Rule } from '@thingwall/policy'
import { boundHere } from '../events/bound.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Ink, Page, Report } from '../frame/report.ts'
import { renderDiagnostics } from '../render/diagnostics.ts'
import { nearBy, showLine } from '../render/place.ts'
import { hanging, safe } from '../render/text.ts'
import { openBindings, openPolicy, policyOption } from './open.ts'
import { printedBy } from './printed.ts'

const inks: Readonly<Record<Explanation['verdict'], Ink>> = { allow: 'green', deny: 'red', unknown: 'yellow' }

export async function run(call: Call, host: Host): Promise<Report> {
  const { from, to } = call.options
  const [event] = call.operands
  if (event !== undefined) {
    if (from !== undefined || to !== undefined)
      throw usage('an event has its own ends', 'leave out --from and --to, or the event')
    const { explainStored } = await import('../events/explain.ts')
    return explainStored(call, host, event)
  }
  if (from === undefined) throw usage('--from is missing', 'who opens the flow? --from vent-01')
  if (to === undefined) throw usage('--to is missing', 'where to, and for what? --to 10.30.0.5:22/tcp')
  const { loaded, ruleset, at, diagnostics } = await openPolicy(call, host)
  const isAsOfNow = call.options.bindings === undefined && call.options.at === undefined
  const bindings = isAsOfNow
    ? await boundHere(host, ruleset, { from, to })
    : openBindings(call, host, ruleset)
  const [explanation, faults] = explain(ruleset, { from, to }, bindings, at)
  if (explanation === null) {
    const [first] = faults as readonly [Diagnostic, ...Diagnostic[]]
    throw new Failure(first.message, { code: first.code, hint: first.hint, diagnostics: faults })
  }
  const printed = printedBy(loaded)
  return {
    exit: exits.fine,
    json: {
      verdict: explanation.verdict,
      rule: explanation.rule === null ? null : ruleJson(explanation.rule, host.cwd),
      because: nearBy(explanation.because, host.cwd),
      next: nearBy(explanation.next, host.cwd),
      needs: explanation.needs,
      enforced: explanation.enforced,
      notes: explanation.notes,
      from: explanation.from,
      to: explanation.to,
      service: explanation.service,
      at: new Date(at).toISOString(),
    },
    aside: (page) => printed(page) + renderDiagnostics(diagnostics, loaded, page),
    text: (page) => explanationText(explanation, { from, to }, page),
    next: nextCommands(explanation, policyOption(call)),
  }
}

/** A rule as `--json` prints it; `at` is where the policy says it. */
export function ruleJson(rule: Rule, cwd: string): Record<string, unknown> {
  const { id, tier, effect, why, owner, ticket, added, review, expires, origin } = rule
  const at = origin === null ? null : showLine(origin, cwd)
  return { id, tier, effect, why, owner, ticket, added, review, expires, at }
}

function explanationText(
  { verdict, rule, because, next, needs, enforced, notes }: Explanation,
  { from, to }: { readonly from: string; readonly to: string },
  page: Page,
): string {
  const line = (term: string, text: string): string =>
    hanging(`  ${term.padEnd(8)} `, safe(nearBy(text, page.cwd)), page.width)
  const out = [`${page.ink(inks[verdict], verdict)}  ${page.ink('bold', `${safe(from)} → ${safe(to)}`)}`]
  for (const note of notes) out.push(line('note', note))
  out.push(line('because', because))
  if (rule !== null) {
    out.push(line('rule', `${rule.id} (${rule.tier})`), line('why', rule.why))
    if (rule.owner !== null) out.push(line('owner', rule.owner))
    if (rule.ticket !== null) out.push(line('ticket', rule.ticket))
    if (rule.expires !== null) out.push(line('expires', rule.expires))
    out.push(line('written', rule.origin === null ? 'built in' : showLine(rule.origin, page.cwd)))
  }
  for (const need of needs) out.push(line('needs', need))
  if (!enforced) out.push(line('beware', 'nothing keeps these two apart: this gateway does not see the flow'))
  out.push(line('next', next))
  return `${out.join('\n')}\n`
}

function nextCommands({ rule, needs }: Explanation, option: string): Report['next'] {
  if (needs.some((need) => /^an (?:answer|address) /.test(need)))
    return [['thingwall explain … --bindings FILE', 'the same, with what the device was told']]
  const match = rule === null ? '' : ` --match ${rule.id}`
  return [[`thingwall list rules${option}${match}`, 'the rule, and where it is written']]
}
