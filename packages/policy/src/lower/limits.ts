/** Lowers what profiles limit: a ceiling in bytes or new connections for each device of the group. */
import { parseByteRate, parseConnectionRate } from '../author/limit.ts'
import type { Limit } from '../model/ruleset.ts'
import type { Lowering } from './context.ts'
import { profileAtom } from './endpoints.ts'

export function lowerLimits(lowering: Lowering): Limit[] {
  const limits: Limit[] = []
  for (const [name, profile] of Object.entries(lowering.document.profiles)) {
    const { egress, newConnections } = profile.limits
    const common = { group: profileAtom(lowering, name).group, why: profile.why, origin: profile.origin }
    const bytes = egress === undefined ? null : parseByteRate(egress)
    if (bytes !== null)
      limits.push({ id: `limit/${name}/egress`, measure: 'egress-bytes', ...bytes, ...common })
    const connections = newConnections === undefined ? null : parseConnectionRate(newConnections)
    if (connections !== null) {
      limits.push({
        id: `limit/${name}/new-connections`,
        measure: 'new-connections',
        ...connections,
        ...common,
      })
    }
  }
  return limits
}
