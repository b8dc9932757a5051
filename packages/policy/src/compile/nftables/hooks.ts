/**
 * The base chains: live flows first, then what keeps the network alive, then judgement of what is new.
 *
 * A flow stays let in only while the number of what let it in is live (`live.ts`). When it is not, its next packet is
 * judged anew, whichever side sends it.
 */
import { familyOf } from '../../model/address.ts'
import type { Network, Ruleset } from '../../model/ruleset.ts'
import { ADVERTISEMENT, SPOOFED, TARGET, writeTargets } from './claims.ts'
import { MEMBERSHIP, TO_OWN_ECHO } from './identity.ts'
import { chainOf } from './judge.ts'
import { ICMP_ERRORS, type Live } from './live.ts'
import { headerOf } from './sets.ts'
import { type ChainDeclaration, interfaceNames, OUR_MARK, OURS, writeInterval } from './text.ts'

/** The answering side of an open flow whose number is not live. */
const ANSWER = 'ct state established ct direction reply'
const TO_MEMBERSHIP = `${MEMBERSHIP} goto allow/fixed/group-membership`
/** Linux says "too big" before the forward hook: of a flow whose first packet it is, nothing has been decided yet. */
const TOO_BIG_AT_FIRST = ['icmp type 3 icmp code 4', 'icmpv6 type 2'].map(
  (error) => `${error} ct state related ${OUR_MARK} 0x00000000 goto allow/fixed/icmp-errors`,
)

export interface HookParts {
  /** Rules that hold flows to their limits, before anything accepts them. */
  readonly limitChain: string | null
  readonly live: Live
}

export function baseChains(ruleset: Ruleset, parts: HookParts): readonly ChainDeclaration[] {
  const limit = parts.limitChain === null ? [] : [`jump ${parts.limitChain}`]
  const live = [...limit, ...parts.live.accept]
  const local = ruleset.networks.filter((network) => network.role !== 'uplink')
  const uplinks = ruleset.networks.filter((network) => network.role === 'uplink')
  return [
    {
      name: 'forward',
      hook: 'type filter hook forward priority filter; policy drop;',
      rules: [
        ...live,
        'jump tracked',
        `${ANSWER} goto ${chainOf('through', 'answerer')}`,
        'jump route',
        'goto through',
      ],
    },
    {
      name: 'input',
      hook: 'type filter hook input priority filter; policy drop;',
      rules: [
        'iifname "lo" accept',
        ...live,
        TO_OWN_ECHO,
        'meta l4proto icmpv6 jump discovery',
        'meta l4proto udp jump leases',
        TO_MEMBERSHIP,
        'jump tracked',
        `${ANSWER} goto ${chainOf('outward', 'answerer')}`,
        // To everybody is to nobody's address: only a rule about it, or about any, lets it in.
        'ip daddr 255.255.255.255 goto through',
        `${OURS} goto inward`,
        'goto through',
      ],
    },
    {
      name: 'output',
      hook: 'type filter hook output priority filter; policy drop;',
      rules: [
        'oifname "lo" accept',
        ...parts.live.accept,
        'icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 143 } goto allow/fixed/neighbour-discovery',
        'meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } goto allow/fixed/dhcp',
        'meta nfproto ipv6 udp sport . udp dport { 546 . 547, 547 . 546 } goto allow/fixed/dhcp',
        TO_MEMBERSHIP,
        ...TOO_BIG_AT_FIRST,
        'jump tracked',
        `${ANSWER} goto ${chainOf('inward', 'answerer')}`,
        'goto outward',
      ],
    },
    {
      name: 'tracked',
      rules: [
        'ip daddr { 0.0.0.0/8, 127.0.0.0/8 } goto deny/fixed/martian',
        'ip6 daddr ::/127 goto deny/fixed/martian',
        // A redirect leads around the gateway, and where somebody keeps devices apart to nowhere.
        'icmp type 5 goto deny/fixed/invalid',
        'ct state related,invalid,untracked jump tracked/odd',
        'ct state new tcp flags & (fin|syn|rst|ack) != syn goto deny/fixed/invalid',
      ],
    },
    {
      name: 'tracked/odd',
      rules: [
        ...parts.live.errors,
        `${ICMP_ERRORS} goto deny/fixed/stale`,
        'ct state invalid,untracked goto deny/fixed/invalid',
      ],
    },
    { name: 'discovery', rules: discoveryRules(local, uplinks) },
    { name: 'leases', rules: leaseRules(local, uplinks) },
    ...routeChains(ruleset),
    ...(uplinks.some((network) => network.masquerade) ? [masqueradeChain(local, uplinks)] : []),
  ]
}

function discoveryRules(local: readonly Network[], uplinks: readonly Network[]): readonly string[] {
  const accept = 'fib daddr type { local, anycast, multicast } goto allow/fixed/neighbour-discovery'
  const rules: string[] = []
  if (uplinks.length > 0) {
    // From outside nobody says where an address of ours is, or of our devices.
    const advertisement = `${from(uplinks)} ${ADVERTISEMENT} ${TARGET}`
    const inside = local.flatMap((network) => network.addresses).filter((one) => familyOf(one.first) === 6)
    rules.push(`${advertisement} @claimed ${SPOOFED}`)
    if (inside.length > 0)
      rules.push(`${advertisement} { ${inside.map(writeTargets).join(', ')} } ${SPOOFED}`)
  }
  rules.push(`icmpv6 type { 130, 131, 132, 135, 136, 143 } ${accept}`)
  if (uplinks.length > 0) rules.push(`${from(uplinks)} icmpv6 type 134 ${accept}`)
  if (local.length > 0) rules.push(`${from(local)} icmpv6 type 133 ${accept}`)
  return rules
}

function leaseRules(local: readonly Network[], uplinks: readonly Network[]): readonly string[] {
  const accept = 'goto allow/fixed/dhcp'
  return [
    [local, 'udp sport 68 udp dport 67', 'udp sport 546 udp dport 547'] as const,
    [uplinks, 'udp sport 67 udp dport 68', 'udp sport 547 udp dport 546'] as const,
  ].flatMap(([networks, four, six]) =>
    networks.length === 0
      ? []
      : [
          `${from(networks)} ${four} ip daddr 224.0.0.0/4 ${accept}`,
          `${from(networks)} ${four} meta nfproto ipv4 ${OURS} ${accept}`,
          `${from(networks)} ${six} ip6 daddr ff00::/8 ${accept}`,
          `${from(networks)} ${six} meta nfproto ipv6 ${OURS} ${accept}`,
        ],
  )
}

function from(networks: readonly Network[]): string {
  return `iifname ${interfaceNames(networks.flatMap((network) => network.interfaces))}`
}

/** A forwarded packet leaves by an interface of the network its destination lives on. */
function routeChains(ruleset: Ruleset): readonly ChainDeclaration[] {
  const misrouted = 'goto deny/fixed/misrouted'
  const local = ruleset.networks.filter((network) => network.role !== 'uplink')
  const everyLocal = local.flatMap((network) => network.addresses)
  const chains: ChainDeclaration[] = ruleset.networks.map((network) => {
    const isUplink = network.role === 'uplink'
    const rules = ([4, 6] as const).flatMap((family) => {
      const set = (isUplink ? everyLocal : network.addresses).filter((one) => familyOf(one.first) === family)
      const list = `{ ${set.map(writeInterval).join(', ')} }`
      if (set.length === 0) return isUplink ? [`meta nfproto ipv${family} return`] : []
      return [`${headerOf(family)} daddr ${isUplink ? '!= ' : ''}${list} return`]
    })
    return { name: `route/${network.name}`, rules: [...rules, misrouted] }
  })
  const doors = ruleset.networks.flatMap((network) =>
    network.interfaces.map((name) => `"${name}" : goto route/${network.name}`),
  )
  return [...chains, { name: 'route', rules: [`oifname vmap { ${doors.join(', ')} }`, misrouted] }]
}

function masqueradeChain(local: readonly Network[], uplinks: readonly Network[]): ChainDeclaration {
  const out = uplinks.filter((network) => network.masquerade).flatMap((network) => network.interfaces)
  const inside = local.flatMap((network) => network.addresses).filter((one) => familyOf(one.first) === 4)
  return {
    name: 'translate',
    hook: 'type nat hook postrouting priority srcnat; policy accept;',
    rules:
      inside.length === 0
        ? []
        : [`oifname ${interfaceNames(out)} ip saddr { ${inside.map(writeInterval).join(', ')} } masquerade`],
  }
}
