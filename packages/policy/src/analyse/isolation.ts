/**
 * Networks on which nobody keeps devices apart: what one of them sends to another does not pass the gateway, so no
 * rule about it, and not the default either, is enforced.
 */
import type { Fault } from '../model/diagnostic.ts'
import type { Endpoint, Network, Rule, Ruleset } from '../model/ruleset.ts'
import { isOver } from './never.ts'
import type { Check } from './subject.ts'

export const isolationCheck: Check = {
  code: 'TW2012',
  *find({ ruleset, at }) {
    const sizes = Map.groupBy(ruleset.devices, (device) => device.network)
    for (const network of ruleset.networks) {
      if (network.isolation !== 'none' || (network.role !== 'things' && network.role !== 'guest')) continue
      const devices = sizes.get(network.name)?.length ?? 0
      const concerned = ruleset.rules.filter(
        (rule) => !isOver(rule.endsAt, at) && rule.origin !== null && isWithin(rule, network, ruleset),
      )
      yield faultOfNetwork(network, devices, concerned)
    }
  },
}

function faultOfNetwork(network: Network, devices: number, concerned: readonly Rule[]): Fault {
  const who = network.role === 'guest' ? 'guests' : `the ${devices} devices`
  const rules = concerned.slice(0, 3).map(({ id }) => id)
  const more = concerned.length > 3 ? ` and ${concerned.length - 3} more` : ''
  const also = rules.length === 0 ? '' : `; not enforced there: ${rules.join(', ')}${more}`
  return {
    message: `nobody keeps ${who} on ${network.name} apart: flows between them do not pass the gateway${also}`,
    path: `networks.${network.name}.isolation`,
    value: 'none',
    hint: "Isolate clients at the access point or bridge, then say so: isolation: 'access-point' or 'bridge-port'.",
    origin: network.origin,
  }
}

/** Whether a rule speaks of flows inside one network: devices of it at both ends, or one end any device, any network. */
function isWithin(rule: Rule, network: Network, ruleset: Ruleset): boolean {
  return rule.matches.some(({ from, to }) => isOn(from, network, ruleset) && isOn(to, network, ruleset))
}

function isOn({ include }: Endpoint, network: Network, ruleset: Ruleset): boolean {
  return include.some((atom) => {
    if (atom.kind === 'network') return atom.name === network.name
    if (atom.kind !== 'group') return atom.kind === 'any'
    const first = ruleset.groups[atom.group]?.devices[0]
    return first !== undefined && ruleset.devices[first]?.network === network.name
  })
}
