/**
 * Points 9, 10 and 11 as decision tables: what a role may do, every role to every role for every service that the
 * matrix speaks of; who administers; translation; and what the gateway does not see.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, network } from '../author/index.ts'
import { decide, judges } from '../fixtures/flow.ts'
import { links, networks, why, world } from '../fixtures/site.ts'

const devices = {
  'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }),
  'vent-02': device({ mac: links.vent2, ip: ['10.20.0.12', 'fd20::12'] }),
}
const site = world({ devices })

/** Short names of the rules of the matrix; `-` is `default/deny`. */
const services = ['https', 'ssh', '8443/tcp', 'dns', '53/tcp', 'ntp', 'ping', 'protocol/47'] as const
const matrix = `
from      to         https     ssh       8443/tcp  dns       53/tcp    ntp       ping      protocol/47
things    things     -         -         -         -         -         -         -         -
things    trusted    -         -         -         -         -         -         -         -
things    guest      -         -         -         -         -         -         -         -
things    uplink     -         -         -         -         -         -         -         -
things    gateway    -         -         -         -         -         -         -         -
trusted   things     -         -         -         -         -         -         -         -
trusted   trusted    -         -         -         -         -         -         -         -
trusted   guest      -         -         -         -         -         -         -         -
trusted   uplink     trusted   trusted   trusted   trusted   trusted   trusted   trusted   trusted
trusted   gateway    -         -         -         services  services  services  services  -
admin     things     -         -         -         -         -         -         -         -
admin     uplink     trusted   trusted   trusted   trusted   trusted   trusted   trusted   trusted
admin     gateway    -         admin     admin     services  services  services  services  -
guest     things     -         -         -         -         -         -         -         -
guest     trusted    -         -         -         -         -         -         -         -
guest     guest      -         -         -         -         -         -         -         -
guest     uplink     guest     guest     guest     guest     guest     guest     guest     guest
guest     gateway    -         -         -         services  services  services  services  -
uplink    things     -         -         -         -         -         -         -         -
uplink    trusted    -         -         -         -         -         -         -         -
uplink    guest      -         -         -         -         -         -         -         -
uplink    uplink     -         -         -         -         -         -         -         -
uplink    gateway    -         -         -         -         -         -         -         -
gateway   things     -         -         -         -         -         -         -         -
gateway   trusted    -         -         -         -         -         -         -         -
gateway   guest      -         -         -         -         -         -         -         -
gateway   uplink     self      self      self      self      self      self      self      self
gateway   gateway    loopback  loopback  loopback  loopback  loopback  loopback  loopback  loopback
`
const ruleIds: Readonly<Record<string, string>> = {
  '-': 'deny by default/deny',
  trusted: 'allow by default/trusted-to-uplink',
  guest: 'allow by default/guest-to-uplink',
  self: 'allow by default/gateway-to-uplink',
  services: 'allow by default/gateway-services',
  admin: 'allow by default/admin',
  loopback: 'allow by fixed/loopback',
}
/** A host that opens, and another that is opened to, in each family. */
const hosts: Readonly<Record<string, readonly (readonly [opener: string, target: string])[]>> = {
  things: [
    ['vent-01', 'vent-02'],
    ['vent-01 fd20::11', 'fd20::12'],
  ],
  trusted: [
    ['10.30.0.77', '10.30.0.78'],
    ['fd30::77', 'fd30::78'],
  ],
  admin: [
    ['10.30.0.5', '10.30.0.5'],
    ['fd30::5', 'fd30::5'],
  ],
  guest: [
    ['10.40.0.77', '10.40.0.78'],
    ['fd40::77', 'fd40::78'],
  ],
  uplink: [
    ['203.0.113.9', '198.51.100.7'],
    ['2001:db8::9', '2001:db8:7::7'],
  ],
  gateway: [
    ['gateway', '10.20.0.1'],
    ['gateway', 'fd30::1'],
  ],
}

const cells = matrix
  .trim()
  .split('\n')
  .slice(1)
  .flatMap((line) => {
    const [from = '', to = '', ...cell] = line.trim().split(/\s+/)
    return services.map((service, at) => [from, to, service, cell[at] as string] as const)
  })

describe('9. the matrix of roles', () => {
  test('is complete: every role to every role, the gateway among them', () => {
    const roles = ['things', 'trusted', 'guest', 'uplink', 'gateway']
    const pairs = new Set(cells.map(([from, to]) => `${from} ${to}`))
    for (const from of roles) for (const to of roles) expect(pairs).toContain(`${from} ${to}`)
    expect(cells.length).toBe(28 * services.length)
  })

  test.each(cells)('%s → %s %s: %s', (from, to, service, expected) => {
    for (const at of [0, 1]) {
      const opener = hosts[from]?.[at]?.[0] as string
      const target = hosts[to]?.[at]?.[1] as string
      const decision = decide(site, opener, `${target} ${service}`)
      expect(`${decision.verdict} by ${decision.rule.id}`, `${opener} → ${target}`).toBe(ruleIds[expected])
    }
  })

  describe('administration is what the policy names, wherever it lives', () => {
    const station = network({ role: 'trusted', interface: 'lan0', cidrs: '10.30.0.0/24' })
    judges(world({ networks: { ...networks, station } }), [
      ['10.30.0.5', 'gateway ssh', 'deny', 'default/deny'],
      ['10.30.0.5', 'gateway dns', 'allow', 'default/gateway-services'],
    ])
    const visitors = network({
      role: 'guest',
      interface: 'gst0',
      cidrs: '10.40.0.0/24',
      admin: '10.40.0.0/30',
    })
    judges(world({ networks: { ...networks, visitors } }), [
      ['10.40.0.3', 'gateway ssh', 'allow', 'default/admin'],
      ['10.40.0.4', 'gateway ssh', 'deny', 'default/deny'],
      ['10.30.0.5', 'gateway ssh', 'allow', 'default/admin'],
    ])
  })

  describe('a rule widens or narrows a role', () => {
    const rules = {
      patrol: allow.in({ who: 'vent-01', from: 'station', service: 'ssh', why }),
      watch: allow.out({ who: 'gateway', to: 'things', service: 'ping', why }),
      torrents: deny.out({ who: 'visitors', to: 'any', service: '6881-6889/tcp', why }),
      locked: deny.in({ who: 'gateway', from: 'visitors', service: 'ping', why }),
    }
    judges(world({ devices, rules }), [
      ['10.30.0.77', 'vent-01 ssh', 'allow', 'patrol'],
      ['10.30.0.77', 'vent-02 ssh', 'deny', 'default/deny'],
      ['10.40.0.77', 'vent-01 ssh', 'deny', 'default/deny'],
      ['gateway', 'vent-01 ping', 'allow', 'watch'],
      ['gateway', '10.30.0.77 ping', 'deny', 'default/deny'],
      ['10.40.0.77', '203.0.113.9 6881/tcp', 'deny', 'torrents'],
      ['10.40.0.77', '203.0.113.9 6890/tcp', 'allow', 'default/guest-to-uplink'],
      ['10.30.0.77', '203.0.113.9 6881/tcp', 'allow', 'default/trusted-to-uplink'],
      ['10.40.0.77', 'gateway ping', 'deny', 'locked'],
      ['10.40.0.77', 'gateway dns', 'allow', 'default/gateway-services'],
      ['10.30.0.77', 'gateway ping', 'allow', 'default/gateway-services'],
    ])
  })
})

describe('10. translation changes addresses, not judgement', () => {
  const rules = { out: allow.out({ who: 'vent-01', to: '203.0.113.0/24', service: 'https', why }) }
  const rows = [
    ['vent-01', '203.0.113.10 https', 'allow', 'out'],
    ['vent-01', '198.51.100.7 https', 'deny', 'default/deny'],
    ['10.30.0.77', '203.0.113.10 ssh', 'allow', 'default/trusted-to-uplink'],
    ['203.0.113.10', 'vent-01 https', 'deny', 'default/deny'],
  ] as const
  describe('with masquerade', () => judges(world({ devices, rules }), rows))
  const uplink = network({ role: 'uplink', interface: 'wan0' })
  describe('without', () => judges(world({ devices, rules, networks: { ...networks, uplink } }), rows))
})

describe('11. what the gateway does not see it does not claim', () => {
  const rules = { talk: allow.both({ who: 'vent-01', peer: 'vent-02', service: 'coap', why }) }
  const flat = {
    ...networks,
    things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'] }),
    station: network({ role: 'trusted', interface: 'lan0', cidrs: '10.30.0.0/24', isolation: 'none' }),
  }
  const apart = world({ devices, rules })
  const together = world({ devices, rules, networks: flat })
  const stranger = `things 10.20.0.99 ${links.stranger}`

  test.each([
    // Two hosts of one network: allowed, refused, forged and held alike.
    ['vent-01', 'vent-02 coap', 'allow', false],
    ['vent-01 fd20::11', 'vent-02 coap', 'allow', false],
    ['vent-01', 'vent-02 https', 'deny', false],
    [stranger, 'vent-01 https', 'deny', false],
    [`things 10.20.0.11 ${links.stranger}`, 'vent-02 https', 'deny', false],
    ['10.30.0.77', '10.30.0.78 https', 'deny', false],
    // To a group, to everybody and by link-local address: one segment, and the gateway is not in between.
    ['vent-01', '224.0.0.251 mdns', 'deny', false],
    ['vent-01 fd20::11', 'ff02::fb mdns', 'deny', false],
    ['vent-01', '239.255.255.250 ssdp', 'deny', false],
    ['vent-01', '224.0.0.22 protocol/2', 'allow', false],
    ['vent-01 fd20::11', 'ff02::16 icmpv6/143', 'allow', false],
    ['vent-01', '255.255.255.255 coap', 'deny', false],
    ['vent-01', '10.20.0.255 coap', 'deny', false],
    ['vent-01 fe80::266f:28ff:feaa:1', 'fe80::266f:28ff:feaa:2 coap', 'allow', false],
    ['10.30.0.77', '224.0.0.251 mdns', 'deny', false],
    // Whatever crosses the gateway, or ends there.
    ['vent-01', '10.30.0.77 https', 'deny', true],
    ['vent-01', '203.0.113.9 https', 'deny', true],
    ['vent-01', 'gateway dns', 'deny', true],
    ['gateway', 'vent-01 https', 'deny', true],
    ['10.40.0.77', '10.40.0.78 https', 'deny', true],
    ['10.40.0.77', '224.0.0.251 mdns', 'deny', true],
    ['gateway', '224.0.0.251 mdns', 'deny', true],
    ['203.0.113.9', '224.0.0.251 mdns', 'deny', true],
    ['203.0.113.9', '198.51.100.7 https', 'deny', true],
  ])('%s → %s: %s, enforced %s', (from, to, verdict, enforced) => {
    expect(decide(together, from, to)).toMatchObject({ verdict, enforced })
    expect(decide(apart, from, to)).toMatchObject({ verdict, enforced: true })
  })
})
