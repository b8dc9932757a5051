/**
 * `network`: a part of the site with one role, on one or several interfaces.
 *
 * Only what is said, with its defaults. Whether networks overlap, and what lives on them, is for `lower`.
 */
import type { Identity, Isolation, NetworkDocument } from '../model/policy.ts'
import { propertiesOf, severalOf } from './given.ts'
import { originOfCaller } from './origin.ts'

interface AnyNetwork {
  readonly why?: string
  /** The interface of the gateway, or several of them. */
  readonly interface: string | readonly string[]
  /** The gateway's own addresses here; by default the first of each prefix. */
  readonly gateway?: string | readonly string[]
  /** Addresses or prefixes of this network that may administer the gateway. */
  readonly admin?: string | readonly string[]
  /** Who keeps its devices apart; `none`, the default, is shown as not enforced. */
  readonly isolation?: Isolation
  /** What proves who sent a packet; by default link and network address together, on an uplink the latter. */
  readonly identity?: Identity
}

/** A network behind the gateway. */
export interface InsideOptions extends AnyNetwork {
  readonly role: 'things' | 'trusted' | 'guest'
  /** Its prefixes; `from-interface` where they are delegated. */
  readonly cidrs: string | readonly string[]
}

/** The way out. */
export interface UplinkOptions extends AnyNetwork {
  readonly role: 'uplink'
  readonly cidrs?: string | readonly string[]
  /** Whether IPv4 sources are translated to the gateway's address. */
  readonly masquerade?: boolean
}

export type NetworkOptions = InsideOptions | UplinkOptions

/** Describes a network: its role, its interfaces, its prefixes. */
export function network(options: NetworkOptions): NetworkDocument {
  const { interface: interfaces, cidrs, gateway, admin, ...rest } = propertiesOf(options)
  return {
    masquerade: false,
    isolation: 'none',
    identity: rest.role === 'uplink' ? 'ip' : 'mac+ip',
    ...rest,
    interface: severalOf(interfaces),
    cidrs: cidrs === 'from-interface' ? cidrs : severalOf(cidrs),
    gateway: gateway === undefined ? null : severalOf(gateway),
    admin: severalOf(admin),
    origin: originOfCaller(network),
  }
}
