/** What is said of devices in numbers is what their objects say. */
import { expect, test } from 'vitest'
import type { LinkAddress } from './address.ts'
import { classAt, isKnownBy, networkAt, traitsOf } from './device-traits.ts'

const links = [
  '02:00:00:00:00:01',
  '02:00:00:00:00:10',
  '02:00:01:00:00:00',
  '02:ff:ff:ff:ff:ff',
  'fe:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
  '24:6f:28:aa:00:01',
] as LinkAddress[]
const devices = [...links, null].map((link, at) => ({
  link,
  class: at * 3,
  network: at % 2 === 0 ? 'things' : 'lab',
}))
const traits = traitsOf(
  devices,
  new Map([
    ['lab', 0],
    ['things', 1],
  ]).keys(),
)

test('class and network', () => {
  for (const [at, device] of devices.entries()) {
    expect(classAt(traits, at)).toBe(device.class)
    expect(['lab', 'things'][networkAt(traits, at)]).toBe(device.network)
  }
})

test('a device is known by its own link address only, and one without by none', () => {
  for (const [at, device] of devices.entries()) {
    for (const link of links) expect(isKnownBy(traits, at, link)).toBe(link === device.link)
    expect(isKnownBy(traits, at, undefined)).toBe(false)
  }
})
