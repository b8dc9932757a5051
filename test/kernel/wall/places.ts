/**
 * The places of the kernel tests: a gateway with two things networks, a station and an uplink, and real hosts on
 * them. ARP and neighbour discovery are on, and every host finds the others as it would in a house.
 *
 * Nothing here says what is allowed; each test brings its own policy about these places.
 */
import type { SiteDescription } from '@thingwall/gateway/lab'
import { network } from '@thingwall/policy'

export interface Place {
  readonly mac: string
  readonly four: string
  readonly six: string
}

const place = (mac: string, four: string, six: string): Place => ({ mac, four, six })

/** Hosts by name. The first two share one access point that keeps them apart; the radio is a cable. */
export const places = {
  'vent-01': place('24:6f:28:aa:00:01', '10.20.0.11', 'fd20::11'),
  'vent-02': place('24:6f:28:aa:00:02', '10.20.0.12', 'fd20::12'),
  valve: place('24:6f:28:aa:00:03', '10.21.0.13', 'fd21::13'),
  laptop: place('3c:22:fb:00:00:05', '10.30.0.5', 'fd30::5'),
  /** `internet`: the provider’s router, and every server there is. */
  internet: place('00:00:5e:00:53:01', '203.0.113.10', '2001:db8:a::10'),
} as const
export type PlaceName = keyof typeof places

/** The gateway’s own link addresses and addresses. */
export const gatewayLinks = {
  wlan0: '02:00:00:00:ff:01',
  zone0: '02:00:00:00:ff:02',
  lan0: '02:00:00:00:ff:03',
  wan0: '02:00:00:00:ff:04',
} as const
export const gatewayAt = {
  things: { four: '10.20.0.1', six: 'fd20::1' },
  field: { four: '10.21.0.1', six: 'fd21::1' },
  station: { four: '10.30.0.1', six: 'fd30::1' },
  uplink: { four: '192.0.2.2', six: '2001:db8:1::2' },
} as const

/** The networks as most tests declare them. */
export const networks = {
  things: network({
    role: 'things',
    interface: 'wlan0',
    cidrs: ['10.20.0.0/24', 'fd20::/64'],
    isolation: 'access-point',
  }),
  field: network({ role: 'things', interface: 'zone0', cidrs: ['10.21.0.0/24', 'fd21::/64'] }),
  station: network({
    role: 'trusted',
    interface: 'lan0',
    cidrs: ['10.30.0.0/24', 'fd30::/64'],
    isolation: 'access-point',
  }),
  uplink: network({ role: 'uplink', interface: 'wan0' }),
} as const

const host = (name: PlaceName, four: string, six: string): SiteDescription['hosts'][string] => ({
  interfaces: {
    eth0: { link: places[name].mac, addresses: [`${places[name].four}/24`, `${places[name].six}/64`] },
  },
  routes: [
    { to: 'default', via: four },
    { to: 'default', via: six },
  ],
})

/** The site; `air` is the access point and `free` a socket in it where anyone may plug in. */
export const siteDescription: SiteDescription = {
  hosts: {
    gateway: {
      forwards: true,
      interfaces: {
        wlan0: { link: gatewayLinks.wlan0, addresses: ['10.20.0.1/24', 'fd20::1/64'] },
        zone0: { link: gatewayLinks.zone0, addresses: ['10.21.0.1/24', 'fd21::1/64'] },
        lan0: { link: gatewayLinks.lan0, addresses: ['10.30.0.1/24', 'fd30::1/64'] },
        wan0: { link: gatewayLinks.wan0, addresses: ['192.0.2.2/24', '2001:db8:1::2/64'] },
      },
      routes: [
        { to: 'default', via: '192.0.2.1' },
        { to: 'default', via: '2001:db8:1::1' },
      ],
      sysctls: {
        'net.ipv4.conf.all.send_redirects': 0,
        'net.ipv4.conf.default.send_redirects': 0,
        'net.netfilter.nf_conntrack_tcp_loose': 0,
      },
    },
    air: {
      interfaces: {
        br0: { bridgeOver: ['up', 'one', 'two', 'free'] },
        one: { isolated: true },
        two: { isolated: true },
        free: { isolated: true },
      },
      sysctls: { 'net.ipv6.conf.all.disable_ipv6': 1 },
    },
    'vent-01': host('vent-01', '10.20.0.1', 'fd20::1'),
    'vent-02': host('vent-02', '10.20.0.1', 'fd20::1'),
    stranger: { sysctls: { 'net.ipv6.conf.all.disable_ipv6': 1 } },
    valve: host('valve', '10.21.0.1', 'fd21::1'),
    laptop: host('laptop', '10.30.0.1', 'fd30::1'),
    internet: {
      interfaces: {
        eth0: {
          link: places.internet.mac,
          addresses: ['192.0.2.1/24', '2001:db8:1::1/64'],
        },
        lo: { addresses: ['203.0.113.10/32', '203.0.113.20/32', '2001:db8:a::10/128', '2001:db8:a::20/128'] },
      },
      routes: [
        { to: '10.0.0.0/8', via: '192.0.2.2' },
        { to: 'fd00::/8', via: '2001:db8:1::2' },
      ],
    },
  },
  links: [
    ['gateway:wlan0', 'air:up'],
    ['air:one', 'vent-01:eth0'],
    ['air:two', 'vent-02:eth0'],
    ['air:free', 'stranger:eth0'],
    ['gateway:zone0', 'valve:eth0'],
    ['gateway:lan0', 'laptop:eth0'],
    ['gateway:wan0', 'internet:eth0'],
  ],
}
