/**
 * The nftables target: one `inet` and one `arp` table, replaced whole in one transaction by `nft -f`.
 *
 * Rules grow with kinds of devices and never with devices; devices are elements of sets. The digest covers what the
 * policy says, not bindings or how long things have left, so that applying the same policy twice is a no-op.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { noBindings } from '../../evaluate/bind.ts'
import type { Rule, Ruleset } from '../../model/ruleset.ts'
import type { Artifact, Target } from '../target.ts'
import { arpTable } from './arp.ts'
import { forwarding } from './forwards.ts'
import { baseChains } from './hooks.ts'
import { guardIdentity } from './identity.ts'
import { judge } from './judge.ts'
import { keepLimits } from './limits.ts'
import { keepLive } from './live.ts'
import { keepLog } from './log.ts'
import { type NftablesOptions, TABLE } from './options.ts'
import { createSets, type Sets } from './sets.ts'
import { assignSlots, type Slots } from './slots.ts'
import { type TableDeclaration, writeInterval, writeTable } from './text.ts'
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
    forwards: 'exact',
    'gateway-services': 'exact',
    quarantine: 'exact',
  },
  emit: (ruleset, options) => emit(ruleset, { bindings: noBindings, at: 0, log: null, ...options }),
}

function emit(ruleset: Ruleset, options: NftablesOptions): Artifact {
  const slots = assignSlots(ruleset)
  const sets = createSets(ruleset, options)
  const arp = writeTable(arpTable(ruleset, sets, options))
  const inet = writeTable(inetTable(ruleset, sets, slots, options))
  const hash = sha256.create()
  for (const part of [inet.lasting, arp.lasting, ...membership(ruleset, slots)])
    hash.update(utf8ToBytes(part))
  const digest = bytesToHex(hash.digest()).slice(0, 32)
  const comment = `thingwall ${digest}`
  const text = `${inet.textWith(comment)}\n${arp.textWith(comment)}`
  return { target: 'nftables', text, digest, places: placesOf(ruleset, slots) }
}

function inetTable(ruleset: Ruleset, sets: Sets, slots: Slots, options: NftablesOptions): TableDeclaration {
  const log = keepLog(ruleset, options, 'inet')
  const limits = keepLimits(ruleset, log)
  const identity = guardIdentity(ruleset, sets, options)
  const judgement = judge(ruleset, sets, slots)
  const live = keepLive(slots, options)
  const forwards = forwarding(ruleset, sets, options)
  return {
    family: 'inet',
    name: TABLE,
    counters: [...ruleset.rules, ...ruleset.limits].map((rule) => counterOf(rule.id)),
    sets: [
      ...live.sets,
      ...identity.sets,
      ...sets.declarations(),
      ...limits.sets,
      ...judgement.sets,
      ...log.sets,
      ...forwards.sets,
    ],
    chains: [
      ...verdictChains(slots, log, limits.admission),
      ...limits.chains,
      ...judgement.chains,
      ...identity.chains,
      ...live.chains,
      ...forwards.chains,
      ...baseChains(ruleset, { limitChain: limits.traffic, live }),
    ],
  }
}

/** What the elements of derived sets are made from, as far as the policy says it: for the digest. */
function* membership(ruleset: Ruleset, slots: Slots): Iterable<string> {
  for (const network of ruleset.networks)
    yield `\n${network.name} ${network.addresses.map(writeInterval).join()}`
  yield `\n${ruleset.classes.map((one) => [...one.groups].join('+')).join()}`
  for (const { id, network, services, to, port } of ruleset.forwards)
    yield `\n${JSON.stringify([id, network, services, to, port])}`
  yield `\n${slots.all.map((slot) => `${slot.numbers.map(({ value }) => value).join('+')}:${slot.endsAt}`).join()}`
  let batch = ''
  for (const device of ruleset.devices) {
    batch += `\n${device.network} ${device.link} ${device.class} ${device.addresses.join()}`
    if (batch.length < 65_536) continue
    yield batch
    batch = ''
  }
  yield batch
}

function placesOf(ruleset: Ruleset, slots: Slots): Artifact['places'] {
  const places: Record<string, string[]> = {}
  for (const id of [...ruleset.rules, ...ruleset.limits].map((rule: Pick<Rule, 'id'>) => rule.id)) {
    places[id] = [`counter inet ${TABLE} ${counterOf(id)}`]
  }
  for (const slot of slots.all) places[slot.rule.id]?.push(`chain inet ${TABLE} ${slot.chain}`)
  return places
}
