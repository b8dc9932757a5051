/**
 * The demo's network: sensors behind an access point that keeps them apart, the station's laptops on a switch, the
 * gateway between them, and an internet that also knows a route to the inside, as a careless provider's would.
 */
import type { HostDescription, SiteDescription } from '@thingwall/gateway/lab'
import { gateway, type Name, type Resident, residents } from './world.ts'

const inside = ['things', 'station'] as const
const isp = { 4: '192.0.2.254', 6: '2001:db8:2::254' }
const everybody = Object.entries(residents) as readonly (readonly [Name, Resident])[]
const on = (network: Resident['network']): readonly (readonly [Name, Resident])[] =>
  everybody.filter(([, { network: its }]) => its === network)
/** Interface names have at most 15 letters. */
const portTo = (name: Name): string => `to-${name}`.slice(0, 15)

export const siteDescription: SiteDescription = {
  hosts: {
    router: {
      forwards: true,
      interfaces: {
        wlan0: faced('things'),
        lan0: faced('station'),
        wan0: faced('uplink'),
      },
      routes: routesBy(isp),
      // Neither would be right on a gateway, and redirects would tell an attacker the way round it.
      sysctls: { 'net.ipv4.conf.all.send_redirects': 0, 'net.ipv4.conf.default.send_redirects': 0 },
    },
    wifi: {
      interfaces: {
        br0: { bridgeOver: ['up0', ...on('things').map(([name]) => portTo(name))] },
        ...Object.fromEntries(on('things').map(([name]) => [portTo(name), { isolated: true }])),
      },
    },
    switch: { interfaces: { br0: { bridgeOver: ['up0', ...on('station').map(([name]) => portTo(name))] } } },
    internet: {
      forwards: true,
      interfaces: {
        isp0: { addresses: [`${isp[4]}/24`, `${isp[6]}/48`] },
        br0: {
          addresses: [...new Set(on('uplink').flatMap(([, resident]) => Object.values(nearest(resident))))],
          bridgeOver: on('uplink').map(([name]) => portTo(name)),
        },
      },
      routes: inside.flatMap((network) => [
        { to: `${gateway[network][4].replace(/\d+$/, '0')}/24`, via: gateway.uplink[4] },
        { to: `${gateway[network][6].replace(/\d+$/, '')}/64`, via: gateway.uplink[6] },
      ]),
    },
    ...Object.fromEntries(everybody.map(([name, resident]) => [name, hostOf(resident)])),
  },
  links: [
    ['router:wlan0', 'wifi:up0'],
    ['router:lan0', 'switch:up0'],
    ['router:wan0', 'internet:isp0'],
    ...on('things').map(([name]) => [`wifi:${portTo(name)}`, `${name}:wlan0`] as const),
    ...on('station').map(([name]) => [`switch:${portTo(name)}`, `${name}:eth0`] as const),
    ...on('uplink').map(([name]) => [`internet:${portTo(name)}`, `${name}:eth0`] as const),
  ],
}

/** How many hosts there are, switches and the internet's router included. */
export const hostCount: number = Object.keys(siteDescription.hosts).length

/** The interface by which a resident hangs on its network. */
export function interfaceOf(name: Name): string {
  return residents[name].network === 'things' ? 'wlan0' : 'eth0'
}

function faced(network: keyof typeof gateway): NonNullable<HostDescription['interfaces']>[string] {
  const own = gateway[network]
  return { link: own.link, addresses: [`${own[4]}/24`, `${own[6]}/${network === 'uplink' ? 48 : 64}`] }
}

function hostOf(resident: Resident): HostDescription {
  const isInside = resident.network !== 'uplink'
  const door = resident.network === 'things' ? 'wlan0' : 'eth0'
  const addresses = [`${resident[4]}/24`, `${resident[6]}/${isInside ? 64 : 48}`]
  return {
    interfaces: { [door]: { ...(resident.link === null ? {} : { link: resident.link }), addresses } },
    routes: routesBy(isInside ? gateway[resident.network] : bare(nearest(resident))),
  }
}

/** The internet's own addresses in the prefixes of a host out there. */
function nearest(resident: Resident): { readonly 4: string; readonly 6: string } {
  return { 4: `${resident[4].replace(/\d+$/, '1')}/24`, 6: `${resident[6].replace(/[0-9a-f]+$/, '1')}/48` }
}

function bare(prefixed: { readonly 4: string; readonly 6: string }): {
  readonly 4: string
  readonly 6: string
} {
  return { 4: prefixed[4].replace(/\/.*/, ''), 6: prefixed[6].replace(/\/.*/, '') }
}

function routesBy(next: { readonly 4: string; readonly 6: string }): HostDescription['routes'] & {} {
  return [
    { to: 'default', via: next[4] },
    { to: 'default', via: next[6] },
  ]
}
