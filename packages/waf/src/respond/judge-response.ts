/**
 * A response under the options of its request: whether what leaks is refused, reported or declared to be sent, and a decision that
 * says so. It deliberately answers nothing; adapters do.
 */
import { excludedAt } from '../declare/exclusion.ts'
import type { Decision, Finding } from '../model/decision.ts'
import type { Settings } from '../options.ts'
import { inspectResponse, ResponseInspector } from './inspect-response.ts'

/** Of the decision on the request. */
export type Asked = Pick<Decision, 'route' | 'who'>

/** The decision, where something leaks; null where nothing does. Counted and told as the decision on a request is. */
export function judgeResponse(text: string, settings: Settings, asked: Asked): Decision | null {
  const skipped = skippedRules(settings, asked)
  const finding = skipped === null ? null : inspectResponse(text, skipped)
  return finding === null ? null : leaked(finding, settings, asked)
}

/** What judges a response that comes in pieces; null where whatever leaks is meant to be sent. */
export function responseInspector(settings: Settings, asked: Asked): ResponseInspector | null {
  const skipped = skippedRules(settings, asked)
  return skipped === null ? null : new ResponseInspector(skipped)
}

/** The decision on what was found, counted and told. `passedBytes`: of a response that flowed on meanwhile. */
export function leaked(
  finding: Finding,
  settings: Settings,
  { route, who }: Asked,
  passedBytes?: number,
): Decision {
  const { declared } = settings
  const own = route === null ? undefined : declared.routes.get(route)
  const mode = own === undefined ? declared.mode : own.mode
  const verdict = mode === 'enforce' && leaksOf(settings, route) === 'refuse' ? 'refuse' : 'report'
  const decision: Decision = {
    id: settings.newId(),
    verdict,
    finding,
    route,
    who,
    answer: verdict === 'refuse' ? { status: 500, headers: [] } : null,
    ...(passedBytes !== undefined && { passedBytes }),
  }
  settings.counters.count(decision)
  settings.onDecision(decision)
  return decision
}

function leaksOf({ declared }: Settings, route: string | null): Settings['declared']['leaks'] {
  const own = route === null ? undefined : declared.routes.get(route)
  return own === undefined ? declared.leaks : own.leaks
}

/** The rules that do not hold here; null where none does. */
function skippedRules(settings: Settings, { route }: Asked): ReadonlySet<string> | null {
  if (leaksOf(settings, route) === 'allow') return null
  const { exclusions } = settings.declared
  const place = { place: 'response', name: '', part: 'value' } as const
  return (exclusions.length === 0 ? null : excludedAt(exclusions, place, route, settings.now())) ?? new Set()
}
