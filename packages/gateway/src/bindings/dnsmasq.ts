/**
 * The lease file of dnsmasq: `expiry link address name client-id`, IPv6 behind a line `duid …`. Read as data of
 * strangers, because clients choose names in it: only the instant, the link address and the address are looked at.
 *
 * A DHCPv6 lease names no link address, but an identity that most clients derive from one (RFC 8415 11.2, 11.4). That is
 * a claim of the client and no evidence, so such leases bind nothing; the wire and first-come binding see who asks.
 */
import { parseAddress, parseLinkAddress } from '@thingwall/policy'
import type { FileLease } from './entry.ts'

/** The leases of a file at an instant; lines that are not understood are left out. */
export function readDnsmasqLeases(text: string, at: number): readonly FileLease[] {
  const leases: FileLease[] = []
  for (const line of text.split('\n')) {
    // What follows is of DHCPv6.
    if (line.startsWith('duid ')) break
    const [expiry = '', client = '', given = ''] = line.split(' ', 3)
    // Another hardware type than Ethernet stands before the link address: `06-…`.
    const link = parseLinkAddress(client)
    const address = parseAddress(given)
    if (link === null || address === null || !/^\d{1,12}$/.test(expiry)) continue
    // 0 stands for a lease without end.
    const forMs = expiry === '0' ? Number.POSITIVE_INFINITY : Number(expiry) * 1000 - at
    if (forMs > 0) leases.push({ link, address, forMs })
  }
  return leases
}
