/**
 * The story of the demo: who tries what, scene by scene. It holds no verdicts; those are the policy's, so that whoever
 * edits the example's policy sees the demo tell another story. Only of ARP and neighbour discovery, which are no flows,
 * does it name the rule.
 */
import type { Attempt } from './attempt.ts'
import { askTime, connect, https, ping, rtsp, scan, socketAddress } from './clients.ts'
import { aroundThe, poison, withAddressOf } from './forgery.ts'
import { type Family, gateway, type Name, type Opening, residents } from './world.ts'

export interface Scene {
  readonly title: string
  readonly attempts: readonly Attempt[]
}

const at = (name: Name, family: Family): string => residents[name][family]
const scannedPorts = [22, 23, 80, 443, 554, 8443]

function toServer(from: Name, target: Name, family: Family): Pick<Attempt, 'openings'> {
  return { openings: [{ from, to: at(target, family), protocol: 'tcp', port: 443 }] }
}

/** Posts a reading to the API, as the sensor's firmware does. */
function reading(from: Name, family: Family, title: string): Attempt {
  return {
    title,
    ...toServer(from, 'api', family),
    act: https(from, {
      name: 'api.volcano.example',
      address: at('api', family),
      path: '/readings',
      body: JSON.stringify({ device: from, groundMotion: 0.42 }),
    }),
  }
}

function firmware(from: Name, family: Family, title: string): Attempt {
  return {
    title,
    ...toServer(from, 'vendor', family),
    act: https(from, { name: 'updates.vendor.example', address: at('vendor', family), path: '/' }),
  }
}

function browsing(family: Family): Attempt {
  return {
    title: 'laptop browses the internet',
    ...toServer('laptop', 'web', family),
    act: https('laptop', { name: 'www.example.org', address: at('web', family), path: '/' }),
  }
}

function opening(from: Name, target: Name, port: number, family: Family, title: string): Attempt {
  const to = at(target, family)
  return { title, openings: [{ from, to, protocol: 'tcp', port }], act: connect(from, to, port) }
}

function scanning(targets: readonly Name[], family: Family, title: string): Attempt {
  const addresses = targets.map((target) => at(target, family))
  return { title, openings: openingsOf('attacker', addresses), act: scan('attacker') }
}

function openingsOf(from: Name, addresses: readonly string[]): readonly Opening[] {
  return addresses.flatMap((to) => scannedPorts.map((port) => ({ from, to, protocol: 'tcp', port }) as const))
}

/** Uses an address that belongs to somebody else, or to nobody, for what a sensor may do. */
function posing(from: Name, as: Name, family: Family, title: string): Attempt {
  const to = at('api', family)
  const request = {
    name: 'api.volcano.example',
    address: to,
    path: '/readings',
    source: at(as, family),
  } as const
  return {
    title,
    openings: [{ from, as, to, protocol: 'tcp', port: 443 }],
    act: withAddressOf(as, from, family, https(from, request)),
  }
}

function poisoning(family: Family): Attempt {
  return {
    title: `stranger tells the gateway by ${family === 4 ? 'ARP' : 'NDP'} that it is vent-01`,
    openings: [],
    rule: 'fixed/spoofed',
    act: poison('stranger', 'vent-01', family),
  }
}

function shell(from: Name): Attempt {
  const to = gateway.station[4]
  return {
    title: `${from} opens SSH on the gateway`,
    openings: [{ from, to, protocol: 'tcp', port: 22 }],
    act: connect(from, to, 22),
  }
}

export const story: readonly Scene[] = [
  {
    title: 'Everybody at work',
    attempts: [
      reading('vent-01', 4, 'vent-01 posts a reading to the API over HTTPS'),
      {
        title: 'vent-01 asks for the time',
        openings: [{ from: 'vent-01', to: at('time', 4), protocol: 'udp', port: 123 }],
        act: askTime('vent-01', at('time', 4)),
      },
      firmware('crater-cam', 4, 'crater-cam fetches firmware from its vendor'),
      browsing(4),
      {
        title: 'laptop watches the camera (RTSP)',
        openings: [{ from: 'laptop', to: at('crater-cam', 4), protocol: 'tcp', port: 554 }],
        act: rtsp('laptop', at('crater-cam', 4)),
      },
    ],
  },
  {
    title: 'The station is no back door',
    attempts: [
      opening('laptop', 'vent-01', 554, 4, 'laptop tries the same port on vent-01'),
      {
        title: 'laptop pings the gateway',
        openings: [{ from: 'laptop', to: gateway.station[4], protocol: 'icmp' }],
        act: ping('laptop', gateway.station[4]),
      },
      shell('admin-laptop'),
      shell('laptop'),
    ],
  },
  {
    title: 'An attacker on the internet scans with nmap',
    attempts: [
      {
        title: "the site's public address",
        openings: openingsOf('attacker', [gateway.uplink[4]]),
        act: scan('attacker'),
      },
      scanning(['vent-01', 'vent-02', 'crater-cam'], 4, 'the sensors, by a route somebody left open'),
      scanning(['laptop', 'admin-laptop'], 4, 'the laptops, by the same route'),
    ],
  },
  {
    title: 'vent-01 has been hijacked',
    attempts: [
      opening('vent-01', 'laptop', 22, 4, 'it tries SSH on a laptop'),
      {
        ...opening('vent-01', 'vent-02', 22, 4, 'it tries its neighbour vent-02 over the air'),
        keptBy: 'the access point keeps its stations apart; the gateway never sees it',
      },
      {
        ...opening('vent-01', 'vent-02', 22, 4, 'it tries vent-02 through the gateway'),
        act: aroundThe('vent-02', 'vent-01', 4, connect('vent-01', at('vent-02', 4), 22)),
      },
      opening('vent-01', 'attacker', 23, 4, 'it reports to its new master by telnet'),
      opening('vent-01', 'botnet', 443, 4, 'it calls a host on the botnet list'),
      opening('laptop', 'botnet', 443, 4, 'so does a laptop, which may go anywhere else'),
      firmware('vent-01', 4, 'it uses a permission that has expired'),
    ],
  },
  {
    title: 'A stranger is plugged in',
    attempts: [
      posing('stranger', 'stranger', 4, 'it reads out the API with an address of its own'),
      posing('stranger', 'vent-01', 4, "it takes vent-01's address"),
      posing('vent-01', 'vent-02', 4, "vent-01, known by its MAC, takes vent-02's address"),
      poisoning(4),
    ],
  },
  {
    title: 'The same over IPv6',
    attempts: [
      reading('vent-01', 6, 'vent-01 posts a reading to the API over HTTPS'),
      browsing(6),
      scanning(['vent-01', 'vent-02', 'crater-cam'], 6, 'the attacker scans the sensors'),
      opening('vent-01', 'laptop', 22, 6, 'hijacked, vent-01 tries SSH on a laptop'),
      opening('vent-01', 'botnet', 443, 6, 'it calls a host on the botnet list'),
      posing('stranger', 'stranger', 6, 'the stranger reads out the API'),
      posing('stranger', 'vent-01', 6, "the stranger takes vent-01's address"),
      poisoning(6),
    ],
  },
]

/** Where an opening goes, as people write it. */
export function destinationOf({ to, protocol, port }: Opening): string {
  return port === undefined ? `${to} ping` : `${socketAddress(to, port)}/${protocol}`
}
