/**
 * Who may stand at either end of a flow, before and after: kinds of devices that neither rule set tells apart, the
 * gateway, and classes of addresses that are nobody's. Each with the points by which it is judged: real addresses, and
 * for a device without one an address that its network might lease to it.
 */
import { type Address, type Family, familyOf, type LinkAddress } from '../../model/address.ts'
import { ABSENT, findAddress } from '../../model/address-table.ts'
import type { Device, Network, Ruleset } from '../../model/ruleset.ts'
import { type AddressClass, type AddressClasses, addressClasses } from './address-classes.ts'
import { freeIn } from './free.ts'
import { interner } from './intern.ts'

/** A rule set before and one after. */
export type Both = readonly [before: Ruleset, after: Ruleset]

/** One way in which somebody sends or is reached. */
export interface Point {
  readonly address: Address
  readonly family: Family
  /** Index into `AddressClasses.all`. */
  readonly class: number
  /** The networks its packets come in by, before and after; `gateway` for its own. Empty: it sends nothing. */
  readonly doors: readonly string[]
  readonly link: LinkAddress | null
}

export type End =
  | {
      readonly kind: 'device'
      /** All of them, by name; nothing tells them apart. */
      readonly names: readonly string[]
      /** The first of them; null where it is not in that policy. */
      readonly devices: readonly [Device | null, Device | null]
      /** Who they are differs: added, removed, another address or network. */
      readonly isAnother: boolean
      readonly points: readonly Point[]
      /** Of another device of this kind, for flows between two; empty where there is one only. */
      readonly sibling: readonly Point[]
    }
  | { readonly kind: 'gateway'; readonly isAnother: boolean; readonly points: readonly Point[] }
  | {
      readonly kind: 'addresses'
      readonly class: AddressClass
      readonly points: readonly Point[]
      /** A second one; empty where there is none. */
      readonly sibling: readonly Point[]
    }

export interface Ends {
  readonly both: Both
  readonly classes: AddressClasses
  readonly all: readonly End[]
  /** Which device has which leased address, for the bindings to judge with. */
  readonly leases: ReadonlyMap<Address, string>
  /** Addresses of the gateway that no policy states, where none of the family is. */
  readonly gateway: ReadonlySet<Address>
}

const NOBODYS_LINK = '02:00:5e:00:53:01' as LinkAddress

export function endsOf(both: Both): Ends {
  const classes = addressClasses(...both)
  const leases = new Map<Address, string>()
  const taken = new Set<Address>(both.flatMap(({ gateway }) => [...gateway]))
  const isFree = (address: Address): boolean =>
    !taken.has(address) && both.every(({ owners }) => findAddress(owners, address) === ABSENT)
  const pick = (one: AddressClass): Address | null => {
    const address = freeIn(one.set, isFree)
    if (address !== null) taken.add(address)
    return address
  }
  const [devices, lease] = deviceKinds(both, classes, pick)
  for (const [address, name] of lease) leases.set(address, name)
  const nobodys = classes.all.flatMap((one, index): readonly End[] => {
    const [address, other] = [pick(one), pick(one)]
    return address === null ? [] : [addressEnd(both, one, index, [address, other])]
  })
  const added = gatewayAddresses(both, classes, pick)
  const gateway = gatewayEnds(both, classes, added)
  return { both, classes, all: [...devices, ...gateway, ...nobodys], leases, gateway: added }
}

type Pick = (one: AddressClass) => Address | null

function deviceKinds(
  both: Both,
  classes: AddressClasses,
  pick: Pick,
): readonly [readonly End[], ReadonlyMap<Address, string>] {
  const names = [...new Set(both.flatMap(({ devices }) => devices.map(({ name }) => name)))].sort()
  const intern = interner()
  const kinds: string[][] = []
  for (const name of names) {
    const number = intern(kindOf(both, classes, name))
    const kind = kinds[number]
    if (kind === undefined) kinds[number] = [name]
    else kind.push(name)
  }
  const leases = new Map<Address, string>()
  const ends = kinds.map((kind): End => {
    const [first = '', second] = kind
    const pair = devicesOf(both, first)
    const pointsOf = (name: string): readonly Point[] => {
      const leased = leasedPoints(both, classes, name, pick)
      for (const { address } of leased) leases.set(address, name)
      return [...statedPoints(both, classes, name), ...leased]
    }
    const points = pointsOf(first)
    const sibling = second === undefined ? [] : pointsOf(second)
    return { kind: 'device', names: kind, devices: pair, isAnother: isAnother(both, first), points, sibling }
  })
  return [ends, leases]
}

function devicesOf([before, after]: Both, name: string): readonly [Device | null, Device | null] {
  const of = ({ deviceByName, devices }: Ruleset): Device | null => {
    const index = deviceByName.get(name)
    return index === undefined ? null : (devices[index] ?? null)
  }
  return [of(before), of(after)]
}

/** Equal for devices that no rule of either policy, and nothing in who they are, tells apart. */
function kindOf(both: Both, classes: AddressClasses, name: string): string {
  const [before, after] = devicesOf(both, name)
  const of = (device: Device | null): string =>
    device === null ? '-' : `${device.class} ${device.network} ${device.profile}`
  const where = [...stated(before), ...stated(after)].map((address) => classes.classOf(address))
  const own = isAnother(both, name) && before !== null ? name : ''
  const isShared =
    (before === null && isClaimed(both[0], after)) || (after === null && isClaimed(both[1], before))
  const shared = isShared ? name : ''
  return [of(before), of(after), [...new Set(where)].sort().join(), own, shared].join('|')
}

/** Whether a device is new, gone, or known by something else than before. */
function isAnother(both: Both, name: string): boolean {
  const [before, after] = devicesOf(both, name)
  if (before === null || after === null) return true
  const same = [...stated(before)].sort().join() === [...stated(after)].sort().join()
  return before.link !== after.link || before.network !== after.network || !same
}

/** Whether something that a device is known by is another's in the policy that it is not in. */
function isClaimed({ owners, links }: Ruleset, device: Device | null): boolean {
  if (device === null) return false
  if (device.link !== null && links.has(device.link)) return true
  return device.addresses.some((address) => findAddress(owners, address) !== ABSENT)
}

function stated(device: Device | null): readonly Address[] {
  return (device?.addresses ?? []).filter((address) => !isLinkLocal(address))
}

/** A device talks over its link-local addresses with its neighbours only, whom the gateway does not part. */
function isLinkLocal(address: Address): boolean {
  return address.length === 32 && address >= 'fe80' && address < 'fec0'
}

function statedPoints(both: Both, classes: AddressClasses, name: string): readonly Point[] {
  const pair = devicesOf(both, name)
  const addresses = [...new Set(pair.flatMap(stated))].sort()
  return addresses.flatMap((address) => pointsAt(pair, address, classes.classOf(address)))
}

/** In every family that its network has and it states no address of: one address in each class of it. */
function leasedPoints(both: Both, classes: AddressClasses, name: string, pick: Pick): readonly Point[] {
  const pair = devicesOf(both, name)
  const families = new Set(pair.flatMap(stated).map(familyOf))
  const networks = new Set(pair.flatMap((device) => device?.network ?? []))
  return classes.all.flatMap((one, index) => {
    if (families.has(one.family) || !one.networks.some((home) => home !== null && networks.has(home)))
      return []
    const address = pick(one)
    return address === null ? [] : pointsAt(pair, address, index)
  })
}

/** A point for each link address that the device has or had. */
function pointsAt(
  pair: readonly [Device | null, Device | null],
  address: Address,
  number: number,
): readonly Point[] {
  const doors = [...new Set(pair.flatMap((device) => device?.network ?? []))]
  const links = new Set(pair.flatMap((device) => (device === null ? [] : [device.link])))
  return [...links].map((link) => ({ address, family: familyOf(address), class: number, doors, link }))
}

function addressEnd(
  both: Both,
  one: AddressClass,
  number: number,
  [address, other]: readonly [Address, Address | null],
): End {
  const homes = [...new Set(one.networks.flatMap((name) => name ?? []))]
  const isOutside = homes.every((name) => roleOf(both, name) === 'uplink')
  const link = isOutside ? null : NOBODYS_LINK
  const point = { address, family: one.family, class: number, doors: homes, link }
  const sibling = other === null ? [] : [{ ...point, address: other }]
  return { kind: 'addresses', class: one, points: [point], sibling }
}

function roleOf(both: Both, name: string): Network['role'] | undefined {
  return both.map(({ networkByName }) => networkByName.get(name)?.role).find((role) => role !== undefined)
}

/** Where no policy states an address of the gateway: one that its uplink might be given. */
function gatewayAddresses(both: Both, classes: AddressClasses, pick: Pick): ReadonlySet<Address> {
  const known = new Set(both.flatMap(({ gateway }) => [...gateway]).map(familyOf))
  const added = new Set<Address>()
  for (const family of [4, 6] as const) {
    const home = classes.all.find(
      (one) =>
        one.family === family &&
        one.networks.some((name) => name !== null && roleOf(both, name) === 'uplink'),
    )
    const address = known.has(family) || home === undefined ? null : pick(home)
    if (address !== null) added.add(address)
  }
  return added
}

/** One end for what is the gateway in both policies, and one each for what is in one only. */
function gatewayEnds(both: Both, classes: AddressClasses, added: ReadonlySet<Address>): readonly End[] {
  const [before, after] = both
  const all = [...new Set([...before.gateway, ...after.gateway, ...added])].sort()
  const isOurs = ({ gateway }: Ruleset, address: Address): boolean =>
    gateway.has(address) || added.has(address)
  // What is the gateway's in one policy only is a host's like any other in the other.
  const doorsOf = (address: Address): readonly string[] => {
    const homes = classes.all[classes.classOf(address)]?.networks ?? []
    const isMoved = !both.every((ruleset) => isOurs(ruleset, address))
    return ['gateway', ...(isMoved ? new Set(homes.flatMap((name) => name ?? [])) : [])]
  }
  const pointOf = (address: Address): Point => {
    const number = classes.classOf(address)
    return { address, family: familyOf(address), class: number, doors: doorsOf(address), link: null }
  }
  const steady = all.filter((address) => isOurs(before, address) && isOurs(after, address))
  const moved = all.filter((address) => !steady.includes(address))
  const perFamily = ([4, 6] as const).flatMap((family) =>
    steady.filter((address) => familyOf(address) === family).slice(0, 1),
  )
  return [
    { kind: 'gateway', isAnother: false, points: perFamily.map(pointOf) },
    ...moved.map((address): End => ({ kind: 'gateway', isAnother: true, points: [pointOf(address)] })),
  ]
}
