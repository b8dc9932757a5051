/**
 * Forwards: where they lead, whom they let in, and that nothing else lets a translated flow in. Both destinations of a
 * flow may be asked about; the kernel is held to the same in `test/kernel`.
 */
import { describe, expect, test } from 'vitest'
import { check } from '../analyse/check.ts'
import { allow, deny, device, forward, list, network, test as policyTest, tcp } from '../author/index.ts'
import { later, links, networks, siteOf, type World, why, world } from '../fixtures/site.ts'
import { type Address, formatAddress, parseAddress } from '../model/address.ts'
import type { Flow } from '../model/flow.ts'
import { evaluate } from './evaluate.ts'
import { explain } from './explain.ts'
import { translate } from './translate.ts'

const observatory = list('observatory', {
  why: 'Who may watch',
  entries: {
    '198.51.100.0/28': { why: 'The dome' },
    '2001:db8:5::/64': { why: 'The office', expires: '2026-12-01' },
  },
})
const parts = {
  networks: {
    ...networks,
    uplink: network({ role: 'uplink', interface: 'wan0', gateway: ['192.0.2.2', '2001:db8:1::2'] }),
    spare: network({ role: 'uplink', interface: 'wwan0' }),
  },
  devices: {
    'crater-cam': device({ mac: links.camera, ip: ['10.20.0.13', 'fd20::13'] }),
    'vent-02': device({ mac: links.vent2, network: 'things' }),
  },
  rules: {
    inside: allow.in({
      who: 'crater-cam',
      from: 'any',
      service: tcp(554, 80),
      why: 'Everybody inside watches',
    }),
    scanners: deny.in({ who: 'any', from: '198.51.100.9', why: 'Scans us' }),
  },
  forwards: {
    camera: forward({ at: 'uplink', service: tcp(8554), to: 'crater-cam', port: 554, why }),
    night: forward({
      at: 'uplink',
      service: '9000/udp',
      to: 'crater-cam',
      when: { hours: '22:00-06:00' },
      why,
    }),
    past: forward({
      at: 'uplink',
      service: '9001/tcp',
      to: 'crater-cam',
      port: 554,
      expires: '2026-11-01',
      why,
    }),
    range: forward({ at: 'uplink', service: '8000-8010/tcp', to: '10.20.0.77', from: observatory, why }),
    roaming: forward({ at: 'uplink', service: '9002/tcp', to: 'vent-02', port: 22, why }),
    docker: forward({ at: 'visitors', service: '8080/tcp', to: 'things', port: 80, by: 'docker', why }),
  },
}
const site = world(parts, {
  bindings: { addresses: [{ device: 'vent-02', address: '10.20.0.57', until: '2027-01-01' }] },
})

const flow = (
  ingress: string,
  source: string,
  destination: string,
  protocol: number,
  port: number,
): Flow => ({
  ingress,
  source: parseAddress(source) as Address,
  destination: parseAddress(destination) as Address,
  protocol,
  sourcePort: 40_000,
  destinationPort: port,
})
const translatedAs = (one: Flow, destination: string, port: number): Flow => ({
  ...one,
  destination: parseAddress(destination) as Address,
  destinationPort: port,
  original: { destination: one.destination, port: one.destinationPort as number },
})

/** Where a flow goes, what becomes of it there, and by which rule. */
function fate(one: Flow, given: World = site): string {
  const led = translate(given.ruleset, one, given.bindings, given.at)
  const { verdict, rule } = evaluate(given.ruleset, led, given.bindings, given.at)
  return `${formatAddress(led.destination)} ${led.destinationPort} ${verdict} by ${rule.id}`
}

describe('what comes in', () => {
  test.each([
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 8554, '10.20.0.13 554 allow by forward/camera'],
    ['uplink', '2001:db8::9', '2001:db8:1::2', 6, 8554, 'fd20::13 554 allow by forward/camera'],
    ['uplink', '203.0.113.9', '192.0.2.2', 17, 8554, '192.0.2.2 8554 deny by default/deny'],
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 554, '192.0.2.2 554 deny by default/deny'],
    ['uplink', '203.0.113.9', '10.20.0.13', 6, 554, '10.20.0.13 554 allow by inside'],
    ['uplink', '203.0.113.9', '10.20.0.13', 6, 8554, '10.20.0.13 8554 deny by default/deny'],
    ['uplink', '203.0.113.9', '10.20.0.1', 6, 8554, '10.20.0.1 8554 deny by default/deny'],
    ['spare', '203.0.113.9', '192.0.2.2', 6, 8554, '192.0.2.2 8554 deny by default/deny'],
    ['station', '10.30.0.7', '192.0.2.2', 6, 8554, '192.0.2.2 8554 deny by default/deny'],
    // A deny wins; hours, dates and senders are the rule's, and what it does not let in nothing does.
    ['uplink', '198.51.100.9', '192.0.2.2', 6, 8554, '10.20.0.13 554 deny by scanners'],
    ['uplink', '203.0.113.9', '192.0.2.2', 17, 9000, '10.20.0.13 9000 deny by default/no-forward'],
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 9001, '10.20.0.13 554 deny by default/no-forward'],
    ['uplink', '198.51.100.3', '192.0.2.2', 6, 8003, '10.20.0.77 8003 allow by forward/range'],
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 8003, '10.20.0.77 8003 deny by default/no-forward'],
    // The target has no address of that family.
    ['uplink', '2001:db8:5::9', '2001:db8:1::2', 6, 8003, '2001:db8:1::2 8003 deny by default/deny'],
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 9002, '10.20.0.57 22 allow by forward/roaming'],
    ['uplink', '203.0.113.9', '192.0.2.2', 6, 8080, '192.0.2.2 8080 deny by default/deny'],
  ] as const)('by %s from %s to %s %i/%i: %s', (ingress, from, to, protocol, port, expected) => {
    expect(fate(flow(ingress, from, to, protocol, port))).toBe(expected)
  })

  test('at its hours, and while the lease lasts', () => {
    const night = flow('uplink', '203.0.113.9', '192.0.2.2', 17, 9000)
    expect(fate(night, later(site, '2026-11-22T23:00:00Z'))).toBe('10.20.0.13 9000 allow by forward/night')
    const roaming = flow('uplink', '203.0.113.9', '192.0.2.2', 6, 9002)
    expect(fate(roaming, later(site, '2027-01-01T00:00:00Z'))).toBe('192.0.2.2 9002 deny by default/deny')
  })
})

describe('what somebody else translates', () => {
  const web = flow('visitors', '10.40.0.8', '10.40.0.1', 6, 8080)
  test.each([
    ['as a forward documents', translatedAs(web, '10.20.0.77', 80), 'allow by forward/docker'],
    ['to another port', translatedAs(web, '10.20.0.77', 22), 'deny by default/no-forward'],
    ['to elsewhere', translatedAs(web, '10.30.0.7', 80), 'deny by default/no-forward'],
    [
      'from another port',
      translatedAs({ ...web, destinationPort: 8081 }, '10.20.0.77', 80),
      'deny by default/no-forward',
    ],
    [
      'to where an allow leads',
      translatedAs({ ...web, destinationPort: 81 }, '10.20.0.13', 80),
      'deny by default/no-forward',
    ],
    [
      'to the gateway',
      translatedAs({ ...web, destinationPort: 53 }, '10.40.0.1', 53),
      'deny by default/no-forward',
    ],
    ['to outside', translatedAs(web, '203.0.113.9', 443), 'deny by default/no-forward'],
  ])('%s', (_, one, expected) => {
    expect(fate(one).replace(/^\S+ \S+ /, '')).toBe(expected)
  })
  test('where nothing is translated the rules are what they were', () => {
    expect(fate(flow('visitors', '10.40.0.8', '10.20.0.13', 6, 80))).toBe('10.20.0.13 80 allow by inside')
    expect(fate(flow('visitors', '10.40.0.8', '203.0.113.9', 6, 443))).toBe(
      '203.0.113.9 443 allow by default/guest-to-uplink',
    )
  })
})

describe('explain', () => {
  const ask = (from: string, to: string): string => {
    const [answer, faults] = explain(site.ruleset, { from, to }, site.bindings, site.at)
    if (answer === null) return JSON.stringify(faults)
    const text = [
      `${answer.verdict} by ${answer.rule?.id} (${answer.translated})`,
      answer.because,
      answer.next,
    ].join('\n')
    return text.replaceAll(/[\w./-]*forwards\.test\.ts:\d+/g, 'forwards.test.ts:N')
  }
  test.each(['192.0.2.2:8554/tcp', '[2001:db8:1::2]:8554/tcp', 'gateway:8554/tcp'])('to %s', (to) => {
    expect(ask(to.includes('[') ? '2001:db8::9' : '203.0.113.9', to)).toMatch(
      /^allow by forward\/camera \(.*:554\)/,
    )
  })
  test('in words, with either destination', () => {
    expect(ask('203.0.113.9', '192.0.2.2:8554/tcp')).toMatchInlineSnapshot(`
      "allow by forward/camera (10.20.0.13:554)
      203.0.113.9 (uplink) → the gateway 8554/tcp, translated to 10.20.0.13:554: forward/camera allows it: Readings, once a minute.
      To stop it, change forward/camera at forwards.test.ts:N or ask geo@volcano.example."
    `)
    expect(ask('203.0.113.9', 'vent-02:22/tcp')).toMatchInlineSnapshot(`
      "allow by forward/roaming (10.20.0.57:22)
      203.0.113.9 (uplink) → vent-02 (things) 22/tcp, translated to 10.20.0.57:22: forward/roaming allows it: Readings, once a minute.
      To stop it, change forward/roaming at forwards.test.ts:N or ask geo@volcano.example."
    `)
  })
  test('what no longer comes in', () => {
    expect(ask('203.0.113.9', '192.0.2.2:9001/tcp')).toMatchInlineSnapshot(`
      "deny by default/no-forward (10.20.0.13:554)
      203.0.113.9 (uplink) → the gateway 9001/tcp, translated to 10.20.0.13:554: its destination was translated, and no forward lets it in; forward/past did until 2026-11-01.
      If it must be let in to 9001/tcp, look at the dates, the hours and \`from\` of forward/past at forwards.test.ts:N."
    `)
    expect(ask('203.0.113.9', '10.20.0.77:8005/tcp')).toMatchInlineSnapshot(`
      "deny by default/no-forward (10.20.0.77:8005)
      203.0.113.9 (uplink) → 10.20.0.77 (things) 8005/tcp, translated to 10.20.0.77:8005: its destination was translated, and no forward lets it in.
      If it must be let in to 8005/tcp, look at the dates, the hours and \`from\` of forward/range at forwards.test.ts:N."
    `)
  })
})

test('tests of the policy speak of either destination', () => {
  const tests = [
    policyTest.allows('203.0.113.9', '192.0.2.2:8554/tcp', { rule: 'forward/camera' }),
    policyTest.allows('203.0.113.9', 'gateway:8554/tcp', { rule: 'forward/camera' }),
    policyTest.denies('203.0.113.9', '192.0.2.2:9001/tcp'),
    policyTest.denies('10.30.0.7', '192.0.2.2:8554/tcp'),
  ]
  const { ruleset, at } = world({ ...parts, tests })
  const found = check(siteOf({ ...parts, tests }), ruleset, { at })
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(found.map(({ code, path }) => `${code} ${path}`).sort()).toEqual(
    expect.arrayContaining(['TW2002 forwards.past.expires', 'TW2019 forwards.roaming.to']),
  )
})

test.each([
  ['for anyone, many ports', { service: '1000-9000/tcp' }, 'TW2009 forwards.f'],
  ['always refused by a deny', { service: '9000/tcp', from: '198.51.100.9' }, 'TW2007 forwards.f'],
  ['reviewed too late', { service: '9000/tcp', review: '2026-01-01' }, 'TW2005 forwards.f.review'],
  ['for no reason', { service: '9000/tcp', why: 'todo' }, 'TW2001 forwards.f.why'],
] as const)('check warns of a forward %s', (_, given, expected) => {
  const own = { ...parts, forwards: { f: forward({ at: 'uplink', to: 'crater-cam', why, ...given }) } }
  const { ruleset, at } = world(own)
  const about = check(siteOf(own), ruleset, { at }).filter(({ path }) => path.startsWith('forwards.'))
  expect(about.map(({ code, path }) => `${code} ${path}`)).toEqual([expected])
})
