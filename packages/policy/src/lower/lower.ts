/**
 * `lower`: from the policy as written to the rule set as meant. Names resolved, groups formed, rules in winning order.
 *
 * The input has passed `validate`; what can only be wrong across the whole policy (a reference to nothing, two
 * devices with one address) is found here, all faults at once. Pure, and linear in devices and rules.
 */
import { traitsOf } from '../model/device-traits.ts'
import { type Diagnostic, hasErrors } from '../model/diagnostic.ts'
import { unionOf } from '../model/interval.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { lowerApis } from './apis.ts'
import { type Lowering, report } from './context.ts'
import { defaultTier } from './default-tier.ts'
import { lowerDevices } from './devices.ts'
import { fixedTier } from './fixed-tier.ts'
import { forwardTier, lowerForwards } from './forwards.ts'
import { lowerLimits } from './limits.ts'
import { lowerLists } from './lists.ts'
import { lowerNetworks } from './networks.ts'
import { classify, indexRules, inWinningOrder } from './order.ts'
import { patternsOf } from './parts.ts'
import { lowerRules } from './rules.ts'

export interface LowerContext {
  /** Prefixes by network, where the policy says `cidrs: 'from-interface'`. */
  readonly prefixes?: Readonly<Record<string, readonly string[]>>
}

/**
 * Lowers a validated policy. The rule set is null when any diagnostic is an error: nothing is half-lowered.
 *
 * @example
 * const [ruleset, diagnostics] = lower(document)
 */
export function lower(
  document: PolicyDocument,
  context: LowerContext = {},
): readonly [Ruleset | null, readonly Diagnostic[]] {
  const lowering: Lowering = {
    document,
    diagnostics: [],
    networks: new Map(),
    deviceByName: new Map(),
    byProfile: new Map(),
    byLabel: new Map(),
    lists: new Map(),
    forwards: [],
    groups: [],
    groupByLabel: new Map(),
  }
  refuseSharedNames(lowering)
  lowerNetworks(lowering, context.prefixes ?? {})
  lowerLists(lowering)
  const { devices, owners, links } = lowerDevices(lowering)
  const authored = [...lowerRules(lowering), ...lowerForwards(lowering)]
  refuseSharedIds(
    lowering,
    authored.map((rule) => rule.id),
  )
  const limits = lowerLimits(lowering)
  lowerApis(lowering)
  if (hasErrors(lowering.diagnostics)) return [null, lowering.diagnostics]

  const rules = inWinningOrder([
    ...fixedTier,
    ...authored,
    ...forwardTier,
    ...defaultTier(lowering, authored),
  ])
  const { classes, classOf } = classify(devices.length, lowering.groups)
  for (const [index, device] of devices.entries()) device.class = classOf[index] as number
  const patterns = patternsOf(rules)
  const named = {
    networks: lowering.networks,
    patterns: new Map(patterns.map((pattern, index) => [pattern, index])),
  }
  const inside = [...lowering.networks.values()].filter((network) => network.role !== 'uplink')
  const local = unionOf(inside.flatMap((network) => network.addresses))
  const ruleset: Ruleset = {
    name: document.name,
    networks: [...lowering.networks.values()],
    devices,
    groups: lowering.groups,
    classes,
    rules,
    limits,
    forwards: lowering.forwards,
    lists: lowering.lists,
    patterns,
    index: indexRules(rules, classes, lowering.groups.length, named, local),
    owners,
    links,
    traits: traitsOf(devices, lowering.networks.keys()),
    gateway: new Set([...lowering.networks.values()].flatMap((network) => network.gateway)),
    local,
    deviceByName: lowering.deviceByName,
    networkByName: lowering.networks,
  }
  return [ruleset, lowering.diagnostics]
}

/** A word in a rule must mean one thing: networks and devices share no names. */
function refuseSharedNames(lowering: Lowering): void {
  const { networks, devices } = lowering.document
  for (const name of Object.keys(networks)) {
    const device = Object.hasOwn(devices, name) ? devices[name] : undefined
    if (device === undefined) continue
    report(lowering, 'TW1016', {
      message: `${name} is both a network and a device`,
      path: `devices.${name}`,
      value: name,
      hint: 'Rename one of them: in a rule the word must mean one thing.',
      origin: device.origin,
    })
  }
}

function refuseSharedIds(lowering: Lowering, ids: readonly string[]): void {
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) {
      report(lowering, 'TW1016', {
        message: `two rules have the id ${id}`,
        path: `rules.${id}`,
        value: id,
        hint: 'A profile and a device of one name have rules of one name: rename one of them.',
        origin: null,
      })
    }
    seen.add(id)
  }
}
