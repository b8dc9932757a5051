/**
 * Points 3, 7 and 8 as decision tables: the fixed tier, forged packets each way there is to forge one, and strangers.
 */
import { describe, expect, test } from 'vitest'
import { allow, device, network } from '../author/index.ts'
import { judges } from '../fixtures/flow.ts'
import { later, links, networks, why, world } from '../fixtures/site.ts'
import { fixedTexts } from '../lower/fixed-tier.ts'

const rules = { all: allow.both({ peer: 'any', service: 'any', why }) }
const devices = {
  'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'], rules }),
  'vent-02': device({ mac: links.vent2, network: 'things', rules }),
  laptop: device({ mac: links.camera, ip: ['10.30.0.9', 'fd30::9'] }),
}
const leases = [
  { device: 'vent-02', address: '10.20.0.57', until: '2026-11-22T18:00:00Z' },
  { device: 'vent-02', address: 'fd20::57', until: '2026-11-22T18:00:00Z' },
]
const site = world({ devices }, { bindings: { addresses: leases } })
/** The link-local addresses that the link addresses of vent-01 and of the stranger form. */
const local = { vent1: 'fe80::266f:28ff:feaa:1', stranger: 'fe80::ff:fe00:99' }

describe('3. the fixed tier', () => {
  test('is listed like any rule, with its reason', () => {
    const listed = site.ruleset.rules.filter((rule) => rule.tier === 'fixed')
    expect(listed.map((rule) => rule.id).sort()).toEqual(Object.keys(fixedTexts).sort())
    for (const rule of listed) expect(rule.why).toMatch(/\w+ \w+/)
  })

  describe('DHCP, with the gateway and with nobody else', () => {
    judges(site, [
      [`things 0.0.0.0 ${links.stranger}`, '255.255.255.255 68>67/udp', 'allow', 'fixed/dhcp'],
      [`things 10.20.0.99 ${links.stranger}`, 'gateway 68>67/udp', 'allow', 'fixed/dhcp'],
      [`things ${local.stranger} ${links.stranger}`, 'ff02::1:2 546>547/udp', 'allow', 'fixed/dhcp'],
      ['vent-01', 'gateway 68>67/udp', 'allow', 'fixed/dhcp'],
      ['visitors 0.0.0.0', '255.255.255.255 68>67/udp', 'allow', 'fixed/dhcp'],
      ['uplink 198.51.100.1', '255.255.255.255 67>68/udp', 'allow', 'fixed/dhcp'],
      ['gateway 0.0.0.0', '255.255.255.255 68>67/udp', 'allow', 'fixed/dhcp'],
      ['gateway', 'vent-01 67>68/udp', 'allow', 'fixed/dhcp'],
      // A server that is not ours, a client elsewhere, and ports that only look alike.
      ['laptop', '255.255.255.255 67>68/udp', 'deny', 'default/deny'],
      [`things 10.20.0.99 ${links.stranger}`, '255.255.255.255 67>68/udp', 'deny', 'fixed/stranger'],
      ['uplink 198.51.100.1', '255.255.255.255 68>67/udp', 'deny', 'default/deny'],
      [`things 10.20.0.99 ${links.stranger}`, 'vent-01 68>67/udp', 'deny', 'fixed/stranger'],
      [`things 0.0.0.0 ${links.stranger}`, '255.255.255.255 68>67/tcp', 'deny', 'fixed/spoofed'],
      [`things 0.0.0.0 ${links.stranger}`, '255.255.255.255 69>67/udp', 'deny', 'fixed/spoofed'],
      ['uplink 0.0.0.0', '255.255.255.255 68>67/udp', 'deny', 'fixed/spoofed'],
    ])
  })

  describe('neighbour discovery; advertisements of routers only from the uplink', () => {
    judges(site, [
      ['vent-01 fd20::11', 'ff02::1:ff00:1 icmpv6/135', 'allow', 'fixed/neighbour-discovery'],
      ['vent-01 fd20::11', 'gateway icmpv6/136', 'allow', 'fixed/neighbour-discovery'],
      [`vent-01 ${local.vent1}`, 'ff02::2 icmpv6/133', 'allow', 'fixed/neighbour-discovery'],
      [`things :: ${links.stranger}`, 'ff02::1:ff00:99 icmpv6/135', 'allow', 'fixed/neighbour-discovery'],
      [`things :: ${links.stranger}`, 'ff02::16 icmpv6/143', 'allow', 'fixed/neighbour-discovery'],
      [
        `things ${local.stranger} ${links.stranger}`,
        'ff02::2 icmpv6/133',
        'allow',
        'fixed/neighbour-discovery',
      ],
      ['uplink fe80::1', 'ff02::1 icmpv6/134', 'allow', 'fixed/neighbour-discovery'],
      ['gateway fd20::1', 'ff02::1 icmpv6/134', 'allow', 'fixed/neighbour-discovery'],
      ['gateway fd20::1', 'vent-01 icmpv6/135', 'allow', 'fixed/neighbour-discovery'],
      ['vent-01 fd20::11', 'ff02::1 icmpv6/134', 'deny', 'fixed/invalid'],
      ['uplink fe80::1', 'ff02::2 icmpv6/133', 'deny', 'fixed/invalid'],
      ['vent-01 fd20::11', 'ff02::1 icmpv6/137', 'deny', 'fixed/invalid'],
      ['vent-01 fd20::11', 'vent-02 icmpv6/135', 'deny', 'fixed/invalid'],
      // An advertisement needs an address to advertise.
      [`things :: ${links.stranger}`, 'ff02::1 icmpv6/136', 'deny', 'fixed/spoofed'],
    ])
  })

  describe('group membership over IPv4, from no address too; never for a group of one', () => {
    judges(site, [
      [`things 0.0.0.0 ${links.stranger}`, '224.0.0.22 protocol/2', 'allow', 'fixed/group-membership'],
      [`things 0.0.0.0 ${links.vent1}`, '239.1.2.3 protocol/2', 'allow', 'fixed/group-membership'],
      ['station 0.0.0.0', '224.0.0.1 protocol/2', 'allow', 'fixed/group-membership'],
      ['visitors 0.0.0.0', '224.0.0.22 protocol/2', 'allow', 'fixed/group-membership'],
      ['vent-01', '224.0.0.22 protocol/2', 'allow', 'fixed/group-membership'],
      ['laptop', '224.0.0.2 protocol/2', 'allow', 'fixed/group-membership'],
      ['uplink 198.51.100.1', '224.0.0.1 protocol/2', 'allow', 'fixed/group-membership'],
      ['gateway', '224.0.0.22 protocol/2', 'allow', 'fixed/group-membership'],
      // From no address only to a group, only as IGMP, and not from the uplink.
      [`things 0.0.0.0 ${links.stranger}`, 'gateway protocol/2', 'deny', 'fixed/spoofed'],
      [`things 0.0.0.0 ${links.stranger}`, '255.255.255.255 protocol/2', 'deny', 'fixed/spoofed'],
      [`things 0.0.0.0 ${links.stranger}`, '192.0.2.7 protocol/2', 'deny', 'fixed/spoofed'],
      [`things 0.0.0.0 ${links.stranger}`, '224.0.0.251 mdns', 'deny', 'fixed/spoofed'],
      [`things :: ${links.stranger}`, 'ff02::16 protocol/2', 'deny', 'fixed/spoofed'],
      ['uplink 0.0.0.0', '224.0.0.1 protocol/2', 'deny', 'fixed/spoofed'],
      // An address must be one's own all the same, and a stranger's says nothing.
      [`things 10.20.0.11 ${links.vent2}`, '224.0.0.22 protocol/2', 'deny', 'fixed/spoofed'],
      [`things 10.20.0.99 ${links.stranger}`, '224.0.0.22 protocol/2', 'deny', 'fixed/stranger'],
      ['uplink 10.20.0.11', '224.0.0.22 protocol/2', 'deny', 'fixed/spoofed'],
      ['nowhere 0.0.0.0', '224.0.0.22 protocol/2', 'deny', 'fixed/interface'],
      // To one host it is a protocol like any other, and so it is over IPv6.
      ['laptop', 'vent-01 protocol/2', 'allow', 'vent-01/all'],
      ['laptop', 'gateway protocol/2', 'deny', 'default/deny'],
      ['laptop fd30::9', 'ff02::16 protocol/2', 'deny', 'default/deny'],
    ])
  })

  describe('what goes nowhere, opens nothing, or comes in by no network', () => {
    judges(site, [
      ['vent-01', '127.0.0.1 https', 'deny', 'fixed/martian'],
      ['vent-01', '0.0.0.1 https', 'deny', 'fixed/martian'],
      ['vent-01 fd20::11', '::1 https', 'deny', 'fixed/martian'],
      ['vent-01', '192.0.2.7 https', 'allow', 'vent-01/all'],
      ['vent-01', '192.0.2.7 https stray', 'deny', 'fixed/invalid'],
      ['vent-01', '192.0.2.7 icmp/8', 'allow', 'vent-01/all'],
      ['vent-01', '192.0.2.7 icmp/0', 'deny', 'fixed/invalid'],
      ['vent-01', '192.0.2.7 icmp/3', 'deny', 'fixed/invalid'],
      ['vent-01', '192.0.2.7 icmp/5', 'deny', 'fixed/invalid'],
      ['vent-01 fd20::11', '2001:db8::7 icmpv6/129', 'deny', 'fixed/invalid'],
      ['nowhere 192.0.2.7', 'vent-01 https', 'deny', 'fixed/interface'],
      ['nowhere 0.0.0.0', '255.255.255.255 68>67/udp', 'deny', 'fixed/interface'],
    ])
  })

  describe('the gateway talks to itself', () => {
    judges(site, [
      ['gateway', 'gateway 22/tcp', 'allow', 'fixed/loopback'],
      ['gateway', '127.0.0.1 dns', 'allow', 'fixed/loopback'],
      ['gateway fd20::1', '::1 dns', 'allow', 'fixed/loopback'],
      ['vent-01', 'gateway 22/tcp', 'deny', 'default/deny'],
    ])
  })
})

describe('7. link and network address belong together', () => {
  describe('one of them stolen', () => {
    judges(site, [
      ['vent-01', '192.0.2.7 https', 'allow', 'vent-01/all'],
      [`things 10.20.0.11 ${links.vent2}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      [`things fd20::11 ${links.vent2}`, '2001:db8::7 https', 'deny', 'fixed/spoofed'],
      [`things 10.20.0.11 ${links.stranger}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['things 10.20.0.11', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      [`things ${local.vent1} ${links.vent2}`, 'gateway dns', 'deny', 'fixed/spoofed'],
      // Its own link address, and an address nobody gave it.
      ['vent-01 10.20.0.77', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['vent-01 fd20::77', '2001:db8::7 https', 'deny', 'fixed/spoofed'],
      // Not even for DHCP may a device speak as another.
      [`things 10.20.0.11 ${links.vent2}`, 'gateway 68>67/udp', 'deny', 'fixed/spoofed'],
    ])
  })
  describe('an address that lives elsewhere', () => {
    judges(site, [
      [`station 10.20.0.11 ${links.vent1}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['uplink 10.20.0.11', '10.30.0.9 https', 'deny', 'fixed/spoofed'],
      ['uplink fd30::77', 'vent-01 https', 'deny', 'fixed/spoofed'],
      ['vent-01 10.30.0.9', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['vent-01 203.0.113.9', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['visitors 10.30.0.5', 'gateway 22/tcp', 'deny', 'fixed/spoofed'],
      [`things 10.20.0.1 ${links.stranger}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['station 10.20.0.1', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['uplink 127.0.0.1', 'gateway dns', 'deny', 'fixed/spoofed'],
      ['uplink 224.0.0.1', 'gateway dns', 'deny', 'fixed/spoofed'],
      ['uplink 0.0.0.0', 'gateway dns', 'deny', 'fixed/spoofed'],
      ['uplink ::1', 'gateway dns', 'deny', 'fixed/spoofed'],
      ['uplink 203.0.113.9', '10.30.0.9 https', 'deny', 'default/deny'],
    ])
  })
  describe('a leased address, for as long as the lease runs', () => {
    judges(site, [
      ['vent-02', '192.0.2.7 https', 'allow', 'vent-02/all'],
      ['vent-02 fd20::57', '2001:db8::7 https', 'allow', 'vent-02/all'],
      [`things 10.20.0.57 ${links.vent1}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
    ])
    judges(later(site, '2026-11-22T18:00:00Z'), [
      ['vent-02 10.20.0.57', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      [`things 10.20.0.57 ${links.stranger}`, '192.0.2.7 https', 'deny', 'fixed/stranger'],
    ])
  })
  describe('on a trusted network named devices are bound, and others need no name', () => {
    judges(site, [
      ['laptop', '192.0.2.7 https', 'allow', 'default/trusted-to-uplink'],
      [`station 10.30.0.9 ${links.stranger}`, '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      [`station 10.30.0.77 ${links.stranger}`, '192.0.2.7 https', 'allow', 'default/trusted-to-uplink'],
      [`station 10.30.0.77 ${links.camera}`, '192.0.2.7 https', 'allow', 'default/trusted-to-uplink'],
    ])
  })
  describe("identity 'ip' asks for the address alone, where a hop hides the link address", () => {
    const routed = {
      ...networks,
      things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24', identity: 'ip' }),
    }
    const plain = { 'vent-01': device({ ip: '10.20.0.11', rules }) }
    judges(world({ networks: routed, devices: plain }), [
      ['vent-01', '192.0.2.7 https', 'allow', 'vent-01/all'],
      [`things 10.20.0.11 ${links.stranger}`, '192.0.2.7 https', 'allow', 'vent-01/all'],
      ['things 10.20.0.77', '192.0.2.7 https', 'deny', 'fixed/stranger'],
      ['things 10.30.0.77', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
      ['station 10.20.0.11', '192.0.2.7 https', 'deny', 'fixed/spoofed'],
    ])
  })
})

describe('8. strangers are held', () => {
  const generous = { open: allow.both({ who: 'things', peer: 'any', service: 'any', why: 'Everything' }) }
  const open = world({ devices, rules: generous })
  const stranger = `things 10.20.0.99 ${links.stranger}`
  describe('even where a rule gives all of their network everything', () => {
    judges(open, [
      ['vent-01', '192.0.2.7 https', 'allow', 'open'],
      [stranger, '192.0.2.7 https', 'deny', 'fixed/stranger'],
      [stranger, 'vent-01 https', 'deny', 'fixed/stranger'],
      [stranger, 'gateway dns', 'deny', 'fixed/stranger'],
      [stranger, 'gateway ping', 'deny', 'fixed/stranger'],
      [stranger, '192.0.2.7 https stray', 'deny', 'fixed/stranger'],
      [`things fd20::99 ${links.stranger}`, '2001:db8::7 https', 'deny', 'fixed/stranger'],
      [`things ${local.stranger} ${links.stranger}`, 'gateway dns', 'deny', 'fixed/stranger'],
    ])
  })
  describe('they get an address and may find the gateway', () => {
    judges(open, [
      [stranger, 'gateway 68>67/udp', 'allow', 'fixed/dhcp'],
      [`things :: ${links.stranger}`, 'ff02::1:ff00:99 icmpv6/135', 'allow', 'fixed/neighbour-discovery'],
      // Only from an address that cannot be anyone else's.
      [`things fd20::99 ${links.stranger}`, 'ff02::2 icmpv6/133', 'deny', 'fixed/stranger'],
    ])
  })
  describe('on guest and trusted networks nobody is one', () => {
    judges(open, [
      ['visitors 10.40.0.99', '192.0.2.7 https', 'allow', 'default/guest-to-uplink'],
      ['station 10.30.0.99', '192.0.2.7 https', 'allow', 'default/trusted-to-uplink'],
    ])
  })
})
