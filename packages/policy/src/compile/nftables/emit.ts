/**
 * The nftables target: one `inet` and one `arp` table, replaced whole in one transaction by `nft -f`.
 *
 * Rules grow with kinds of devices and never with devices; devices are elements of sets. The digest covers what the
 * policy says, not bindings or how long things have left, so that applying the same policy twice is a no-op.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { noBindings } from '../../evaluate/bindings.ts'
import type { Rule, Ruleset } from '../../model/ruleset.ts'
import type { Artifact, Target } from '../target.ts'
import { arpTable } from './arp.ts'
import { baseChains } from './hooks.ts'
import { guardIdentity } from './identity.ts'
import { judge } from './judge.ts'
import { keepLimits } from './limits.ts'
import { type NftablesOptions, TABLE } from './options.ts'
import { createSets } from './sets.ts'
import { assignSlots, type Slots } from './slots.ts'
import { hex, type SetDeclaration, writeTable } from './text.ts'
import { counterOf, verdictChains } from './verdicts.ts'

/** Compiles a rule set for the Linux kernel. Options default to no bindings and no logging. */
export const nftables: Target<Partial<NftablesOptions>> = {
  name: 'nftables',
  supports: {
    identity: 'exact',
    'device-to-device': 'exact',
    'name-peers': 'exact',
    except: 'exact',
    expiry: 'exact',
    schedules: 'exact',
    limits: 'exact',
    'icmp-types': 'exact',
    'protocol-numbers': 'exact',
    ipv6: 'exact',
    masquerade: 'exact',
    'gateway-services': 'exact',
    quarantine: 'exact',
  },
  emit: (ruleset, options) => emit(ruleset, { bindings: noBindings, at: 0, log: null, ...options }),
}

function emit(ruleset: Ruleset, options: NftablesOptions): Artifact {
  const slots = assignSlots(ruleset)
  const lasting = write(ruleset, slots, { ...options, bindings: noBindings }, '')
  const digest = bytesToHex(sha256(utf8ToBytes(lasting))).slice(0, 32)
  const text = write(ruleset, slots, options, `thingwall ${digest}`)
  return { target: 'nftables', text, digest, places: placesOf(ruleset, slots) }
}

function write(ruleset: Ruleset, slots: Slots, options: NftablesOptions, comment: string): string {
  const sets = createSets(ruleset, options)
  const limits = keepLimits(ruleset, sets, options)
  const identity = guardIdentity(ruleset, sets, options)
  const judgement = judge(ruleset, sets, slots)
  const inet = writeTable({
    family: 'inet',
    name: TABLE,
    comment,
    counters: [...ruleset.rules, ...ruleset.limits].map((rule) => counterOf(rule.id)),
    sets: [
      liveSet(slots, options, comment),
      ...identity.sets,
      ...sets.declarations(),
      ...limits.sets,
      ...judgement.sets,
    ],
    chains: [
      ...verdictChains(slots, options, limits.admission),
      ...limits.chains,
      ...judgement.chains,
      ...identity.chains,
      ...baseChains(ruleset, { limitChain: limits.traffic }),
    ],
  })
  return `${inet}\n${writeTable(arpTable(ruleset, sets, options, comment))}`
}

/** Numbers of the rules in force. Where a rule ends, its number goes by itself, and its open flows with it. */
function liveSet(slots: Slots, options: NftablesOptions, comment: string): SetDeclaration {
  const elements = slots.all.flatMap((slot) => {
    if (slot.rule.effect !== 'allow') return []
    const text = hex(slot.number)
    // The lasting text, whose digest is taken, says when a rule ends instead of how long it has left.
    if (comment === '') return [{ text: slot.endsAt === null ? text : `${text} until ${slot.endsAt}` }]
    if (slot.endsAt === null) return [{ text }]
    return slot.endsAt <= options.at ? [] : [{ text, timeoutMs: slot.endsAt - options.at }]
  })
  return { kind: 'set', name: 'live', type: 'type mark', flags: ['timeout'], elements }
}

function placesOf(ruleset: Ruleset, slots: Slots): Artifact['places'] {
  const places: Record<string, string[]> = {}
  for (const id of [...ruleset.rules, ...ruleset.limits].map((rule: Pick<Rule, 'id'>) => rule.id)) {
    places[id] = [`counter inet ${TABLE} ${counterOf(id)}`]
  }
  for (const slot of slots.all) places[slot.rule.id]?.push(`chain inet ${TABLE} ${slot.chain}`)
  return places
}
