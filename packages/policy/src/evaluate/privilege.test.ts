/**
 * Points 1, 2 and 4 of the meaning as decision tables: least privilege in, out and sideways; tiers instead of order;
 * which rule is told; set difference; and the reason every decision comes with.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, profile } from '../author/index.ts'
import { decide, judges } from '../fixtures/flow.ts'
import { links, owner, why, world } from '../fixtures/site.ts'

const seismometer = profile('seismometer', {
  why: 'Pushes ground-motion readings; nothing ever connects to it',
  rules: {
    readings: allow.out({ to: ['203.0.113.10', '2001:db8::10'], service: 'https', why }),
    clock: allow.out({ to: 'gateway', service: 'ntp', why: 'TLS needs the time' }),
  },
})
const camera = profile('camera', {
  why: 'Watches the crater',
  rules: { stream: allow.in({ from: 'station', service: 'rtsp', why: 'The picture on the wall' }) },
})
const devices = {
  'vent-01': seismometer.device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }),
  'vent-02': seismometer.device({ mac: links.vent2, ip: ['10.20.0.12', 'fd20::12'] }),
  'crater-cam': camera.device({ mac: links.camera, ip: ['10.20.0.13', 'fd20::13'] }),
}

describe('1. least privilege', () => {
  describe('out', () => {
    judges(world({ devices }), [
      ['vent-01', '203.0.113.10 https', 'allow', 'seismometer/readings'],
      ['vent-01', '2001:db8::10 https', 'allow', 'seismometer/readings'],
      ['vent-01', '203.0.113.10 http', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.10 443/udp', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.10 ping', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.10 protocol/47', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.11 https', 'deny', 'default/deny'],
      ['vent-01', '2001:db8::11 https', 'deny', 'default/deny'],
      ['crater-cam', '203.0.113.10 https', 'deny', 'default/deny'],
      ['vent-01', '10.30.0.5 22/tcp', 'deny', 'default/deny'],
      ['vent-01', '10.40.0.8 https', 'deny', 'default/deny'],
    ])
  })
  describe('in: a rule speaks of who opens, so being allowed to ask is not being allowed to be asked', () => {
    judges(world({ devices }), [
      ['203.0.113.10', 'vent-01 https', 'deny', 'default/deny'],
      ['2001:db8::10', 'vent-01 https', 'deny', 'default/deny'],
      ['10.30.0.5', 'vent-01 22/tcp', 'deny', 'default/deny'],
      ['10.30.0.5', 'crater-cam rtsp', 'allow', 'camera/stream'],
      ['fd30::77', 'crater-cam rtsp', 'allow', 'camera/stream'],
      ['10.30.0.5', 'crater-cam 22/tcp', 'deny', 'default/deny'],
      ['10.30.0.5', 'vent-01 rtsp', 'deny', 'default/deny'],
      ['10.40.0.8', 'crater-cam rtsp', 'deny', 'default/deny'],
      ['203.0.113.9', 'crater-cam rtsp', 'deny', 'default/deny'],
      ['crater-cam', '10.30.0.5 rtsp', 'deny', 'default/deny'],
    ])
  })
  describe('sideways, and with the gateway', () => {
    judges(world({ devices }), [
      ['vent-01', 'vent-02 https', 'deny', 'default/deny'],
      ['vent-01', 'crater-cam rtsp', 'deny', 'default/deny'],
      ['vent-01 fd20::11', 'vent-02 ping', 'deny', 'default/deny'],
      ['vent-01', 'gateway ntp', 'allow', 'seismometer/clock'],
      ['vent-01 fd20::11', 'gateway ntp', 'allow', 'seismometer/clock'],
      ['vent-01', 'gateway dns', 'deny', 'default/deny'],
      ['vent-01', 'gateway ping', 'deny', 'default/deny'],
      ['vent-01', 'gateway 22/tcp', 'deny', 'default/deny'],
      ['crater-cam', 'gateway ntp', 'deny', 'default/deny'],
      ['gateway', 'vent-01 ping', 'deny', 'default/deny'],
    ])
  })
  describe('what a device writes for itself is its own', () => {
    const rules = { peer: allow.out({ to: 'vent-02', service: 'coap', why }) }
    const own = { ...devices, 'vent-03': device({ mac: links.stranger, ip: '10.20.0.14', rules }) }
    judges(world({ devices: own }), [
      ['vent-03', 'vent-02 coap', 'allow', 'vent-03/peer'],
      ['vent-02', 'vent-03 coap', 'deny', 'default/deny'],
      ['vent-03', 'vent-01 coap', 'deny', 'default/deny'],
      ['vent-01', 'vent-02 coap', 'deny', 'default/deny'],
    ])
  })
})

describe('2. tiers, not order', () => {
  describe('fixed > quarantine > deny > allow > default', () => {
    const rules = {
      botnets: deny.both({ who: 'any', peer: '203.0.113.0/24', why: 'Never' }),
      laptops: deny.out({ who: 'station', to: '198.51.100.0/24', why: 'Not from here' }),
      extra: allow.out({ who: 'vent-02', to: 'any', service: 'any', why: 'Everything, it says' }),
    }
    judges(world({ devices, rules, quarantine: { 'crater-cam': { why: 'Scans the network' } } }), [
      ['vent-01', '203.0.113.10 https', 'deny', 'botnets'],
      ['203.0.113.10', 'vent-01 https', 'deny', 'botnets'],
      ['vent-01', '2001:db8::10 https', 'allow', 'seismometer/readings'],
      ['vent-02', '198.51.100.7 https', 'allow', 'extra'],
      ['vent-02', '203.0.113.10 https', 'deny', 'botnets'],
      ['10.30.0.77', '198.51.100.7 https', 'deny', 'laptops'],
      ['10.30.0.77', '192.0.2.7 https', 'allow', 'default/trusted-to-uplink'],
      ['10.30.0.5', 'crater-cam rtsp', 'deny', 'quarantine/crater-cam'],
      ['203.0.113.9', 'crater-cam rtsp', 'deny', 'quarantine/crater-cam'],
      ['vent-02', 'crater-cam https', 'deny', 'quarantine/crater-cam'],
      ['crater-cam', 'gateway dns', 'deny', 'quarantine/crater-cam'],
      ['gateway', 'crater-cam ping', 'deny', 'quarantine/crater-cam'],
      // The fixed tier stands above all: even a quarantined device may renew its lease, and may not be forged.
      ['crater-cam', 'gateway 68>67/udp', 'allow', 'fixed/dhcp'],
      ['crater-cam', 'ff02::1 icmpv6/135', 'allow', 'fixed/neighbour-discovery'],
      [`things 10.20.0.13 ${links.vent1}`, '203.0.113.10 https', 'deny', 'fixed/spoofed'],
      // Its neighbours go on.
      ['10.30.0.5', 'vent-02 rtsp', 'deny', 'default/deny'],
      ['vent-01', 'gateway ntp', 'allow', 'seismometer/clock'],
    ])
  })

  describe('the rule told is of the strongest tier, then the longest-lived, then the first by id', () => {
    const https = { who: 'vent-01', to: '192.0.2.0/24', service: 'https', why } as const
    const http = { who: 'vent-01', to: '192.0.2.0/24', service: 'http', why } as const
    const never = { who: 'vent-01', to: '192.0.2.9', why } as const
    const rules = {
      'a-brief': allow.out({ ...https, expires: '2026-12-01' }),
      'b-long': allow.out({ ...https, expires: '2030-01-01' }),
      'z-endless': allow.out(https),
      'm-endless': allow.out({ ...http, to: '192.0.2.7' }),
      'k-endless': allow.out({ ...http, to: '192.0.2.0/28' }),
      'a-lifts': deny.out({ ...never, expires: '2027-01-01', onExpiry: 'lift' }),
      // A deny past its date stays, so it outlives one that lifts.
      'z-stays': deny.out({ ...never, expires: '2026-01-01' }),
    }
    judges(world({ devices, rules }), [
      ['vent-01', '192.0.2.7 https', 'allow', 'z-endless'],
      ['vent-01', '192.0.2.7 http', 'allow', 'k-endless'],
      ['vent-01', '192.0.2.77 http', 'deny', 'default/deny'],
      ['vent-01', '192.0.2.9 https', 'deny', 'z-stays'],
    ])
    const { 'z-endless': _, ...mortal } = rules
    judges(world({ devices, rules: mortal }), [['vent-01', '192.0.2.7 https', 'allow', 'b-long']])
    judges(world({ devices, rules: mortal }, { at: '2030-01-01T00:00:00Z' }), [
      ['vent-01', '192.0.2.7 https', 'deny', 'default/deny'],
    ])
  })

  describe('except takes away, on either end and of every kind', () => {
    const partners = list('partners', { why: 'Audited', entries: { '198.51.100.7': { why: 'Loader' } } })
    const rules = {
      wide: allow.out({ who: 'vent-01', to: '10.30.0.0/16', except: '10.30.0.5', service: 'https', why }),
      world: allow.out({ who: 'vent-01', to: 'any', except: ['station', 'things'], service: 'mqtts', why }),
      kin: allow.out({ who: { profile: 'seismometer', except: 'vent-02' }, to: 'any', service: 'coap', why }),
      listed: allow.out({ who: 'vent-01', to: '198.51.100.0/24', except: partners, service: 'ssh', why }),
      home: allow.in({
        who: 'vent-01',
        from: { network: 'station', except: 'fd30::5' },
        service: 'ssh',
        why,
      }),
      several: deny.out({ who: { of: ['vent-02', 'crater-cam'], except: 'vent-02' }, to: 'any', why }),
    }
    judges(world({ devices, rules }), [
      ['vent-01', '10.30.0.6 https', 'allow', 'wide'],
      ['vent-01', '10.30.0.4 https', 'allow', 'wide'],
      ['vent-01', '10.30.0.5 https', 'deny', 'default/deny'],
      ['vent-01', '192.0.2.7 mqtts', 'allow', 'world'],
      ['vent-01', '10.40.0.8 mqtts', 'allow', 'world'],
      ['vent-01', '10.30.0.6 mqtts', 'deny', 'default/deny'],
      ['vent-01', 'vent-02 mqtts', 'deny', 'default/deny'],
      ['vent-01', '192.0.2.7 coap', 'allow', 'kin'],
      ['vent-02', '192.0.2.7 coap', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.8 ssh', 'allow', 'listed'],
      ['vent-01', '198.51.100.7 ssh', 'deny', 'default/deny'],
      ['fd30::6', 'vent-01 ssh', 'allow', 'home'],
      ['10.30.0.5', 'vent-01 ssh', 'allow', 'home'],
      ['fd30::5', 'vent-01 ssh', 'deny', 'default/deny'],
      ['crater-cam', '192.0.2.7 https', 'deny', 'several'],
      ['vent-02', '192.0.2.7 https', 'deny', 'default/deny'],
    ])
  })
})

describe('4. no rule without a reason', () => {
  const rules = { lab: allow.out({ who: 'vent-01', to: 'station', service: 'ssh', why, ticket: 'GEO-12' }) }
  const site = world({ devices, rules })

  test('a decision knows why, who answers for it, and where it was written', () => {
    const { rule } = decide(site, 'vent-01', '10.30.0.9 ssh')
    expect(rule).toMatchObject({ why, owner, ticket: 'GEO-12' })
    expect(rule.origin?.file).toMatch(/privilege\.test\.ts$/)
  })

  test('so does a refusal that nobody wrote', () => {
    for (const [from, to] of [
      ['vent-01', '10.40.0.9 ssh'],
      ['nowhere 192.0.2.7', 'vent-01 ssh'],
    ] as const) {
      expect(decide(site, from, to).rule.why).toMatch(/\w{3}/)
    }
  })
})
