/**
 * The default tier: what a network's role may do, as rules. This file is the published matrix.
 *
 * | opens to →   | uplink | things          | gateway                                    |
 * |--------------|--------|-----------------|--------------------------------------------|
 * | things       | –      | –               | DNS, where its rules speak of names         |
 * | trusted      | yes    | by the thing's rule | DNS, NTP, echo; SSH and console as `admin` |
 * | guest        | yes    | –               | DNS, NTP, echo                             |
 * | uplink       | –      | –               | –                                          |
 * | gateway      | yes    | by rule         |                                            |
 *
 * DHCP and neighbour discovery are in the fixed tier, and what a forward leads inward in one of its own. What nothing allows, `default/deny` refuses.
 */

import type { AddressSet } from '../model/interval.ts'
import { unionOf } from '../model/interval.ts'
import type { Role } from '../model/policy.ts'
import type { Atom, Match, Rule } from '../model/ruleset.ts'
import { type Service, servicesOf } from '../model/service.ts'
import { builtInRule } from './built-in.ts'
import { groupOf, type Lowering } from './context.ts'
import { ANY_SERVICE } from './rules.ts'

/** TCP port of the gateway's web console. */
export const CONSOLE_PORT = 8443

const GATEWAY_SERVICES: readonly Service[] = [
  ...servicesOf('dns'),
  ...servicesOf('ntp'),
  ...servicesOf('ping'),
]
const ADMIN_SERVICES: readonly Service[] = [
  ...servicesOf('ssh'),
  { kind: 'ports', protocol: 6, first: CONSOLE_PORT, last: CONSOLE_PORT },
]
const gateway: Atom = { kind: 'gateway' }

/** The id of the rule that refuses whatever no other rule speaks of. */
export const DEFAULT_DENY = 'default/deny'

/** Rules of the matrix for the networks of this policy. `rules` are the author's own, already lowered. */
export function defaultTier(lowering: Lowering, rules: readonly Rule[]): Rule[] {
  const networks = [...lowering.networks.values()]
  const withRole = (role: Role): Atom[] =>
    networks
      .filter((network) => network.role === role)
      .map((network) => ({ kind: 'network', name: network.name }))
  const uplinks = withRole('uplink')
  const admin: AddressSet = unionOf(networks.flatMap((network) => network.admin))
  const tellable = devicesWithNames(lowering, rules)

  const candidates: [id: string, why: string, from: Atom[], to: Atom[], services: readonly Service[]][] = [
    [
      'default/trusted-to-uplink',
      'Trusted networks reach the internet',
      withRole('trusted'),
      uplinks,
      ANY_SERVICE,
    ],
    [
      'default/guest-to-uplink',
      'Guests reach the internet, and nothing else',
      withRole('guest'),
      uplinks,
      ANY_SERVICE,
    ],
    [
      'default/gateway-to-uplink',
      'The gateway fetches updates, time and names',
      [gateway],
      uplinks,
      ANY_SERVICE,
    ],
    [
      'default/gateway-services',
      'The gateway answers DNS, NTP and echo for trusted and guest networks',
      [...withRole('trusted'), ...withRole('guest')],
      [gateway],
      GATEWAY_SERVICES,
    ],
    [
      'default/admin',
      'Administrators named by the policy reach SSH and the console of the gateway',
      admin.length === 0 ? [] : [{ kind: 'addresses', set: admin }],
      [gateway],
      ADMIN_SERVICES,
    ],
    [
      'default/names',
      'A device whose rules speak of names must be able to ask the gateway for them',
      tellable.length === 0
        ? []
        : [{ kind: 'group', group: groupOf(lowering, 'devices told names', tellable) }],
      [gateway],
      servicesOf('dns'),
    ],
  ]
  const matrix = candidates.map(([id, why, from, to, services]) => {
    const possible = from.length > 0 && to.length > 0
    const match: Match = {
      from: { include: from, except: [] },
      to: { include: to, except: [] },
      services,
      startsAt: null,
      endsAt: null,
    }
    return builtInRule({ id, tier: 'default', effect: 'allow', why, matches: possible ? [match] : [] })
  })
  const everyone: Match['from'] = { include: [{ kind: 'any' }, gateway], except: [] }
  const rest: Match = { from: everyone, to: everyone, services: ANY_SERVICE, startsAt: null, endsAt: null }
  const why = 'Nothing allows it: everything is refused unless a rule says otherwise'
  return [...matrix, builtInRule({ id: DEFAULT_DENY, tier: 'default', effect: 'deny', why, matches: [rest] })]
}

function devicesWithNames(lowering: Lowering, rules: readonly Rule[]): number[] {
  const devices = new Set<number>()
  for (const rule of rules) {
    for (const { from, to } of rule.matches) {
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        if (![...one.include, ...one.except].some((atom) => atom.kind === 'name')) continue
        for (const atom of other.include) {
          if (atom.kind !== 'group') continue
          for (const device of lowering.groups[atom.group]?.devices ?? []) devices.add(device)
        }
      }
    }
  }
  return [...devices].sort((a, b) => a - b)
}
