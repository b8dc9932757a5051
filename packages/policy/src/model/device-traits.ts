/**
 * Class, network and link address of every device once more, as numbers in one flat array: what `evaluate` asks about
 * the ends of every flow. A hundred thousand devices so stay in the processor's cache; as objects and texts they do not.
 *
 * Names, labels and reasons are in `Ruleset.devices` only.
 */
import type { LinkAddress } from './address.ts'

/** Four numbers a device: class, index of its network, link address (upper 16 bits, or -1 for none; lower 32 bits). */
export type DeviceTraits = Int32Array

/** Of devices in the order of `Ruleset.devices`; `networks` in the order of `Ruleset.networks`. */
export function traitsOf(
  devices: readonly {
    readonly class: number
    readonly network: string
    readonly link: LinkAddress | null
  }[],
  networks: Iterable<string>,
): DeviceTraits {
  const indexOf = new Map([...networks].map((name, index) => [name, index]))
  const traits = new Int32Array(devices.length * 4)
  for (const [at, device] of devices.entries()) {
    traits[at * 4] = device.class
    traits[at * 4 + 1] = indexOf.get(device.network) ?? -1
    traits[at * 4 + 2] = device.link === null ? -1 : upperOf(device.link)
    traits[at * 4 + 3] = device.link === null ? -1 : lowerOf(device.link)
  }
  return traits
}

/** Index into `Ruleset.classes`. */
export function classAt(traits: DeviceTraits, device: number): number {
  return traits[device * 4] as number
}

/** Index into `Ruleset.networks`. */
export function networkAt(traits: DeviceTraits, device: number): number {
  return traits[device * 4 + 1] as number
}

/** Whether a device is known by this link address. One without is known by none, and an unseen one makes none known. */
export function isKnownBy(traits: DeviceTraits, device: number, link: LinkAddress | undefined): boolean {
  if (link === undefined) return false
  return traits[device * 4 + 3] === lowerOf(link) && traits[device * 4 + 2] === upperOf(link)
}

function upperOf(link: LinkAddress): number {
  return (byteOf(link, 0) << 8) | byteOf(link, 3)
}

function lowerOf(link: LinkAddress): number {
  return (byteOf(link, 6) << 24) | (byteOf(link, 9) << 16) | (byteOf(link, 12) << 8) | byteOf(link, 15)
}

/** Two hex digits in lower case. */
function byteOf(link: LinkAddress, at: number): number {
  return (digitOf(link.charCodeAt(at)) << 4) | digitOf(link.charCodeAt(at + 1))
}

function digitOf(code: number): number {
  return (code & 15) + 9 * (code >> 6)
}
