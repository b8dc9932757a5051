/**
 * A response under the options of its request: whether what leaks is refused, reported or declared to be sent, and a decision that
 * says so. It deliberately answers nothing; adapters do.
 */
import { excludedAt } from '../declare/exclusion.ts'
import type { Decision } from '../model/decision.ts'
import type { Settings } from '../options.ts'
import { inspectResponse } from './inspect-response.ts'

/** Of the decision on the request. */
export type Asked = Pick<Decision, 'route' | 'who'>

/** The decision, where something leaks; null where nothing does. Counted and told as the decision on a request is. */
export function judgeResponse(text: string, settings: Settings, { route, who }: Asked): Decision | null {
  const { declared } = settings
  const own = route === null ? undefined : declared.routes.get(route)
  const leaks = own === undefined ? declared.leaks : own.leaks
  if (leaks === 'allow') return null
  const place = { place: 'response', name: '', part: 'value' } as const
  const excluded =
    declared.exclusions.length === 0 ? null : excludedAt(declared.exclusions, place, route, settings.now())
  const finding = inspectResponse(text, excluded ?? undefined)
  if (finding === null) return null
  const mode = own === undefined ? declared.mode : own.mode
  const verdict = mode === 'enforce' && leaks === 'refuse' ? 'refuse' : 'report'
  const decision: Decision = {
    id: settings.newId(),
    verdict,
    finding,
    route,
    who,
    answer: verdict === 'refuse' ? { status: 500, headers: [] } : null,
  }
  settings.counters.count(decision)
  settings.onDecision(decision)
  return decision
}
