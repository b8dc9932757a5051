/**
 * Whether a policy fits this machine: every interface that is up is named by a network, and the other way round. What
 * the machine adds to the policy (delegated prefixes, its own addresses) comes from here too.
 */
import type { Address, Bindings, Diagnostic, LowerContext, PolicyDocument, Ruleset } from '@thingwall/policy'
import { diagnose, familyOf } from '@thingwall/policy'
import { type Interface, ownAddresses, type Survey } from '../machine/survey.ts'

/** The prefixes of networks that say `cidrs: 'from-interface'`, as `lower` wants them. */
export function prefixesFor(document: PolicyDocument, survey: Survey): LowerContext {
  const prefixes: Record<string, readonly string[]> = {}
  for (const [name, network] of Object.entries(document.networks)) {
    if (network.cidrs !== 'from-interface') continue
    const found = survey.interfaces
      .filter((one) => network.interface.includes(one.name))
      .flatMap((one) => one.addresses)
      // A prefix of one address says who we are, not who lives there.
      .filter((one) => one.isGlobal && !/\/(?:32|128)$/.test(one.prefix))
    prefixes[name] = [...new Set(found.map(({ prefix }) => prefix))]
  }
  return { prefixes }
}

/** Bindings with every address of this machine among the gateway's own. */
export function withOwnAddresses(bindings: Bindings, survey: Survey): Bindings {
  return { ...bindings, gateway: new Set<Address>([...bindings.gateway, ...ownAddresses(survey)]) }
}

/** Errors for what `apply` refuses, warnings for what it says. */
export function fit(document: PolicyDocument, ruleset: Ruleset, survey: Survey): readonly Diagnostic[] {
  const named = new Set(ruleset.networks.flatMap((network) => network.interfaces))
  const there = new Set(survey.interfaces.map(({ name }) => name))
  const unnamed = survey.interfaces.filter(
    (one) => one.isUp && !one.isLoopback && !one.isPort && !one.isTrunk && !named.has(one.name),
  )
  return [
    ...unnamed.map(refuseUnnamed),
    ...ruleset.networks.flatMap((network) =>
      network.interfaces
        .filter((name) => !there.has(name))
        .map((name) =>
          diagnose('TW4005', {
            message: `network ${network.name} names the interface ${name}, which is not on this machine`,
            path: `networks.${network.name}.interface`,
            value: name,
            hint: `The kernel matches by name, so it counts once it is there. Now there are: ${[...there].join(', ')}.`,
            origin: network.origin,
          }),
        ),
    ),
    ...Object.entries(document.networks).flatMap(([name, network]) =>
      network.cidrs !== 'from-interface' || (prefixesFor(document, survey).prefixes?.[name] ?? []).length > 0
        ? []
        : [
            diagnose('TW4013', {
              message: `network ${name} takes its prefixes from ${network.interface.join(', ')}, which has none yet`,
              path: `networks.${name}.cidrs`,
              hint: 'Nobody lives there until it has: apply again when it does.',
              origin: network.origin,
            }),
          ],
    ),
    ...forwardingOff(ruleset, survey),
  ]
}

function refuseUnnamed(one: Interface): Diagnostic {
  const prefixes = one.addresses.filter(({ isGlobal }) => isGlobal).map(({ prefix }) => `'${prefix}'`)
  const cidrs = prefixes.length === 0 ? '' : `, cidrs: [${prefixes.join(', ')}]`
  const name = one.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return diagnose('TW4004', {
    message: `the interface ${one.name} is up, and no network of the policy names it`,
    path: 'networks',
    value: one.name,
    hint:
      `All it carries would be dropped. Say what it is: '${name}': network({ role: 'trusted', interface: '${one.name}'${cidrs} })` +
      `, or 'things', 'guest', 'uplink'; or take it down: ip link set ${one.name} down`,
    origin: null,
  })
}

/** Turning a machine into a router is its administrator's decision, not a side effect of ours. */
function forwardingOff(ruleset: Ruleset, survey: Survey): readonly Diagnostic[] {
  if (ruleset.networks.length < 2) return []
  const families = new Set(
    ruleset.networks
      .filter(({ role }) => role !== 'uplink')
      .flatMap((network) => network.addresses.map(({ first }) => familyOf(first))),
  )
  const off = ([4, 6] as const).filter((family) => families.has(family) && !survey.forwards[family])
  if (off.length === 0) return []
  const settings = off.map((family) =>
    family === 4 ? 'net.ipv4.ip_forward=1' : 'net.ipv6.conf.all.forwarding=1',
  )
  return [
    diagnose('TW4010', {
      message: `this machine does not forward ${off.map((family) => `IPv${family}`).join(' and ')}: nothing passes between its networks`,
      path: 'networks',
      hint: `If it is to route: sysctl -w ${settings.join(' ')} (and the same lines in /etc/sysctl.d/90-thingwall.conf)`,
      origin: null,
    }),
  ]
}
