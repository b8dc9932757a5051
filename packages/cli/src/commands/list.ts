/** `thingwall list WHAT`: what the policy holds, each entry with its reason, owner, dates and place. */
import type { Ruleset } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { suggest } from '../frame/suggest.ts'
import { renderDiagnostics } from '../render/diagnostics.ts'
import { showLine } from '../render/place.ts'
import { type Column, table } from '../render/table.ts'
import { count, safe } from '../render/text.ts'
import { entriesOf, isMatch, kinds } from './entries.ts'
import type { Entry } from './entry.ts'
import { openPolicy, policyOption } from './open.ts'
import { printedBy } from './printed.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const what = call.operands[0] as string
  const { loaded, document, ruleset, at, diagnostics } = await openPolicy(call, host)
  const all = entriesOf(what, document, ruleset, at)
  if (all === null) throw await unknownKind(what, ruleset)
  const { match } = call.options
  const entries = match === undefined ? all : all.filter((entry) => isMatch(entry, match))
  const printed = printedBy(loaded)
  return {
    exit: match !== undefined && entries.length === 0 ? exits.no : exits.fine,
    json: {
      what,
      total: all.length,
      entries: entries.map(({ origin, says: _, covers: __, ...entry }) => ({
        ...entry,
        at: origin === null ? null : showLine(origin, host.cwd),
      })),
    },
    aside: (page) => printed(page) + renderDiagnostics(diagnostics, loaded, page),
    text: (page) => listText(what, entries, all.length, match, page),
    next: nextCommands(what, match, policyOption(call)),
  }
}

function listText(
  what: string,
  entries: readonly Entry[],
  total: number,
  match: string | undefined,
  page: Page,
): string {
  if (entries.length === 0) {
    return match === undefined
      ? `no ${safe(what)}\n`
      : `none of ${count(total, 'entry')} matches ${safe(match, 80)}\n`
  }
  const rows = entries.map((entry) =>
    [
      entry.name,
      entry.says,
      entry.why ?? '',
      entry.owner ?? '',
      entry.ticket ?? '',
      entry.source ?? '',
      entry.added ?? '',
      entry.review ?? '',
      entry.expires ?? '',
      entry.state,
      entry.origin === null ? 'built in' : showLine(entry.origin, page.cwd),
    ].map((text) => safe(text)),
  )
  return `${table(columns, rows, page)}\n`
}

const columns: readonly Column[] = [
  { heading: 'name', ink: 'bold' },
  { heading: 'is', wraps: true },
  { heading: 'why', wraps: true },
  { heading: 'owner' },
  { heading: 'ticket', wraps: true },
  { heading: 'source', wraps: true },
  { heading: 'added' },
  { heading: 'review' },
  { heading: 'expires' },
  { heading: 'state', ink: 'yellow', wraps: true },
  { heading: 'at', ink: 'cyan' },
]

function nextCommands(what: string, match: string | undefined, option: string): Report['next'] {
  switch (what) {
    case 'lists':
      return [[`thingwall list NAME${option}`, 'the entries of one list']]
    case 'devices':
    case 'rules':
      return [[`thingwall explain${option} --from DEVICE --to ADDRESS:443/tcp`, 'what one flow would meet']]
    default:
      return match === undefined
        ? [[`thingwall list ${what}${option} --match TEXT`, 'only entries with this text, address or name']]
        : [
            [
              `thingwall list rules${option} --match ${kinds.includes(what) ? 'TEXT' : what}`,
              'the rules that use it',
            ],
          ]
  }
}

async function unknownKind(what: string, ruleset: Ruleset): Promise<Error> {
  const lists = [...ruleset.lists.keys()]
  const meant = await suggest(what, [...kinds, ...lists])
  const named = lists.length === 0 ? '' : `; lists of this policy: ${lists.slice(0, 10).join(', ')}`
  return usage(
    `there is nothing called '${safe(what, 80)}' to list`,
    meant === null ? `list one of: ${kinds.join(', ')}${named}` : `did you mean 'thingwall list ${meant}'?`,
  )
}
