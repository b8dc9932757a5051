/**
 * Administrators known by their address alone: where link addresses tell devices, an address that no device with a link
 * address owns is anybody's on that network who takes it.
 */
import { formatAddress } from '../model/address.ts'
import { type AddressSet, differenceOf, unionOf } from '../model/interval.ts'
import type { Network, Ruleset } from '../model/ruleset.ts'
import type { Check } from './subject.ts'

export const bareAdminCheck: Check = {
  code: 'TW2017',
  *find({ ruleset }) {
    for (const network of ruleset.networks) {
      // The uplink's neighbours are routers; an address is all there is to tell anybody by.
      if (network.identity !== 'mac+ip' || network.role === 'uplink') continue
      const [first, ...more] = differenceOf(network.admin, boundOn(network, ruleset))
      if (first === undefined) continue
      const isOne = first.first === first.last && more.length === 0
      yield {
        message: isOne
          ? `whoever takes the address ${formatAddress(first.first)} on ${network.name} administers the gateway: no device owns it`
          : `whoever takes an administrator's address on ${network.name} administers the gateway: no device owns all of them`,
        path: `networks.${network.name}.admin`,
        value: formatAddress(first.first),
        hint: 'Add a device with its mac and this ip: then nobody else on the network can use the address.',
        origin: network.origin,
      }
    }
  },
}

/** Addresses on a network that only one link address may use. */
function boundOn(network: Network, ruleset: Ruleset): AddressSet {
  if (network.admin.length === 0) return []
  const own = ruleset.devices.filter((device) => device.network === network.name && device.link !== null)
  return unionOf(
    own.flatMap(({ addresses }) => addresses.map((address) => ({ first: address, last: address }))),
  )
}
