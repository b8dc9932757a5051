/**
 * An hour of a site's events for the benchmarks: devices that each speak to a few places, and somebody who scans.
 * Deterministic: the same number is the same hour.
 */
import type { Happening } from '@thingwall/gateway'
import { type Address, type LinkAddress, parseAddress } from '@thingwall/policy'

const DEVICES = 1000
const PLACES_PER_DEVICE = 6
const HOUR_MS = 3_600_000
const ports = [443, 8883, 123, 53, 5683, 80]
/** Of eight events: what the packet log sees, and what the connection table does. */
const kinds = ['denied', 'denied', 'allowed', 'opened', 'opened', 'closed', 'closed', 'closed'] as const

/** `count` events from `hourMs` on, evenly over the hour, in the order of time. */
export function* happenings(hourMs: number, count: number): Generator<Happening> {
  const devices = Array.from({ length: DEVICES }, (_, at) => ({
    name: `sensor-${String(at).padStart(4, '0')}`,
    four: address(`10.20.${at >> 8}.${at & 255}`),
    six: address(`2001:db8:20::${(at + 16).toString(16)}`),
    link: `02:00:00:00:${hex(at >> 8)}:${hex(at & 255)}` as LinkAddress,
  }))
  const random = randomNumbers(7)
  for (let index = 0; index < count; index++) {
    const at = hourMs + Math.floor((index * HOUR_MS) / count)
    const device = devices[random(DEVICES)] as (typeof devices)[number]
    const kind = kinds[random(kinds.length)] as (typeof kinds)[number]
    const place = random(PLACES_PER_DEVICE)
    const isSix = random(4) === 0
    const number = (DEVICES + place * 97 + device.link.charCodeAt(16)) % 600
    const isLogged = kind === 'denied' || kind === 'allowed'
    const repeated = random(3) === 0 ? 1 : 1 + random(200)
    const isClosed = kind === 'closed'
    yield {
      kind,
      at,
      until: at + (repeated === 1 ? 0 : random(60_000)),
      rule: kind === 'denied' ? 'default/deny' : `kind-${Number(device.name.slice(7)) % 12}/rule-${place}`,
      source: {
        address: isSix ? device.six : device.four,
        port: repeated === 1 ? 32_768 + random(28_000) : null,
        device: device.name,
        name: null,
      },
      destination: {
        address: address(
          isSix ? `2001:db8:ff::${number.toString(16)}` : `198.51.${number >> 8}.${number & 255}`,
        ),
        port: kind === 'denied' && random(2) === 0 ? 1 + random(65_535) : (ports[place] as number),
        device: null,
        name: kind === 'denied' ? null : `api-${number}.volcano.example`,
      },
      translated: { source: isLogged || isSix ? null : address('192.0.2.2'), destination: null },
      etherType: isSix ? 0x86dd : 0x0800,
      protocol: place < 2 ? 6 : 17,
      icmpType: null,
      link: isLogged ? device.link : null,
      ingress: isLogged ? 'wlan0' : null,
      count: repeated,
      sent:
        isLogged || isClosed
          ? { packets: repeated, bytes: repeated * (60 + random(1400)) }
          : { packets: 0, bytes: 0 },
      answered: isClosed
        ? { packets: repeated, bytes: repeated * (60 + random(1400)) }
        : { packets: 0, bytes: 0 },
      isGathered: false,
    }
  }
}

const known = new Map<string, Address>()
function address(text: string): Address {
  let parsed = known.get(text)
  if (parsed === undefined) {
    parsed = parseAddress(text) as Address
    known.set(text, parsed)
  }
  return parsed
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** Whole numbers below what is asked for (a linear congruential generator, its upper bits). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}
