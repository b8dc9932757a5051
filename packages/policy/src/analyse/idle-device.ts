/**
 * Devices that no allow speaks of: they get an address and nothing else. Either a rule is missing, or the device
 * should not be there. Devices on trusted and guest networks have the role's own rules and are left out.
 */
import type { Fault } from '../model/diagnostic.ts'
import { contains } from '../model/interval.ts'
import type { Atom, Device, Ruleset } from '../model/ruleset.ts'
import { isOver } from './never.ts'
import type { Check, Subject } from './subject.ts'

export const idleDeviceCheck: Check = {
  code: 'TW2006',
  *find(subject) {
    const { document, ruleset } = subject
    const idle = idleDevices(subject)
    const byProfile = Map.groupBy(idle, ({ profile }) => profile)
    for (const [profile, devices] of byProfile) {
      const sharing = ruleset.devices.filter((device) => device.profile === profile)
      if (profile !== null && sharing.length === devices.length && devices.length > 1) {
        yield {
          message: `no rule allows the ${devices.length} devices with profile ${profile} anything`,
          path: `profiles.${profile}`,
          hint: 'Add a rule to the profile, or remove the devices.',
          origin: document.profiles[profile]?.origin ?? null,
        }
      } else yield* devices.map(faultOfDevice)
    }
  },
}

function faultOfDevice(device: Device): Fault {
  return {
    message: `no rule allows ${device.name} anything: it gets an address, and nothing else`,
    path: `devices.${device.name}`,
    hint: 'Give it a profile or a rule, or remove it.',
    origin: device.origin,
  }
}

function idleDevices({ document, ruleset, at }: Subject): readonly Device[] {
  const things = new Set(ruleset.networks.filter(({ role }) => role === 'things').map(({ name }) => name))
  const groups = new Set<number>()
  const wider: Atom[] = []
  for (const rule of ruleset.rules) {
    const isForward = rule.tier === 'forward' && rule.effect === 'allow'
    if ((rule.tier !== 'allow' && !isForward) || isOver(rule.endsAt, at)) continue
    for (const { from, to } of rule.matches) {
      const atoms = isForward ? to.include : [...from.include, ...to.include]
      const named = atoms.filter((atom) => atom.kind === 'group')
      for (const { group } of named) groups.add(group)
      // The peer `any` of a rule about some devices does not speak of the others.
      wider.push(...atoms.filter((atom) => atom.kind !== 'any' || named.length === 0))
    }
  }
  const isSpokenOf = ruleset.classes.map(({ groups: own }) => [...own].some((group) => groups.has(group)))
  return ruleset.devices.filter(
    (device) =>
      things.has(device.network) &&
      isSpokenOf[device.class] !== true &&
      !administers(device, ruleset) &&
      !Object.hasOwn(document.quarantine, device.name) &&
      !wider.some((atom) => speaksOf(atom, device)),
  )
}

/** It may be there only so that nobody else takes its address. */
function administers(device: Device, { networkByName }: Ruleset): boolean {
  const admin = networkByName.get(device.network)?.admin ?? []
  return device.addresses.some((address) => contains(admin, address))
}

function speaksOf(atom: Atom, device: Device): boolean {
  if (atom.kind === 'any') return true
  if (atom.kind === 'network') return atom.name === device.network
  return atom.kind === 'addresses' && device.addresses.some((address) => contains(atom.set, address))
}
