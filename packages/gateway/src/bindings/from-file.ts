/**
 * What `--bindings FILE` said, together with what was learnt at run time. Both say what a device was given and told, and
 * neither alone is what packets are judged by: an address that is leased today reaches the names that the file tells.
 * Of an address that both speak of, the file says whose it is while its entry lasts.
 */
import {
  type Address,
  type Bindings,
  type BoundAddress,
  bind,
  EVERY_DEVICE,
  type Ruleset,
  type Said,
} from '@thingwall/policy'
import type { GivenDevice } from '@thingwall/policy/nftables'
import type { BindingClock } from './clock.ts'

export interface FromFile {
  /** What the file alone says of a device. */
  readonly given: (device: string) => GivenDevice
  /** The same, and what the device was given and told at run time. */
  readonly with: (device: string, learnt: GivenDevice) => GivenDevice
}

type Words = Pick<Said, 'owners' | 'names'>
type Now = Pick<BindingClock, 'now' | 'isTrusted'>

/** Where the time is not known, only what has no end. */
export function fromFile({ owners, names }: Words, clock: Now): FromFile {
  const addresses = Map.groupBy(owners, ([, { device }]) => device)
  const holds = ({ until }: { readonly until: number }): boolean => isHeld(until, clock)
  const given = (device: string): GivenDevice => {
    const told = new Map<string, readonly BoundAddress[]>()
    for (const who of [EVERY_DEVICE, device])
      for (const [name, answers] of names.get(who) ?? []) {
        const lasting = answers.filter(holds)
        if (lasting.length > 0) told.set(name, [...(told.get(name) ?? []), ...lasting])
      }
    const own = (addresses.get(device) ?? [])
      .map(([address, { until }]) => ({ address, until }))
      .filter(holds)
    return { addresses: own, names: told }
  }
  const isAnothers = (device: string, address: Address): boolean => {
    const owner = owners.get(address)
    return owner !== undefined && owner.device !== device && holds(owner)
  }
  return {
    given,
    with: (device, learnt) => {
      const own = given(device)
      return {
        addresses: [
          ...own.addresses,
          ...learnt.addresses.filter(({ address }) => !isAnothers(device, address)),
        ],
        names: namesOf(own.names, learnt.names),
      }
    },
  }
}

/** Where nothing was said. */
export const noFile: FromFile = {
  given: () => ({ addresses: [], names: new Map() }),
  with: (_device, learnt) => learnt,
}

/** The file's words as they hold now: what ends is left out where the time is not known. */
export function lasting(ruleset: Ruleset, { owners, names, gateway }: Said, clock: Now): Bindings {
  const holds = ({ until }: { readonly until: number }): boolean => isHeld(until, clock)
  return bind(ruleset, {
    owners: new Map([...owners].filter(([, owner]) => holds(owner))),
    names: new Map(
      [...names].map(([device, told]) => [
        device,
        new Map([...told].map(([name, answers]) => [name, answers.filter(holds)])),
      ]),
    ),
    gateway,
  })
}

/** Both together, as flows are judged by them. */
export function joined(ruleset: Ruleset, file: Said, learnt: Said, clock: Now): Bindings {
  const owners = new Map(learnt.owners)
  for (const [address, owner] of file.owners) {
    const other = owners.get(address)
    if (!isHeld(owner.until, clock) && other !== undefined) continue
    const isSame = other?.device === owner.device
    owners.set(address, isSame ? { ...owner, until: Math.max(owner.until, other.until) } : owner)
  }
  const names = new Map(file.names)
  for (const [device, told] of learnt.names) names.set(device, namesOf(names.get(device) ?? new Map(), told))
  return bind(ruleset, { owners, names, gateway: new Set([...file.gateway, ...learnt.gateway]) })
}

function isHeld(until: number, clock: Now): boolean {
  return until === Number.POSITIVE_INFINITY || (clock.isTrusted() && until > clock.now())
}

type Names = GivenDevice['names']

function namesOf(one: Names, other: Names): Names {
  const names = new Map(one)
  for (const [name, answers] of other) names.set(name, [...(names.get(name) ?? []), ...answers])
  return names
}
