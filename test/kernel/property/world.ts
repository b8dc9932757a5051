/**
 * The one small world that random policies and packets are about: five networks, six devices, a few hosts outside.
 *
 * It is small so that random rules and random packets meet often. Only what is said about it is random.
 */
import type { LinkAddress } from '@thingwall/policy'

export interface Port {
  readonly network: string
  /** Interface of the gateway, and the lab host at its other end. */
  readonly interface: string
  readonly link: LinkAddress
  readonly gateway: readonly string[]
  readonly prefixes: readonly string[]
}

const port = (network: string, name: string, index: number): Port => ({
  network,
  interface: name,
  link: `02:00:00:00:ff:0${index}` as LinkAddress,
  gateway:
    network === 'uplink' ? ['192.0.2.1', '2001:db8:1::1'] : [`10.${19 + index}.0.1`, `fd${19 + index}::1`],
  prefixes: network === 'uplink' ? [] : [`10.${19 + index}.0.0/24`, `fd${19 + index}::/64`],
})

/** 10.20 and fd20 on wlan0 … 10.23 and fd23 on gst0; the uplink on wan0. */
export const ports: readonly Port[] = [
  port('things', 'wlan0', 1),
  port('more-things', 'wlan1', 2),
  port('station', 'lan0', 3),
  port('visitors', 'gst0', 4),
  port('uplink', 'wan0', 5),
]

export interface WorldDevice {
  readonly name: string
  readonly network: string
  readonly mac: string
  readonly ip: readonly string[]
  /** Addresses it has only by a binding. */
  readonly leased: readonly string[]
}

const device = (index: number, network: string, ip: string[], leased: string[]): WorldDevice => ({
  name: `d${index}`,
  network,
  mac: `02:00:00:00:00:1${index}`,
  ip,
  leased,
})

export const devices: readonly WorldDevice[] = [
  device(0, 'things', ['10.20.0.10', 'fd20::10'], []),
  device(1, 'things', ['10.20.0.11'], ['fd20::11']),
  device(2, 'things', [], ['10.20.0.12', 'fd20::12']),
  device(3, 'more-things', ['10.21.0.13', 'fd21::13'], []),
  device(4, 'station', ['10.22.0.14', 'fd22::14'], []),
  device(5, 'more-things', ['10.21.0.15'], ['fd21::15']),
]

/** Addresses nobody of the policy has, on local networks and outside. */
export const others: Readonly<Record<string, readonly string[]>> = {
  things: ['10.20.0.77', 'fd20::77'],
  'more-things': ['10.21.0.77', 'fd21::77'],
  station: ['10.22.0.5', '10.22.0.77', 'fd22::5', 'fd22::77'],
  visitors: ['10.23.0.8', 'fd23::8'],
  uplink: [
    '203.0.113.1',
    '203.0.113.2',
    '203.0.113.6',
    '198.51.100.7',
    '2001:db8::1',
    '2001:db8::2',
    '2001:db8::6',
    '2001:db8:bad::7',
  ],
}

/** What Linux delivers to the gateway beside its own addresses: broadcast (IPv4) and anycast (IPv6) of its prefixes. */
export const shared: readonly string[] = ports.flatMap(({ gateway }) =>
  gateway.map((text) =>
    text.replace(/^(.*\.)\d+$|^(.*::)\d+$/, (_, four, six) => (four ? `${four}255` : six)),
  ),
)

export interface ForeignTranslation {
  /** Where it comes in, and the address of the gateway's there that it is sent to. */
  readonly network: string
  readonly destination: string
  readonly port: number
  readonly to: string
  readonly toPort: number
}

/** What a table of somebody else's translates (TCP), where no forward of ours does. */
export const foreign: readonly ForeignTranslation[] = [
  { network: 'station', destination: '10.22.0.1', port: 5353, to: '10.20.0.10', toPort: 80 },
  { network: 'uplink', destination: '192.0.2.1', port: 1883, to: '10.21.0.13', toPort: 1883 },
  { network: 'uplink', destination: '2001:db8:1::1', port: 1883, to: 'fd20::10', toPort: 22 },
  { network: 'visitors', destination: '10.23.0.1', port: 80, to: '10.20.0.77', toPort: 80 },
]

/** Groups every host listens to, so that the gateway's kernel delivers them. */
export const multicast: readonly string[] = ['224.0.0.1', 'ff02::1', 'ff02::2']

export const names: readonly string[] = ['a.example', 'b.example', 'x.c.example']
export const patterns: readonly string[] = ['a.example', 'b.example', '*.c.example']
export const prefixes: readonly string[] = [
  '203.0.113.0/30',
  '203.0.113.1',
  '198.51.100.0/24',
  '10.20.0.0/28',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '10.22.0.5',
  '224.0.0.0/4',
  '2001:db8::/126',
  '2001:db8::1',
  'fd20::/124',
  'fd22::5',
  '::/0',
  'ff00::/8',
]
