/**
 * `thingwall allow --from A --to B --for 2h --why …`: one flow, for a few hours, documented. It is an allow like any
 * other: a deny or a quarantine wins over it, and then nothing is written. What it prints makes it last.
 */
import { type Explanation, explain, noBindings, type Ruleset, splitService } from '@thingwall/policy'
import { stringify } from 'yaml'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { carryOut, type Ground, openGround } from '../hurry/in-force.ts'
import { instant, lengthOf, saidBy } from '../hurry/said.ts'
import { showLine } from '../render/place.ts'

const LONGEST_MS = 7 * 86_400_000

export async function run(call: Call, host: Host): Promise<Report> {
  const { from, to } = call.options
  if (from === undefined) throw usage('--from is missing', 'who opens the flow? --from vent-01')
  if (to === undefined) throw usage('--to is missing', 'where to, and for what? --to 10.30.0.5:22/tcp')
  const lengthMs = lengthOf(call, LONGEST_MS)
  if (lengthMs === null)
    throw usage('--for is missing', 'for how long? --for 2h; what is to last belongs in the policy')
  const entry = await saidBy(call, host)
  const ground = await openGround(call, host)
  const now = judged(ground.ruleset, from, to, host.now())
  if (now.verdict === 'allow') return already(now, host)
  refuseWhereDenied(now, host)
  const name = freeName(ground, `hurry-${from}`)
  const until = instant(host.now() + lengthMs)
  const rule = ruleFor(ground.ruleset, from, to, { ...entry, expires: until })
  const report = await carryOut(call, host, ground, { kind: 'allow', name, rule })
  const { expires: _, added: __, source: ___, ...lasting } = rule
  return {
    ...report,
    json: {
      ...(report.json as object),
      rule: name,
      until,
      overlay: ground.overlayFile,
      toLast: { rules: { [name]: lasting } },
    },
    text: (page) =>
      `${page.ink('green', 'allowed:')} ${from} → ${to} until ${until}, as rule ${name}; written to ${ground.overlayFile}\n${report.text(page)}${lastingText(ground.policyFile, name, lasting, page)}`,
  }
}

function judged(ruleset: Ruleset, from: string, to: string, at: number): Explanation {
  const [explanation, faults] = explain(ruleset, { from, to }, noBindings, at)
  if (explanation !== null) return explanation
  throw new Failure('this flow cannot be read', {
    code: faults[0]?.code ?? 'usage',
    hint: 'thingwall list devices shows who there is',
    diagnostics: faults,
  })
}

function already({ rule, because }: Explanation, host: Host): Report {
  const place = rule?.origin == null ? 'built in' : showLine(rule.origin, host.cwd)
  return {
    exit: exits.fine,
    json: { ok: true, changed: false, rule: rule?.id ?? null, because },
    text: (page) =>
      `${page.ink('green', 'allowed already')} by ${rule?.id} (${place}); nothing was written\n`,
    next: [],
  }
}

/** No allow wins over a deny, a quarantine or the fixed tier. */
function refuseWhereDenied({ verdict, rule, because, next }: Explanation, host: Host): void {
  if (verdict !== 'deny' || rule === null || rule.tier === 'default') return
  const place = rule.origin === null ? '' : ` (${showLine(rule.origin, host.cwd)})`
  throw new Failure(`no allow can win here: ${because}${place}`, {
    code: 'policy',
    hint: next,
    exit: exits.no,
  })
}

/** The rule speaks of the device; whichever end that is says the direction. */
function ruleFor(
  ruleset: Ruleset,
  from: string,
  to: string,
  words: object,
): Readonly<Record<string, unknown>> {
  const { host, service } = splitService(to)
  if (service === null) throw usage('--to names no service', `write it as --to ${to}:443/tcp`)
  const end = (text: string): unknown => (ruleset.deviceByName.has(text) ? { device: text } : text)
  if (ruleset.deviceByName.has(from) || from === 'gateway') {
    return { allow: 'out', who: end(from), to: end(host), service, ...words }
  }
  return { allow: 'in', who: end(host), from: end(from), service, ...words }
}

function freeName({ document }: Ground, wanted: string): string {
  const base = wanted
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 40)
    .replace(/-+$/, '')
  for (let at = 1; ; at++) {
    const name = at === 1 ? base : `${base}-${at}`
    if (!Object.hasOwn(document.rules, name)) return name
  }
}

function lastingText(
  policyFile: string,
  name: string,
  rule: Readonly<Record<string, unknown>>,
  page: Page,
): string {
  const { allow, ...rest } = rule
  const lines = /\.(?:ya?ml|json)$/.test(policyFile)
    ? stringify({ rules: { [name]: rule } }).trimEnd()
    : `rules: { '${name}': allow.${allow}(${JSON.stringify(rest).replace(/"(\w+)":/g, '$1: ')}) }`
  return `${page.ink('bold', 'To make it last, in the policy:')}\n${lines.replace(/^/gm, '  ')}\n`
}
