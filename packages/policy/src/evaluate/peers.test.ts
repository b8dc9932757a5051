/**
 * What each kind of peer means, as decision tables: `any`, the gateway, networks, addresses, groups of devices,
 * multicast, and services with their neighbours.
 */
import { describe } from 'vitest'
import { allow, deny, device, icmp, list, network, profile, protocol, tcp, udp } from '../author/index.ts'
import { judges } from '../fixtures/flow.ts'
import { links, networks, why, world } from '../fixtures/site.ts'

const ip = ['10.20.0.11', 'fd20::11']
const withRules = (rules: object, more: object = {}, bindings: object = {}) =>
  world(
    { devices: { 'vent-01': device({ mac: links.vent1, ip, rules } as never), ...more } },
    { bindings: { ...bindings } },
  )
const vent2 = device({ mac: links.vent2, ip: ['10.20.0.12', 'fd20::12'] })

describe('9. any is every peer outside the gateway, trusted networks included', () => {
  judges(withRules({ wide: allow.out({ to: 'any', service: 'https', why }) }, { 'vent-02': vent2 }), [
    ['vent-01', '203.0.113.9 https', 'allow', 'vent-01/wide'],
    ['vent-01', '10.30.0.5 https', 'allow', 'vent-01/wide'],
    ['vent-01', 'fd30::5 https', 'allow', 'vent-01/wide'],
    ['vent-01', '10.40.0.8 https', 'allow', 'vent-01/wide'],
    ['vent-01', 'vent-02 https', 'allow', 'vent-01/wide'],
    ['vent-01', '239.1.2.3 https', 'allow', 'vent-01/wide'],
    ['vent-01', 'gateway https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 http', 'deny', 'default/deny'],
    ['10.30.0.5', 'vent-01 https', 'deny', 'default/deny'],
  ])
  const silent = { silent: deny.both({ who: 'any', peer: 'any', why }) }
  describe('and denying any to any leaves the gateway its own flows', () => {
    judges(world({ rules: silent }), [
      ['10.30.0.5', '203.0.113.9 https', 'deny', 'silent'],
      ['10.30.0.5', 'gateway dns', 'allow', 'default/gateway-services'],
      ['gateway', '203.0.113.9 ntp', 'allow', 'default/gateway-to-uplink'],
    ])
  })
})

describe('the gateway is meant by its name and by nothing else', () => {
  const rules = {
    address: allow.out({ to: ['10.20.0.1', 'fd20::1'], service: 'https', why }),
    prefix: allow.out({ to: ['10.0.0.0/8', '0.0.0.0/0', '::/0'], service: 'http', why }),
    network: allow.out({ to: ['things', 'station', 'uplink'], service: 'mqtts', why }),
    door: allow.out({ to: 'gateway', service: 'coap', why }),
    asked: allow.in({ from: 'gateway', service: 'coaps', why }),
    anyone: allow.in({ from: ['any', '10.0.0.0/8', 'things'], service: 'telnet', why }),
    outside: allow.out({ to: { of: ['any', 'gateway'], except: 'gateway' }, service: 'ssh', why }),
  }
  judges(withRules(rules, {}, { gateway: ['192.0.2.2'] }), [
    ['vent-01', '10.20.0.1 https', 'deny', 'default/deny'],
    ['vent-01', 'fd20::1 https', 'deny', 'default/deny'],
    ['vent-01', '10.20.0.1 http', 'deny', 'default/deny'],
    ['vent-01', '10.20.0.2 http', 'allow', 'vent-01/prefix'],
    ['vent-01', '10.20.0.1 mqtts', 'deny', 'default/deny'],
    ['vent-01', '10.20.0.2 mqtts', 'allow', 'vent-01/network'],
    // Any of its addresses is the gateway, those it has only at run time too.
    ['vent-01', '10.20.0.1 coap', 'allow', 'vent-01/door'],
    ['vent-01', '10.30.0.1 coap', 'allow', 'vent-01/door'],
    ['vent-01', '192.0.2.2 coap', 'allow', 'vent-01/door'],
    ['vent-01', '192.0.2.2 http', 'deny', 'default/deny'],
    ['vent-01', '192.0.2.3 http', 'allow', 'vent-01/prefix'],
    ['gateway', 'vent-01 coaps', 'allow', 'vent-01/asked'],
    ['10.30.0.5', 'vent-01 coaps', 'deny', 'default/deny'],
    ['gateway', 'vent-01 telnet', 'deny', 'default/deny'],
    ['10.30.0.5', 'vent-01 telnet', 'allow', 'vent-01/anyone'],
    ['vent-01', '203.0.113.9 ssh', 'allow', 'vent-01/outside'],
    ['vent-01', 'gateway ssh', 'deny', 'default/deny'],
  ])
})

describe('networks, addresses and prefixes', () => {
  const rules = {
    station: allow.out({ to: 'station', service: 'https', why }),
    uplink: allow.out({ to: 'uplink', service: 'ntp', why }),
    subnet: allow.out({ to: '192.0.2.128/25', service: 'http', why }),
    one: allow.out({ to: '2001:db8::7', service: 'http', why }),
  }
  const branch = network({
    role: 'trusted',
    interface: ['lan1', 'lan2'],
    cidrs: ['10.50.0.0/24', '10.51.0.0/24'],
  })
  const site = world({
    networks: { ...networks, branch },
    devices: { 'vent-01': device({ mac: links.vent1, ip, rules } as never) },
  })
  judges(site, [
    ['vent-01', '10.30.0.200 https', 'allow', 'vent-01/station'],
    ['vent-01', '10.50.0.200 https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 ntp', 'allow', 'vent-01/uplink'],
    ['vent-01', '10.99.0.1 ntp', 'allow', 'vent-01/uplink'],
    ['vent-01', '10.51.0.1 ntp', 'deny', 'default/deny'],
    ['vent-01', '224.0.1.1 ntp', 'deny', 'default/deny'],
    ['vent-01', '192.0.2.128 http', 'allow', 'vent-01/subnet'],
    ['vent-01', '192.0.2.127 http', 'deny', 'default/deny'],
    ['vent-01', '2001:db8::7 http', 'allow', 'vent-01/one'],
    ['vent-01', '2001:db8::8 http', 'deny', 'default/deny'],
  ])
})

describe('devices, profiles and labels, on either end', () => {
  const sensor = profile('sensor', { why, rules: {} })
  const labels = { region: 'us', site: 'mauna-loa' }
  const devices = {
    'vent-01': sensor.device({ mac: links.vent1, ip, labels }),
    'vent-02': sensor.device({ mac: links.vent2, ip: '10.20.0.12', labels: { region: 'us' } }),
    console: device({ mac: links.camera, ip: '10.30.0.9', labels: { region: 'eu', site: 'mauna-loa' } }),
  }
  const rules = {
    device: allow.out({ who: { device: 'vent-01' }, to: 'vent-02', service: 'coap', why }),
    profile: allow.out({ who: 'console', to: sensor, service: 'ssh', why }),
    label: allow.out({ who: { label: { region: 'us' } }, to: { device: 'console' }, service: 'mqtt', why }),
    labels: allow.out({ who: { label: labels }, to: 'console', service: 'mqtts', why }),
    nobody: allow.out({ who: { label: { region: 'nowhere' } }, to: 'any', service: 'any', why }),
  }
  judges(world({ devices, rules }), [
    ['vent-01', 'vent-02 coap', 'allow', 'device'],
    ['vent-02', 'vent-01 coap', 'deny', 'default/deny'],
    ['console', 'vent-01 ssh', 'allow', 'profile'],
    ['console', 'vent-02 ssh', 'allow', 'profile'],
    ['10.30.0.10', 'vent-01 ssh', 'deny', 'default/deny'],
    ['vent-01', 'console mqtt', 'allow', 'label'],
    ['vent-02', 'console mqtt', 'allow', 'label'],
    ['vent-01', 'console mqtts', 'allow', 'labels'],
    // Every label must fit, and a label nobody has means nobody, not everybody.
    ['vent-02', 'console mqtts', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 https', 'deny', 'default/deny'],
  ])
})

describe('lists; an empty one matches nothing', () => {
  const hosts = list('hosts', { why, entries: { '198.51.100.7': { why }, '2001:db8:7::/48': { why } } })
  const none = list('none', { why, entries: {} })
  const rules = {
    some: allow.out({ to: hosts, service: 'https', why }),
    nobody: allow.out({ to: none, service: 'any', why }),
    all: allow.out({ to: { of: '192.0.2.0/24', except: none }, service: 'http', why }),
  }
  judges(withRules(rules), [
    ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/some'],
    ['vent-01', '2001:db8:7:1::1 https', 'allow', 'vent-01/some'],
    ['vent-01', '198.51.100.8 https', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 ssh', 'deny', 'default/deny'],
    ['vent-01', '192.0.2.7 http', 'allow', 'vent-01/all'],
  ])
})

describe('multicast groups are addresses of nobody', () => {
  const rules = {
    discovery: allow.out({ to: ['224.0.0.251', 'ff02::fb'], service: 'mdns', why }),
    heard: allow.in({ from: 'vent-02', service: 'coap', why }),
  }
  judges(withRules(rules, { 'vent-02': vent2 }), [
    ['vent-01', '224.0.0.251 mdns', 'allow', 'vent-01/discovery'],
    ['vent-01', 'ff02::fb mdns', 'allow', 'vent-01/discovery'],
    ['vent-01', '224.0.0.252 mdns', 'deny', 'default/deny'],
    ['vent-01', '239.255.255.250 ssdp', 'deny', 'default/deny'],
    ['vent-02', '224.0.0.251 mdns', 'deny', 'default/deny'],
    ['vent-02', '224.0.1.187 coap', 'deny', 'default/deny'],
    ['10.30.0.5', '224.0.0.251 mdns', 'deny', 'default/deny'],
  ])
})

describe('services and their neighbours', () => {
  const rules = {
    ports: allow.out({ to: 'any', service: [tcp('8000-8100'), udp(53)], why }),
    named: allow.out({ to: 'any', service: 'sip', why }),
    types: allow.out({ to: 'any', service: icmp(13), why }),
    tunnel: allow.out({ to: 'any', service: protocol(47), why }),
    echo: allow.out({ to: '203.0.113.9', service: 'ping', why }),
  }
  judges(withRules(rules), [
    ['vent-01', '203.0.113.9 8000/tcp', 'allow', 'vent-01/ports'],
    ['vent-01', '203.0.113.9 8100/tcp', 'allow', 'vent-01/ports'],
    ['vent-01', '203.0.113.9 7999/tcp', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 8101/tcp', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 8000/udp', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 53/udp', 'allow', 'vent-01/ports'],
    ['vent-01', '203.0.113.9 53/tcp', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 5060/tcp', 'allow', 'vent-01/named'],
    ['vent-01', '203.0.113.9 5060/udp', 'allow', 'vent-01/named'],
    ['vent-01', '203.0.113.9 icmp/13', 'allow', 'vent-01/types'],
    ['vent-01', '198.51.100.7 icmp/8', 'deny', 'default/deny'],
    ['vent-01', '203.0.113.9 icmp/8', 'allow', 'vent-01/echo'],
    ['vent-01', '203.0.113.9 protocol/47', 'allow', 'vent-01/tunnel'],
    ['vent-01', '203.0.113.9 protocol/50', 'deny', 'default/deny'],
  ])
})
