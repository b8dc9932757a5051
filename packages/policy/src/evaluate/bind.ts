/** Makes bindings out of what was said: the same, with tables by device and pattern of one rule set beside it. */
import { addressTable, putAddress } from '../model/address-table.ts'
import type { Bindings, Leases, Said } from '../model/flow.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { nothingTold, tellAll } from './told.ts'

const noLeases: Leases = {
  places: addressTable(0, 0),
  devices: new Int32Array(0),
  until: new Float64Array(0),
}

/** Nothing given, nothing told; of any rule set. */
export const noBindings: Bindings = {
  owners: new Map(),
  names: new Map(),
  gateway: new Set(),
  leases: noLeases,
  told: nothingTold,
}

/** Bindings for one rule set. Devices that it does not know have nothing. */
export function bind(ruleset: Ruleset, said: Said): Bindings {
  const { owners, names, gateway } = said
  return { owners, names, gateway, leases: leasesOf(ruleset, owners), told: tellAll(ruleset, names) }
}

function leasesOf({ deviceByName }: Ruleset, owners: Said['owners']): Leases {
  if (owners.size === 0) return noLeases
  let six = 0
  for (const address of owners.keys()) if (address.length === 32) six += 1
  const places = addressTable(owners.size - six, six)
  const devices = new Int32Array(owners.size)
  const untils = new Float64Array(owners.size)
  let next = 0
  for (const [address, { device, until }] of owners) {
    const index = deviceByName.get(device)
    if (index === undefined) continue
    devices[next] = index
    untils[next] = until
    putAddress(places, address, next++)
  }
  return { places, devices, until: untils }
}
