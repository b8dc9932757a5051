/**
 * `explain` as the person on call reads it: each question with its whole answer. What an answer says is reviewed here;
 * what it rests on is `evaluate`'s.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, network, profile } from '../author/index.ts'
import { links, networks, type World, world } from '../fixtures/site.ts'
import { explain } from './explain.ts'

const badHosts = list('known-botnets', {
  why: 'Seen in the March incident',
  entries: {
    '198.51.100.7': { why: 'Mirai loader', source: 'incident INC-88' },
    '203.0.113.240/28': { why: 'Mozi peers' },
  },
})
const seismometer = profile('seismometer', {
  why: 'Pushes readings',
  owner: 'geo-platform@volcano.example',
  rules: {
    readings: allow.out({
      to: 'api.volcano.example',
      service: 'https',
      why: 'POST /readings',
      ticket: 'GEO-12',
    }),
    trial: allow.out({ to: '192.0.2.7', service: 'mqtts', why: 'A trial', expires: '2026-11-01' }),
    visit: allow.out({ to: '192.0.2.7', service: 'ssh', why: 'A visit', expires: '2027-01-01' }),
    nightly: allow.out({ to: '192.0.2.7', service: 'ntp', why: 'Backup', when: { hours: '22:00-06:00' } }),
  },
})
const devices = {
  'vent-01': seismometer.device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }),
  'vent-02': seismometer.device({ mac: links.vent2, network: 'things' }),
  'crater-cam': device({ mac: links.camera, ip: '10.20.0.13' }),
}
const parts = {
  devices,
  rules: { botnets: deny.both({ who: 'any', peer: badHosts, why: 'Never, whatever else is allowed' }) },
  quarantine: { 'crater-cam': { why: 'Scans the network', ticket: 'INC-91' } },
}
const site = world(parts)
const answers = (...addresses: string[]): World =>
  world(parts, { bindings: { names: [{ device: 'vent-01', name: 'api.volcano.example', addresses }] } })

/** The answer as lines; places without folders and line numbers. */
function ask(from: string, to: string, one: World = site): string {
  const [answer, faults] = explain(one.ruleset, { from, to }, one.bindings, one.at)
  if (answer === null) return faults.map(({ code, message }) => `${code} ${message}`).join('\n')
  const seen = answer.enforced ? '' : ', not enforced'
  return [`${answer.verdict} by ${answer.rule?.id ?? 'nothing'}${seen}`, answer.because, answer.next]
    .join('\n')
    .replace(/[^ (]*\/([\w.-]+\.ts):\d+/g, '$1:N')
}

describe('allowed and refused', () => {
  test('by a rule of the author', () => {
    expect(ask('vent-01', '192.0.2.7:22/tcp')).toMatchInlineSnapshot(`
      "allow by seismometer/visit
      vent-01 (seismometer) → 192.0.2.7 (uplink) 22/tcp: seismometer/visit allows it: A visit, until 2027-01-01.
      To stop it, change seismometer/visit at explain.test.ts:N or ask geo-platform@volcano.example."
    `)
    expect(ask('vent-01', 'api.volcano.example:443/tcp', answers('203.0.113.10'))).toMatchInlineSnapshot(`
      "allow by seismometer/readings
      vent-01 (seismometer) → api.volcano.example (uplink) 443/tcp: seismometer/readings allows it: POST /readings.
      To stop it, change seismometer/readings at explain.test.ts:N or ask geo-platform@volcano.example (GEO-12)."
    `)
  })
  test('by nothing: what would allow it, and where it goes', () => {
    expect(ask('vent-01', '10.30.0.5:22/tcp')).toMatchInlineSnapshot(`
      "deny by default/deny
      vent-01 (seismometer) → 10.30.0.5 (station) 22/tcp: no rule allows it.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.out({ to: '10.30.0.5', service: '22/tcp', why: '…' })"
    `)
    expect(ask('10.30.0.5', 'vent-01:22/tcp')).toMatchInlineSnapshot(`
      "deny by default/deny
      10.30.0.5 (station) → vent-01 (seismometer) 22/tcp: no rule allows it.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.in({ from: '10.30.0.5', service: '22/tcp', why: '…' })"
    `)
    expect(ask('203.0.113.9', '10.30.0.5:22/tcp')).toMatchInlineSnapshot(`
      "deny by default/deny
      203.0.113.9 (uplink) → 10.30.0.5 (station) 22/tcp: no rule allows it.
      If it must be allowed, add a documented rule to the policy’s rules."
    `)
  })
  test('by the role of a network', () => {
    expect(ask('10.30.0.77', '192.0.2.7:https')).toMatchInlineSnapshot(`
      "allow by default/trusted-to-uplink
      10.30.0.77 (station) → 192.0.2.7 (uplink) 443/tcp: default/trusted-to-uplink allows it: Trusted networks reach the internet.
      This is the role of the network; a deny rule of the policy can narrow it."
    `)
    expect(ask('10.40.0.8', 'gateway:dns')).toMatchInlineSnapshot(`
      "allow by default/gateway-services
      10.40.0.8 (visitors) → the gateway 53/udp: default/gateway-services allows it: The gateway answers DNS, NTP and echo for trusted and guest networks.
      This is the role of the network; a deny rule of the policy can narrow it."
    `)
    expect(ask('gateway', '192.0.2.7:ntp')).toMatchInlineSnapshot(`
      "allow by default/gateway-to-uplink
      the gateway → 192.0.2.7 (uplink) 123/udp: default/gateway-to-uplink allows it: The gateway fetches updates, time and names.
      This is the role of the network; a deny rule of the policy can narrow it."
    `)
  })
  test('by a deny whose exception has ended, or not yet', () => {
    const partners = list('partners', {
      why: 'Whom sensors may talk to',
      entries: {
        '192.0.2.7': { why: 'The old server', expires: '2026-11-01', owner: 'ops@volcano.example' },
        '192.0.2.8': { why: 'The new server', expires: '2027-01-01' },
      },
    })
    const wall = deny.out({ who: 'things', to: { of: 'any', except: partners }, why: 'Nobody else' } as never)
    const one = world({ ...parts, rules: { wall } })
    expect(ask('vent-01', '192.0.2.7:22/tcp', one)).toMatchInlineSnapshot(`
      "deny by wall
      vent-01 (seismometer) → 192.0.2.7 (uplink) 22/tcp: wall refuses it: Nobody else; the list partners left 192.0.2.7 out of it until 2026-11-01: The old server (explain.test.ts:N).
      If it should still be left out, renew 192.0.2.7 of partners at explain.test.ts:N or ask ops@volcano.example."
    `)
    expect(ask('vent-01', '192.0.2.9:22/tcp', one)).toMatchInlineSnapshot(`
      "deny by wall
      vent-01 (seismometer) → 192.0.2.9 (uplink) 22/tcp: wall refuses it: Nobody else.
      To change it, edit wall at explain.test.ts:N or ask geo@volcano.example."
    `)
    expect(ask('vent-01', '192.0.2.8:22/tcp', one)).toMatchInlineSnapshot(`
      "deny by default/deny
      vent-01 (seismometer) → 192.0.2.8 (uplink) 22/tcp: no rule allows it.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.out({ to: '192.0.2.8', service: '22/tcp', why: '…' })"
    `)
  })
  test('by an entry of a list, with its own reason and place', () => {
    expect(ask('vent-01', '198.51.100.7:443/tcp')).toMatchInlineSnapshot(`
      "deny by botnets
      vent-01 (seismometer) → 198.51.100.7 (uplink) 443/tcp: botnets refuses it: Never, whatever else is allowed; 198.51.100.7 is on the list known-botnets: Mirai loader, incident INC-88 (explain.test.ts:N).
      If it should not be on the list, change 198.51.100.7 of known-botnets at explain.test.ts:N."
    `)
    expect(ask('203.0.113.241', 'vent-01:443/tcp')).toMatchInlineSnapshot(`
      "deny by botnets
      203.0.113.241 (uplink) → vent-01 (seismometer) 443/tcp: botnets refuses it: Never, whatever else is allowed; 203.0.113.241 is on the list known-botnets: Mozi peers (explain.test.ts:N).
      If it should not be on the list, change 203.0.113.240/28 of known-botnets at explain.test.ts:N."
    `)
  })
  test('by quarantine', () => {
    expect(ask('crater-cam', '192.0.2.7:443/tcp')).toMatchInlineSnapshot(`
      "deny by quarantine/crater-cam
      crater-cam (things) → 192.0.2.7 (uplink) 443/tcp: quarantine/crater-cam refuses it: Scans the network.
      To change it, edit quarantine/crater-cam at site.ts:N or ask geo@volcano.example (INC-91)."
    `)
  })
  test('by the fixed tier', () => {
    expect(ask(links.stranger, '192.0.2.7:443/tcp')).toMatchInlineSnapshot(`
      "deny by fixed/stranger
      02:00:00:00:00:99 (things) → 192.0.2.7 (uplink) 443/tcp: fixed/stranger refuses it: A device nobody has named is held on a things network: it gets an address and nothing else.
      Name the device in the policy's devices if it belongs here; else find and remove it."
    `)
    expect(ask('vent-01', '127.0.0.1:443/tcp')).toMatchInlineSnapshot(`
      "deny by fixed/martian
      vent-01 (seismometer) → 127.0.0.1 (uplink) 443/tcp: fixed/martian refuses it: No packet on a wire may go to a loopback, unspecified or reserved address (RFC 1812 5.3.7).
      The fixed tier is no policy’s to change; \`thingwall list rules\` says what it keeps and why."
    `)
  })
})

describe('but for its dates a rule would have allowed it', () => {
  test('one that has ended, one that rests', () => {
    expect(ask('vent-01', '192.0.2.7:8883/tcp')).toMatchInlineSnapshot(`
      "deny by default/deny
      vent-01 (seismometer) → 192.0.2.7 (uplink) 8883/tcp: no rule allows it; seismometer/trial did until 2026-11-01.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.out({ to: '192.0.2.7', service: '8883/tcp', why: '…' })"
    `)
    expect(ask('vent-01', '192.0.2.7:ntp')).toMatchInlineSnapshot(`
      "deny by default/deny
      vent-01 (seismometer) → 192.0.2.7 (uplink) 123/udp: no rule allows it; seismometer/nightly does, but not at this hour.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.out({ to: '192.0.2.7', service: '123/udp', why: '…' })"
    `)
  })
})

describe('not known yet', () => {
  test('a name nobody told', () => {
    expect(ask('vent-01', 'api.volcano.example:443/tcp')).toMatchInlineSnapshot(`
      "unknown by seismometer/readings
      vent-01 (seismometer) → api.volcano.example (uplink) 443/tcp: not known yet; it needs an answer for api.volcano.example told to vent-01. seismometer/readings would allow it (POST /readings); until then it is dropped.
      Let the device ask the gateway for the name, or give what it was told with --bindings FILE."
    `)
    expect(ask('vent-01', 'other.volcano.example:443/tcp')).toMatchInlineSnapshot(`
      "unknown by default/deny
      vent-01 (seismometer) → other.volcano.example (uplink) 443/tcp: not known yet; it needs an answer for other.volcano.example told to vent-01. default/deny may refuse it (Nothing allows it: everything is refused unless a rule says otherwise); until then it is dropped.
      Let the device ask the gateway for the name, or give what it was told with --bindings FILE."
    `)
    expect(ask('vent-01', '203.0.113.10:443/tcp')).toMatchInlineSnapshot(`
      "unknown by seismometer/readings
      vent-01 (seismometer) → 203.0.113.10 (uplink) 443/tcp: not known yet; it needs an answer for api.volcano.example told to vent-01. seismometer/readings would allow it (POST /readings); until then it is dropped.
      Let the device ask the gateway for the name, or give what it was told with --bindings FILE."
    `)
  })
  test('a device without an address', () => {
    expect(ask('vent-02', '192.0.2.7:22/tcp')).toMatchInlineSnapshot(`
      "unknown by seismometer/visit
      vent-02 (seismometer) → 192.0.2.7 (uplink) 22/tcp: not known yet; it needs an address of vent-02. seismometer/visit would allow it (A visit); until then it is dropped.
      Give the missing address in the policy (ip) or with --bindings FILE."
    `)
  })
  test('a name that no rule speaks of is nobody’s, whatever other names are still to be told', () => {
    const plain = world({
      devices: {
        vent: device({
          mac: links.vent1,
          ip: '10.20.0.11',
          rules: { a: allow.out({ to: 'api.volcano.example', service: 'https', why: 'Readings' }) },
        }),
      },
    })
    expect(ask('vent', 'other.volcano.example:443/tcp', plain)).toMatchInlineSnapshot(`
      "deny by default/deny
      vent (things) → other.volcano.example (uplink) 443/tcp: no rule allows it.
      If it must be allowed, add to device vent (explain.test.ts:N): allow.out({ to: 'other.volcano.example', service: '443/tcp', why: '…' })"
    `)
  })
  test('one answer is on a list: the worst of them decides', () => {
    const told = answers('203.0.113.10', '198.51.100.7')
    expect(ask('vent-01', 'api.volcano.example:443/tcp', told)).toMatchInlineSnapshot(`
      "deny by botnets
      vent-01 (seismometer) → api.volcano.example (uplink) 443/tcp: botnets refuses it: Never, whatever else is allowed; 198.51.100.7 is on the list known-botnets: Mirai loader, incident INC-88 (explain.test.ts:N).
      If it should not be on the list, change 198.51.100.7 of known-botnets at explain.test.ts:N."
    `)
  })
})

describe('without a service', () => {
  test('one answer where all agree, else which differ', () => {
    expect(ask('vent-01', '10.30.0.5')).toMatchInlineSnapshot(`
      "deny by default/deny
      vent-01 (seismometer) → 10.30.0.5 (station) any: no rule allows it.
      If it must be allowed, add to profile seismometer (explain.test.ts:N): allow.out({ to: '10.30.0.5', service: 'any', why: '…' })"
    `)
    expect(ask('vent-01', '192.0.2.7')).toMatchInlineSnapshot(`
      "unknown by seismometer/readings
      It depends on the service: 443/tcp (unknown, seismometer/readings), 22/tcp (allow, seismometer/visit); anything else is refused.
      Ask with a service: --to 192.0.2.7:443/tcp"
    `)
  })
})

describe('where nobody keeps devices apart', () => {
  test('it says so', () => {
    const flat = {
      ...networks,
      things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }),
    }
    const pair = {
      a: device({ mac: links.vent1, ip: '10.20.0.11' }),
      b: device({ mac: links.vent2, ip: '10.20.0.12' }),
    }
    expect(ask('a', 'b:22/tcp', world({ networks: flat, devices: pair }))).toMatchInlineSnapshot(`
      "deny by default/deny, not enforced
      a (things) → b (things) 22/tcp: no rule allows it. The two share a network that nobody keeps apart, so this traffic does not pass the gateway and is not enforced.
      If it must be allowed, add to device a (explain.test.ts:N): allow.out({ to: 'b', service: '22/tcp', why: '…' })"
    `)
  })
})

test('prose of the policy is escaped on its way to a terminal', () => {
  const rules = {
    a: allow.out({ to: '192.0.2.7', service: 'https', why: `A${'\u00ad'}B \u{e0041} C`, owner: 'x' }),
  }
  const odd = world({ devices: { v: device({ mac: links.vent1, ip: '10.20.0.11', rules }) } })
  expect(ask('v', '192.0.2.7:443/tcp', odd)).toContain('A\\u{ad}B \\u{e0041} C')
})

test('ping to an address of one family is asked of that family alone', () => {
  const probe = device({
    mac: links.vent1,
    ip: '10.20.0.11',
    rules: { probe: allow.out({ to: '192.0.2.9', service: 'ping', why: 'Is the vendor there' }) },
  })
  const one = world({ devices: { probe } })
  const [explanation] = explain(one.ruleset, { from: 'probe', to: '192.0.2.9:ping' }, one.bindings, one.at)
  expect([explanation?.verdict, explanation?.rule?.id]).toEqual(['allow', 'probe/probe'])
})
