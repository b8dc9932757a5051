/**
 * What is told of a verdict (NFLOG), and how much for each device: over its rate a packet is still judged and counted, only
 * not told, so counters stay exact and one device's flood leaves room for what others have to tell.
 *
 * Who sends is told by the link address; on networks whose devices are known by address, by that. What has neither (this
 * machine's own packets, interfaces without link addresses) shares one rate. Strangers have a set of their own: whoever
 * invents senders fills that one, and a full set tells nothing of senders that are not in it.
 */
import type { Ruleset } from '../../model/ruleset.ts'
import { type NftablesOptions, usualLogRate } from './options.ts'
import { addressType, FAMILIES, headerOf } from './sets.ts'
import { interfaceNames, type SetDeclaration } from './text.ts'

export interface Log {
  readonly sets: readonly SetDeclaration[]
  /** The rules that tell of a verdict and then do `rest`, its counter among it, whether they told or not. */
  readonly rules: (effect: 'allow' | 'deny', id: string, rest: string) => readonly string[]
}

/** Of these the sender is whoever it says it is. */
const UNPROVEN: ReadonlySet<string> = new Set(['fixed/interface', 'fixed/spoofed', 'fixed/stranger'])
/** Known addresses are kept this long after the last packet that was judged. */
const KEPT = '1m'
const LEAST = 4096
/** An IPv6 device may hold 16 addresses (RFC 6620); IPv4 ones fewer. */
const ADDRESSES_PER_DEVICE = 17

export function keepLog(ruleset: Ruleset, options: NftablesOptions, table: 'inet' | 'arp'): Log {
  const { log } = options
  const statement = (effect: 'allow' | 'deny', id: string): string | null =>
    log === null || (effect === 'allow' && log.verdicts === 'deny')
      ? null
      : // At most 127 bytes.
        `log prefix "thingwall:${effect}:${id}" group ${log.group}`
  const perDevice = log?.perDevice === undefined ? usualLogRate : log.perDevice
  if (log === null || perDevice === null) {
    const rules: Log['rules'] = (effect, id, rest) => {
      const told = statement(effect, id)
      return [told === null ? rest : `${told} ${rest}`]
    }
    return { sets: [], rules }
  }
  const limit = `limit rate ${perDevice.perSecond}/second burst ${perDevice.burst} packets`
  const byAddress = ruleset.networks
    .filter(({ identity }) => identity === 'ip')
    .flatMap((one) => one.interfaces)
  const isByAddress = table === 'inet' && byAddress.length > 0
  const elsewhere = isByAddress ? `iifname != ${interfaceNames(byAddress)} ` : ''
  const gates = (id: string): readonly string[] => {
    const kind = UNPROVEN.has(id) ? 'unproven' : 'sender'
    const byLink = `${elsewhere}update @log/${kind}/link { ether saddr ${limit} }`
    if (table === 'arp') return [byLink]
    return [
      byLink,
      ...(isByAddress
        ? FAMILIES.map(
            (family) =>
              `iifname ${interfaceNames(byAddress)} update @log/${kind}/${family} { ${headerOf(family)} saddr ${limit} }`,
          )
        : []),
      `${elsewhere}iiftype != ether ${limit}`,
      `iif 0 ${limit}`,
    ]
  }
  const set = (name: string, type: string, size: number): SetDeclaration => ({
    kind: 'set',
    name,
    type: `type ${type}`,
    flags: ['dynamic', 'timeout'],
    extra: [`size ${Math.max(LEAST, size)}`, `timeout ${KEPT}`],
    elements: [],
  })
  const devices = ruleset.devices.length
  const sets = (['sender', 'unproven'] as const).flatMap((kind) => [
    set(`log/${kind}/link`, 'ether_addr', kind === 'sender' ? 2 * devices : 0),
    ...(isByAddress
      ? FAMILIES.map((family) =>
          set(
            `log/${kind}/${family}`,
            addressType(family),
            kind === 'sender' ? ADDRESSES_PER_DEVICE * devices : 0,
          ),
        )
      : []),
  ])
  return {
    sets,
    rules(effect, id, rest) {
      const told = statement(effect, id)
      return told === null ? [rest] : [...gates(id).map((gate) => `${gate} ${told}`), rest]
    },
  }
}
