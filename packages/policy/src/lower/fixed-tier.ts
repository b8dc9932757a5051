/**
 * The fixed tier, documented like any rule: what keeps a network alive, and what no policy can allow.
 *
 * These rules speak of link addresses and packet states, not of who talks to whom, so they have no matches:
 * `evaluate` and each compiler hold them by id.
 */
import type { Rule } from '../model/ruleset.ts'
import { builtInRule } from './built-in.ts'

/** Effect and reason of each fixed rule, by id. */
export const fixedTexts = {
  'fixed/arp': [
    'allow',
    'Hosts on one network find each other by ARP; only for addresses that are their own',
  ],
  'fixed/dhcp': [
    'allow',
    'A host needs an address before anything can be said about it (RFC 2131, RFC 8415)',
  ],
  'fixed/group-membership': [
    'allow',
    'Hosts tell bridges and routers which groups they listen to, from no address while they have none (RFC 3376)',
  ],
  'fixed/icmp-errors': [
    'allow',
    'TCP and UDP need the errors that belong to a flow which is allowed (RFC 4890, RFC 5508)',
  ],
  'fixed/interface': ['deny', 'The packet came in by an interface that no network of the policy names'],
  'fixed/invalid': [
    'deny',
    'The packet cannot open a flow and belongs to none: a TCP packet that is no SYN, a stray reply or error',
  ],
  'fixed/loopback': ['allow', 'The gateway talks to itself'],
  'fixed/martian': [
    'deny',
    'No packet on a wire may go to a loopback, unspecified or reserved address (RFC 1812 5.3.7)',
  ],
  'fixed/misrouted': ['deny', 'The route leads out by an interface on which the destination does not live'],
  'fixed/neighbour-discovery': [
    'allow',
    'IPv6 hosts find each other and the router by neighbour discovery (RFC 4861)',
  ],
  'fixed/spoofed': [
    'deny',
    'The link and network address do not belong together, or the address lives elsewhere',
  ],
  'fixed/stale': ['deny', 'The flow is open, but the rule that let it in is no longer in force'],
  'fixed/stranger': [
    'deny',
    'A device nobody has named is held on a things network: it gets an address and nothing else',
  ],
} as const

export type FixedId = keyof typeof fixedTexts

/** The rules of the fixed tier, by id. */
export const fixedTier: readonly Rule[] = Object.entries(fixedTexts).map(([id, [effect, why]]) =>
  builtInRule({ id, tier: 'fixed', effect, why, matches: [] }),
)
