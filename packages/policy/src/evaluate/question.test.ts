/**
 * Questions as people write them: ends of every kind, what cannot be read and what was probably meant, and that every
 * question that can be read has an answer in words.
 */
import { describe, expect, test } from 'vitest'
import { allow, device } from '../author/index.ts'
import { links, why, world } from '../fixtures/site.ts'
import { explain } from './explain.ts'

const rules = {
  readings: allow.out({ to: 'api.volcano.example', service: 'https', why }),
  visit: allow.out({ to: '192.0.2.7', service: 'ssh', why }),
}
const devices = {
  'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'], rules }),
  'vent-02': device({ mac: links.vent2, network: 'things', rules }),
  'crater-cam': device({ mac: links.camera, ip: '10.20.0.13' }),
}
const site = world({ devices, quarantine: { 'crater-cam': { why } } })

/** What is told of a question that cannot be read. */
function ask(from: string, to: string): string {
  const [, faults] = explain(site.ruleset, { from, to }, site.bindings, site.at)
  return faults.map(({ code, message }) => `${code} ${message}`).join('\n')
}

describe('ends of every kind', () => {
  test.each([
    ['vent-01', 'vent-01', 'things', '10.20.0.11'],
    ['10.20.0.11', 'vent-01', 'things', '10.20.0.11'],
    ['fd20::11', 'vent-01', 'things', 'fd20::11'],
    [links.vent1, 'vent-01', 'things', '10.20.0.11'],
    [links.vent1.toUpperCase(), 'vent-01', 'things', '10.20.0.11'],
    ['gateway', null, null, '10.20.0.1'],
    ['10.30.0.1', null, null, '10.30.0.1'],
    ['10.30.0.77', null, 'station', '10.30.0.77'],
    ['203.0.113.9', null, 'uplink', '203.0.113.9'],
  ])('%s', (from, deviceName, networkName, address) => {
    const to = from.includes('fd20') ? '2001:db8::1' : '192.0.2.9'
    const [answer] = explain(
      site.ruleset,
      { from, to: to.includes(':') ? `[${to}]:22/tcp` : `${to}:22/tcp` },
      site.bindings,
      site.at,
    )
    expect(answer?.from).toEqual({ text: from, device: deviceName, network: networkName, address })
    expect(answer?.to).toMatchObject({ text: to, device: null, network: 'uplink', address: to })
    expect(answer?.service).toBe('22/tcp')
  })
})

describe('an IPv6 or link address with a service needs no brackets where it can be read in one way only', () => {
  test.each([
    ['fd30::9:22/tcp', 'fd30::9', '22/tcp'],
    ['fd30::9:https', 'fd30::9', '443/tcp'],
    ['2001:db8:1:2:3:4:5:6:5000-5010/udp', '2001:db8:1:2:3:4:5:6', '5000-5010/udp'],
    [`${links.vent1}:22/tcp`, links.vent1, '22/tcp'],
    // All of it is an address, so it is one; what else may be meant, a note says.
    ['fd30::9:22', 'fd30::9:22', null],
  ])('%s', (to, text, service) => {
    const [answer, faults] = explain(site.ruleset, { from: 'vent-02', to }, site.bindings, site.at)
    expect(faults).toEqual([])
    expect(answer).toMatchObject({ to: { text }, service })
  })
  test.each([
    ['fd30::9:22222', 'TW2090 22222 is no service: write 22222/tcp or 22222/udp'],
    ['fd30::9:htps', 'TW2090 htps is no service; did you mean https?'],
  ])('%s', (to, message) => {
    expect(ask('vent-02', to)).toBe(message)
  })
})

describe('what follows the source', () => {
  test('a port or a service: told not to be judged', () => {
    for (const from of ['vent-01:51234', '10.20.0.11:22/tcp', '[fd20::11]:https']) {
      const to = from.startsWith('[') ? '[2001:db8::1]:22/tcp' : '192.0.2.9:22/tcp'
      const [answer, faults] = explain(site.ruleset, { from, to }, site.bindings, site.at)
      expect(faults).toEqual([])
      expect(answer).toMatchObject({ from: { device: 'vent-01' }, service: '22/tcp' })
      expect(answer?.notes.join()).toContain('the port it is sent from is not judged')
    }
  })
  test('neither: refused', () => {
    expect(ask('vent-01:htps', '192.0.2.9:22/tcp')).toBe('TW2090 htps is no service; did you mean https?')
  })
})

describe('questions that cannot be read', () => {
  test.each([
    ['vent-1', '10.30.0.5:22/tcp', 'TW2090 vent-1 is no device, address or DNS name; did you mean vent-01?'],
    ['gatway', '10.30.0.5:22/tcp', 'TW2090 gatway is no device, address or DNS name; did you mean gateway?'],
    [
      'vent-01',
      'crater-cm:22/tcp',
      'TW2090 crater-cm is no device, address or DNS name; did you mean crater-cam?',
    ],
    ['vent-01', '10.30.0.5:22', 'TW2090 22 is no service: write 22/tcp or 22/udp'],
    ['vent-01', '10.30.0.5:htps', 'TW2090 htps is no service; did you mean https?'],
    ['vent-01', '10.30.0.5:npt', 'TW2090 npt is no service; did you mean ntp?'],
    [
      'things',
      '10.30.0.5:ntp',
      'TW2090 things is a network: ask about one end of it, vent-01, vent-02, crater-cam',
    ],
    [
      'station',
      '10.30.0.5:ntp',
      'TW2090 station is a network: ask about one end of it, an address of it, like 10.30.0.255',
    ],
    ['vent-01', '10.30.0.256:22/tcp', 'TW2090 10.30.0.256 is no device, address or DNS name'],
    ['vent-01', '*.example:22/tcp', 'TW2090 *.example is no device, address or DNS name'],
    ['', '10.30.0.5:22/tcp', 'TW2090  is no device, address or DNS name'],
  ])('%s → %s', (from, to, message) => {
    expect(ask(from, to)).toBe(message)
  })
  test('both ends and the service at once, nothing hostile repeated as it is', () => {
    const [answer, faults] = explain(
      site.ruleset,
      { from: 'a\u001b[31m\nb', to: '\u202eb:x\u0007' },
      site.bindings,
      site.at,
    )
    expect(answer).toBeNull()
    expect(faults.map(({ path }) => path)).toEqual(['--from', '--to', '--to'])
    expect(JSON.stringify(faults)).not.toMatch(/\\u001b|\\u0007|\\n|\u202e/)
    expect(faults[0]?.message).toContain('\\u{1b}[31m\\u{a}')
  })
})

test('a rule that ended is told of also where it speaks of a name that nobody was told', () => {
  const vendor = allow.out({ to: 'updates.vendor.example', service: 'mqtts', why, expires: '2026-04-30' })
  const one = world({
    devices: { sensor: device({ mac: links.vent1, ip: '10.20.0.11', rules: { vendor } }) },
  })
  const because = (to: string): string | undefined =>
    explain(one.ruleset, { from: 'sensor', to }, one.bindings, one.at)[0]?.because
  expect(because('updates.vendor.example:mqtts')).toMatch(
    /no rule allows it; sensor\/vendor did until 2026-04-30\.$/,
  )
  expect(because('elsewhere.example:mqtts')).toMatch(/no rule allows it\.$/)
  expect(because('updates.vendor.example:https')).toMatch(/no rule allows it\.$/)
})

test('every question has an answer in words: a reason, something to do, the verdict of evaluate', () => {
  const ends = [
    'vent-01',
    'vent-02',
    'crater-cam',
    'gateway',
    '10.30.0.77',
    '10.40.0.8',
    '203.0.113.9',
    'fd30::9',
    links.stranger,
    'a.example',
  ]
  const services = ['', ':22/tcp', ':https', ':ping', ':icmpv6/139', ':protocol/47', ':any', ':dns']
  let asked = 0
  for (const from of ends) {
    for (const to of ends) {
      for (const service of services) {
        const host = to.includes(':') && service !== '' ? `[${to}]` : to
        const [answer, faults] = explain(
          site.ruleset,
          { from, to: `${host}${service}` },
          site.bindings,
          site.at,
        )
        asked += 1
        expect(faults, `${from} → ${to}${service}`).toEqual([])
        expect(answer?.because.length).toBeGreaterThan(20)
        expect(answer?.next.length).toBeGreaterThan(20)
        expect(answer?.verdict === 'unknown').toBe((answer?.needs.length ?? 0) > 0)
        if (answer?.rule != null && answer.verdict !== 'unknown')
          expect(answer.rule.effect).toBe(answer.verdict)
      }
    }
  }
  expect(asked).toBe(800)
})
