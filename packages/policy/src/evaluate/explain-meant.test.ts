/** Questions that say something else than was meant, or something that cannot be: the answer says so. */
import { describe, expect, test } from 'vitest'
import { device } from '../author/index.ts'
import { links, world } from '../fixtures/site.ts'
import { explain } from './explain.ts'

const site = world({
  devices: {
    'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }),
    'crater-cam': device({ mac: links.camera, ip: '10.20.0.13' }),
    'port-like': device({ mac: links.vent2, ip: 'fd20::7:80' }),
  },
})

describe('what may have been meant otherwise', () => {
  const notes = (from: string, to: string): readonly string[] | undefined =>
    explain(site.ruleset, { from, to }, site.bindings, site.at)[0]?.notes
  test.each([
    ['fd20::6:443', '[fd20::6]:443/tcp'],
    ['2001:db8::7:22', '[2001:db8::7]:22/tcp'],
    ['fd20::11:443', '[fd20::11]:443/tcp'],
  ])('%s is answered as the address that it is, with a note', (to, meant) => {
    expect(notes('vent-01', to)).toEqual([`${to} is one IPv6 address; did you mean ${meant}?`])
  })
  test.each([
    ["a device's own address", 'fd20::11'],
    ["a device's own address that looks like another", 'fd20::7:80'],
    ['one written with brackets', '[2001:db8::7:22]'],
    ['one with a service', '[2001:db8::7:22]:443/tcp'],
    ['a last group that is no port', '2001:db8::7:1a'],
    ['an address written out', '2001:db8:0:0:0:0:7:22'],
    ['IPv4', '192.0.2.7'],
  ])('no note: %s', (_, to) => {
    expect(notes('vent-01', to)).toEqual([])
  })
})

describe('what no packet can be', () => {
  test.each([
    ['10.20.0.11', '[2001:db8::7]:icmp/8', '10.20.0.11 is IPv4, 2001:db8::7 is IPv6, icmp/8 is IPv4'],
    ['10.20.0.11', '[2001:db8::7]:443/tcp', '10.20.0.11 is IPv4, 2001:db8::7 is IPv6'],
    ['vent-01', '192.0.2.7:icmpv6/128', '192.0.2.7 is IPv4, icmpv6/128 is IPv6'],
    ['vent-01', '[fd20::1]:icmp/8', 'fd20::1 is IPv6, icmp/8 is IPv4'],
  ])('%s to %s', (from, to, words) => {
    const [answer] = explain(site.ruleset, { from, to }, site.bindings, site.at)
    expect(answer).toMatchObject({
      verdict: 'unknown',
      rule: null,
      needs: ['ends and a service of one family'],
    })
    expect(answer?.because).toContain(`no packet can be that; ${words}.`)
  })
  test('not: a device that may yet be given an address of the other family', () => {
    const [answer] = explain(
      site.ruleset,
      { from: 'crater-cam', to: '[2001:db8::7]:443/tcp' },
      site.bindings,
      site.at,
    )
    expect(answer?.because).not.toContain('no packet')
    expect(answer?.needs).toEqual(['two addresses of one family'])
  })
})
