/** What lease files say: lines as dnsmasq 2.89 and Kea 2.2 write them, and whatever else may stand there. */
import { type Address, formatAddress, type LinkAddress, parseAddress } from '@thingwall/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDnsmasqLeases } from './dnsmasq.ts'
import type { FileLease } from './entry.ts'
import { readKeaLeases } from './kea.ts'

const AT = 1_800_000_000_000
const MAC = '24:6f:28:aa:00:01'
const words = (leases: readonly FileLease[]): readonly string[] =>
  leases.map(({ link, address, forMs }) => `${link} ${formatAddress(address)} ${forMs / 1000}s`)

describe('dnsmasq', () => {
  test.each([
    ['a lease', `1800003600 ${MAC} 10.20.0.11 vent-01 01:${MAC}`, [`${MAC} 10.20.0.11 3600s`]],
    ['without a name or an identity', `1800003600 ${MAC} 10.20.0.11 * *`, [`${MAC} 10.20.0.11 3600s`]],
    ['without end', `0 ${MAC} 10.20.0.11 * *`, [`${MAC} 10.20.0.11 Infinitys`]],
    ['over', `1799999999 ${MAC} 10.20.0.11 * *`, []],
    ['of a token ring', `1800003600 06-${MAC} 10.20.0.11 * *`, []],
    ['of DHCPv6', `duid 00:01:00:01\n1800003600 2200 fd20::100 * 00:01`, []],
    [
      'a name that would be a line',
      `1800003600 ${MAC} 10.20.0.11 10.20.0.99 ${MAC}`,
      [`${MAC} 10.20.0.11 3600s`],
    ],
    ['half a line', `18000036`, []],
    ['half an address', `1800003600 ${MAC} 10.20.0`, []],
  ])('%s', (_, text, expected) => {
    expect(words(readDnsmasqLeases(text, AT))).toEqual(expected)
  })
})

describe('Kea', () => {
  const head4 =
    'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context'
  const head6 =
    'address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source'
  const line = (address: string, mac: string, lifetime: number, expire: number, state = 0): string =>
    `${address},${mac},01:${mac},${lifetime},${expire},1,0,0,vent,${state},`
  const file = (...lines: readonly string[]): string => `${[head4, ...lines].join('\n')}\n`

  test.each([
    ['a lease', [file(line('10.20.0.11', MAC, 3600, 1_800_003_600))], [`${MAC} 10.20.0.11 3600s`]],
    [
      'renewed: the last line counts',
      [file(line('10.20.0.11', MAC, 3600, 1_800_000_100), line('10.20.0.11', MAC, 3600, 1_800_003_600))],
      [`${MAC} 10.20.0.11 3600s`],
    ],
    [
      'released',
      [file(line('10.20.0.11', MAC, 3600, 1_800_003_600), line('10.20.0.11', MAC, 0, 1_800_000_000))],
      [],
    ],
    ['declined', [file(line('10.20.0.11', '', 3600, 1_800_003_600, 1))], []],
    ['reclaimed', [file(line('10.20.0.11', MAC, 3600, 1_800_003_600, 2))], []],
    ['over', [file(line('10.20.0.11', MAC, 3600, 1_799_999_999))], []],
    [
      'without end',
      [file(line('10.20.0.11', MAC, 4_294_967_295, 6_094_967_295))],
      [`${MAC} 10.20.0.11 Infinitys`],
    ],
    [
      'of an older part, overruled by a newer one',
      [
        file(line('10.20.0.11', MAC, 3600, 1_800_000_100)),
        file(line('10.20.0.11', '24:6f:28:aa:00:02', 60, 1_800_000_060)),
      ],
      ['24:6f:28:aa:00:02 10.20.0.11 60s'],
    ],
    [
      'as Kea 2.2.0 wrote it: given, renewed',
      [
        file(
          '10.99.0.100,06:71:97:27:5e:26,01:06:71:97:27:5e:26,3600,1800003500,1,0,0,a,0,',
          '10.99.0.100,06:71:97:27:5e:26,01:06:71:97:27:5e:26,3600,1800003600,1,0,0,,0,',
        ),
      ],
      ['06:71:97:27:5e:26 10.99.0.100 3600s'],
    ],
    ['half a line', [`${file()}${line('10.20.0.11', MAC, 3600, 1_800_003_600)}`], []],
    ['another file altogether', ['root:x:0:0\n'], []],
    [
      'IPv6, with the link address where Kea saw it',
      [
        `${head6}\nfd20::100,00:01,3600,1800003600,1,1800,0,7,128,0,0,,${MAC},0,,1,2\nfd20::101,00:02,3600,1800003600,1,1800,0,7,128,0,0,,,0,,,\n`,
      ],
      [`${MAC} fd20::100 3600s`],
    ],
  ])('%s', (_, parts, expected) => {
    expect(words(readKeaLeases(parts, AT))).toEqual(expected)
  })
})

test('whatever stands there, only addresses of Ethernet hosts with time left come out', () => {
  const known = { link: MAC as LinkAddress, address: parseAddress('10.20.0.11') as Address, forMs: 3_600_000 }
  let found = 0
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.nat(200), (noise, at) => {
      const text = `1800003600 ${MAC} 10.20.0.11 vent *\n`
      const cut = text.slice(0, at) + noise + text.slice(at)
      const all = [...readDnsmasqLeases(cut, AT), ...readKeaLeases([cut, `${cut}\n`], AT)]
      for (const lease of all) {
        found += 1
        expect(lease.link).toMatch(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/)
        expect(lease.address).toMatch(/^(?:[0-9a-f]{8}|[0-9a-f]{32})$/)
        expect(lease.forMs).toBeGreaterThan(0)
      }
      expect(readDnsmasqLeases(`${noise.replaceAll('duid', '')}\n${text}`, AT)).toContainEqual(known)
    }),
  )
  expect(found).toBeGreaterThan(50)
})
