/**
 * Fleets of any size for the benchmarks: ten kinds of devices on four networks, rules by name, prefix, list and device,
 * and flows of which a third is allowed. Deterministic: the same size is the same fleet.
 */
import {
  type Address,
  allow,
  deny,
  device,
  type Flow,
  type LimitsDocument,
  type LinkAddress,
  list,
  network,
  type PolicyDocument,
  parseAddress,
  policy,
  profile,
} from '@thingwall/policy'

const kinds = [
  'seismometer',
  'gas',
  'tilt',
  'camera',
  'weather',
  'relay',
  'gps',
  'acoustic',
  'logger',
  'siren',
]

/** Where telemetry goes: a UDP service at single addresses, for what sends packets. */
export const TELEMETRY_PORT = 5683

export interface FleetOptions {
  /** One rule more: UDP to the vendors' network. */
  readonly telemetry?: 'sent' | 'none'
  /** `wide`: as many limits, which nothing here ever meets. */
  readonly limits?: 'usual' | 'wide' | 'none'
}

const limitsOf: Readonly<Record<NonNullable<FleetOptions['limits']>, LimitsDocument>> = {
  usual: { egress: '64 kB/s', newConnections: '60/min' },
  wide: { egress: '1000 MB/s', newConnections: '1000000/min' },
  none: {},
}

/** A policy of `size` devices, each with an IPv4 and an IPv6 address. */
export function fleetOf(size: number, options: FleetOptions = {}): PolicyDocument {
  const { telemetry = 'none', limits = 'usual' } = options
  const sent = allow.out({ to: '203.0.113.0/24', service: `${TELEMETRY_PORT}/udp`, why: 'benchmark' })
  const bad = list('bad', {
    why: 'benchmark',
    owner: 'bench@volcano.example',
    entries: Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`198.${18 + (at % 2)}.${at}.0/24`, { why: 'benchmark' }]),
    ),
  })
  const profiles = kinds.map((kind) =>
    profile(kind, {
      why: 'benchmark',
      owner: 'bench@volcano.example',
      limits: limitsOf[limits],
      rules: {
        ...(telemetry === 'sent' ? { telemetry: sent } : {}),
        readings: allow.out({ to: `${kind}.volcano.example`, service: 'https', why: 'benchmark' }),
        clock: allow.out({ to: 'time.volcano.example', service: 'ntp', why: 'benchmark' }),
        updates: allow.out({ to: '203.0.113.0/24', service: 'https', why: 'benchmark' }),
        broker: allow.out({ to: '2001:db8:1::/48', service: 'mqtts', why: 'benchmark' }),
        service: allow.in({ from: '10.200.0.5', service: 'ssh', why: 'benchmark', expires: '2099-01-01' }),
        ping: allow.in({ from: '10.200.0.0/24', service: 'ping', why: 'benchmark' }),
      },
    }),
  )
  const devices = Object.fromEntries(
    Array.from({ length: size }, (_, at) => {
      const kind = profiles[at % profiles.length]
      const given = {
        network: 'things',
        mac: macOf(at),
        ip: [addressOf(at), sixOf(at)],
        labels: { site: `s${at % 7}` },
      }
      return [`d${at}`, kind?.device(given) ?? device(given)]
    }),
  )
  return policy('fleet', {
    owner: 'bench@volcano.example',
    networks: {
      things: network({
        role: 'things',
        interface: 'wlan0',
        cidrs: ['10.64.0.0/10', 'fd20::/64'],
        isolation: 'bridge-port',
      }),
      station: network({
        role: 'trusted',
        interface: 'lan0',
        cidrs: ['10.200.0.0/24', 'fd30::/64'],
        admin: ['10.200.0.5'],
      }),
      uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
    },
    devices,
    rules: { bad: deny.both({ who: 'any', peer: bad, why: 'benchmark' }) },
  })
}

/** What every device was told, as `readBindings` reads it. */
export function bindingsOf(): unknown {
  const names = [...kinds.map((kind) => `${kind}.volcano.example`), 'time.volcano.example']
  return {
    format: 1,
    names: names.map((name, at) => ({
      device: '*',
      name,
      addresses: answersOf(at),
    })),
  }
}

/** As `bindingsOf`, but every device was told its own names by itself, as it is on a gateway. */
export function ownBindingsOf(size: number): unknown {
  const names = Array.from({ length: size }, (_, at) => {
    const kind = at % kinds.length
    return [
      { device: `d${at}`, name: `${kinds[kind]}.volcano.example`, addresses: answersOf(kind) },
      { device: `d${at}`, name: 'time.volcano.example', addresses: answersOf(kinds.length) },
    ]
  })
  return { format: 1, names: names.flat() }
}

function answersOf(at: number): readonly string[] {
  return [`192.0.2.${at + 1}`, `2001:db8::${at + 1}`]
}

/** Flows as `flowsOf` makes them for IPv4 and TCP, in IPv6 and to the time's UDP port: names and networks decide. */
export function sixFlowsOf(size: number, count: number): readonly Flow[] {
  const targets = ['2001:db8::1', '2001:db8::2', '2001:db8::11', '2001:db8:1::9', '2620:fe::fe'].map(
    (text) => parseAddress(text) as Address,
  )
  const trusted = parseAddress('fd30::5') as Address
  const next = sequence()
  return Array.from({ length: count }, (_, at): Flow => {
    const one = next() % size
    const own = parseAddress(sixOf(one)) as Address
    const sent = { protocol: 17, sourcePort: 40_000, destinationPort: at % 2 ? 123 : 443 }
    if (at % 3 === 2) return { ...sent, ingress: 'station', source: trusted, destination: own }
    const destination = targets[next() % targets.length] as Address
    return { ...sent, ingress: 'things', link: macOf(one) as LinkAddress, source: own, destination }
  })
}

/** The same numbers every time. */
function sequence(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state
  }
}

/** Flows of random devices: a third to what they may reach, a third to what they may not, a third inbound. */
export function flowsOf(size: number, count: number): readonly Flow[] {
  const targets = ['203.0.113.9', '198.18.4.4', '8.8.8.8', '192.0.2.1', '10.200.0.77'].map(
    (text) => parseAddress(text) as Address,
  )
  const admin = parseAddress('10.200.0.5') as Address
  const next = sequence()
  return Array.from({ length: count }, (_, at): Flow => {
    const one = next() % size
    const own = parseAddress(addressOf(one)) as Address
    const link = macOf(one) as LinkAddress
    if (at % 3 === 2) {
      return {
        ingress: 'station',
        source: admin,
        destination: own,
        protocol: 6,
        sourcePort: 40_000,
        destinationPort: at % 2 ? 22 : 80,
      }
    }
    const destination = targets[next() % targets.length] as Address
    return {
      ingress: 'things',
      link,
      source: own,
      destination,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 443,
    }
  })
}

export function addressOf(at: number): string {
  const host = at + 10
  return `10.${64 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`
}

function sixOf(at: number): string {
  return `fd20::1:${(at >> 16).toString(16)}:${(at & 0xffff).toString(16)}`
}

export function macOf(at: number): string {
  const hex = (at + 1).toString(16).padStart(8, '0')
  return `02:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}`
}
