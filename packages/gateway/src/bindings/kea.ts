/**
 * The lease files of Kea (memfile): CSV with a header, to which every change is appended, so the last line about an
 * address counts. `kea-lfc` now and then writes them anew: what is not yet cleaned up is in `.2` or `.completed`, what
 * came since in the file itself, and they are read in that order.
 *
 * Columns are found by their name in the header, because releases add some. State 0 is a lease in use; 1 was declined,
 * 2 has been reclaimed. A DHCPv6 lease has the link address only where Kea saw it (`hwaddr`); one without binds nothing.
 */
import { type Address, parseAddress, parseLinkAddress } from '@thingwall/policy'
import type { FileLease } from './entry.ts'

/** Endings of the files that together hold the leases, the oldest first. */
export const KEA_PARTS: readonly string[] = ['.completed', '.2', '.1', '']

/** The leases of the parts at an instant; lines that are not understood are left out. */
export function readKeaLeases(parts: readonly string[], at: number): readonly FileLease[] {
  const last = new Map<Address, FileLease | null>()
  for (const text of parts) {
    const lines = text.split('\n')
    // What stands behind the last line end is still being written.
    lines.pop()
    const header = (lines.shift() ?? '').split(',')
    const places = ['address', 'hwaddr', 'valid_lifetime', 'expire', 'state'].map((name) =>
      header.indexOf(name),
    )
    if (places.includes(-1)) continue
    for (const line of lines) {
      const fields = line.split(',')
      const [given = '', hardware = '', lifetime = '', expiry = '', state = ''] = places.map(
        (place) => fields[place],
      )
      const address = parseAddress(given)
      if (address === null) continue
      last.set(address, leaseOf(address, { hardware, lifetime, expiry, state }, at))
    }
  }
  return [...last.values()].filter((lease) => lease !== null)
}

interface Fields {
  readonly hardware: string
  readonly lifetime: string
  readonly expiry: string
  readonly state: string
}

function leaseOf(
  address: Address,
  { hardware, lifetime, expiry, state }: Fields,
  at: number,
): FileLease | null {
  const link = parseLinkAddress(hardware)
  // A lifetime of 0 is how a release is written.
  if (link === null || state !== '0' || lifetime === '0' || !/^\d{1,12}$/.test(expiry)) return null
  const forMs = lifetime === ENDLESS ? Number.POSITIVE_INFINITY : Number(expiry) * 1000 - at
  return forMs > 0 ? { link, address, forMs } : null
}

/** RFC 2131 3.3 and RFC 8415 7.7: infinity. */
const ENDLESS = '4294967295'
