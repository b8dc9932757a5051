/**
 * The driver of all compilers: finds what a rule set uses, asks the target whether it can say so exactly, and
 * refuses on its behalf. It knows no target by name.
 */
import { diagnose } from '../model/diagnostic.ts'
import type { Rule, Ruleset } from '../model/ruleset.ts'
import type { CompileResult, Feature, FeatureUse, Target } from './target.ts'

export interface DriverOptions {
  /** Take renderings that allow less than the policy where no exact one exists. */
  readonly acceptStricter?: boolean
}

/** Compiles for one target, or says which rules it cannot express. Nothing is ever left out quietly. */
export function compileFor<Options>(
  target: Target<Options>,
  ruleset: Ruleset,
  options: Options,
  driver: DriverOptions = {},
): CompileResult {
  const diagnostics = [...featuresOf(ruleset)].flatMap(([feature, rules]) => {
    const support = target.supports[feature]
    if (support === 'exact' || (support === 'stricter' && driver.acceptStricter === true)) return []
    return [
      diagnose('TW3001', {
        message: `${target.name} cannot express ${feature}, which ${rules.slice(0, 3).join(', ')} need`,
        path: rules[0] ?? '',
        value: feature,
        hint:
          support === 'stricter'
            ? 'A stricter rendering exists: ask for it with --accept-stricter.'
            : `Leave these rules to another enforcement point, or write them without ${feature}.`,
        origin: ruleset.rules.find((rule) => rule.id === rules[0])?.origin ?? null,
      }),
    ]
  })
  return diagnostics.length > 0 ? [null, diagnostics] : [target.emit(ruleset, options), []]
}

/** Every feature in use, with the rules (or networks) that use it. */
export function featuresOf(ruleset: Ruleset): FeatureUse {
  const uses = new Map<Feature, string[]>()
  const use = (feature: Feature, by: string): void => {
    const known = uses.get(feature)
    if (known === undefined) uses.set(feature, [by])
    else if (!known.includes(by)) known.push(by)
  }
  for (const network of ruleset.networks) {
    if (network.identity === 'mac+ip' && network.role !== 'uplink') use('identity', network.name)
    if (network.masquerade) use('masquerade', network.name)
    if (network.role !== 'uplink' && network.addresses.some((one) => one.first.length === 32))
      use('ipv6', network.name)
  }
  for (const forward of ruleset.forwards) use('forwards', forward.id)
  for (const rule of ruleset.rules) featuresOfRule(rule, use)
  for (const limit of ruleset.limits) use('limits', limit.id)
  return uses
}

function featuresOfRule(rule: Rule, use: (feature: Feature, by: string) => void): void {
  if (rule.endsAt !== null) use('expiry', rule.id)
  if (rule.when !== null) use('schedules', rule.id)
  if (rule.tier === 'quarantine') use('quarantine', rule.id)
  for (const match of rule.matches) {
    const ends = [match.from, match.to]
    const kinds = ends.map((end) => new Set(end.include.map((atom) => atom.kind)))
    if (match.endsAt !== null || match.startsAt !== null) use('expiry', rule.id)
    if (ends.some((end) => end.except.length > 0)) use('except', rule.id)
    if (kinds.every((kind) => kind.has('group'))) use('device-to-device', rule.id)
    if (speaksOfGateway(rule) && kinds.some((kind) => kind.has('gateway'))) use('gateway-services', rule.id)
    if (ends.some((end) => [...end.include, ...end.except].some((atom) => atom.kind === 'name')))
      use('name-peers', rule.id)
    for (const service of match.services) {
      if (service.kind === 'icmp') use('icmp-types', rule.id)
      if (service.kind === 'protocol') use('protocol-numbers', rule.id)
    }
  }
}

/** What refuses the rest, and a quarantine, refuse the gateway among everyone: that is no service of it. */
function speaksOfGateway(rule: Rule): boolean {
  if (rule.tier === 'quarantine') return false
  return rule.effect === 'allow' || (rule.tier !== 'default' && rule.tier !== 'forward')
}
