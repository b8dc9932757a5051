/**
 * Who there is in the demo: the station of the running example and the internet beyond it, each with its addresses.
 * Plain data that the site is built from, the clients aim at and the flows for `evaluate` are written with.
 */
import { type Flow, parseAddress, parseLinkAddress } from '@thingwall/policy'

export type Family = 4 | 6

/** What a host is called; its network namespace has the same name. */
export type Name =
  | 'vent-01'
  | 'vent-02'
  | 'crater-cam'
  | 'stranger'
  | 'laptop'
  | 'admin-laptop'
  | 'api'
  | 'vendor'
  | 'time'
  | 'web'
  | 'botnet'
  | 'attacker'

export interface Resident {
  /** The policy's network that its packets come in by. */
  readonly network: 'things' | 'station' | 'uplink'
  /** Its link address, where the gateway sees it. */
  readonly link: string | null
  readonly 4: string
  readonly 6: string
}

const thing = (last: number, link: string): Resident => ({
  network: 'things',
  link,
  4: `10.20.0.${last}`,
  6: `fd20::${last}`,
})
const laptop = (last: number): Resident => ({
  network: 'station',
  link: `02:00:00:00:30:0${last}`,
  4: `10.30.0.${last}`,
  6: `fd30::${last}`,
})
const cloud = (last: number): Resident => ({
  network: 'uplink',
  link: null,
  4: `203.0.113.${last}`,
  6: `2001:db8:10::${last}`,
})

export const residents: Readonly<Record<Name, Resident>> = {
  'vent-01': thing(11, '24:6f:28:aa:00:01'),
  'vent-02': thing(12, '24:6f:28:aa:00:02'),
  'crater-cam': thing(13, '24:6f:28:aa:00:03'),
  stranger: thing(77, '5c:cf:7f:00:00:77'),
  laptop: laptop(6),
  'admin-laptop': laptop(5),
  api: cloud(10),
  vendor: cloud(20),
  time: cloud(30),
  web: cloud(40),
  botnet: { network: 'uplink', link: null, 4: '198.51.100.7', 6: '2001:db8:bad::7' },
  attacker: { network: 'uplink', link: null, 4: '198.51.100.66', 6: '2001:db8:66::66' },
}

export interface Gate {
  readonly link: string
  readonly 4: string
  readonly 6: string
}

/** The gateway's own addresses, by the network they face. */
export const gateway: Readonly<Record<Resident['network'], Gate>> = {
  things: { link: '02:00:00:00:20:01', 4: '10.20.0.1', 6: 'fd20::1' },
  station: { link: '02:00:00:00:30:01', 4: '10.30.0.1', 6: 'fd30::1' },
  uplink: { link: '02:00:00:00:02:20', 4: '192.0.2.20', 6: '2001:db8:2::20' },
}

export type ToldName = 'api.volcano.example' | 'updates.vendor.example' | 'time.volcano.example'

/** The names that the site's devices were told answers for; until there is a resolver the demo tells them. */
const names: Readonly<Record<ToldName, Resident>> = {
  'api.volcano.example': residents.api,
  'updates.vendor.example': residents.vendor,
  'time.volcano.example': residents.time,
}

/** What a name means to each device, in the shape that `--bindings` reads. */
export function bindingsDocument(): unknown {
  return {
    format: 1,
    names: Object.entries(names).map(([name, host]) => ({
      device: '*',
      name,
      addresses: [host[4], host[6]],
    })),
    gateway: Object.values(gateway).flatMap((end) => [end[4], end[6]]),
  }
}

export interface Opening {
  readonly from: Name
  /** Sends with this source address instead of its own. */
  readonly as?: Name
  readonly to: string
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly port?: number
}

/** The first packet of a flow, as the gateway meets it. */
export function flowOf({ from, as = from, to, protocol, port }: Opening): Flow {
  const family: Family = to.includes(':') ? 6 : 4
  const sender: Resident = residents[from]
  const link = sender.link === null ? null : parseLinkAddress(sender.link)
  const source = parseAddress(residents[as][family])
  const destination = parseAddress(to)
  if (source === null || destination === null) throw new Error(`no address: ${to}`)
  const numbers = { tcp: 6, udp: 17, icmp: family === 4 ? 1 : 58 }
  return {
    ingress: sender.network,
    ...(link === null ? {} : { link }),
    source,
    destination,
    protocol: numbers[protocol],
    ...(protocol === 'icmp'
      ? { icmpType: family === 4 ? 8 : 128 }
      : { sourcePort: 50_000, destinationPort: port ?? 0 }),
  }
}
