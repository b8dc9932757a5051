/** Reading this machine: interfaces as ip prints them, sockets as the kernel does, and whom a command was called by. */
import { type Address, parseAddress } from '@thingwall/policy'
import { describe, expect, test } from 'vitest'
import { openNft } from '../nft/program.ts'
import { findCaller, parseStat } from './caller.ts'
import type { Ended, Machine } from './machine.ts'
import { thisMachine } from './machine.ts'
import { requireNetAdmin } from './rights.ts'
import { parseConnections } from './sockets.ts'
import { ownAddresses, parseInterfaces } from './survey.ts'

const ended: Ended = { status: 0, stdout: '', stderr: '', isMissing: false }
const address = (text: string): Address => parseAddress(text) as Address

/** A machine of files and links that are written down. */
function machineWith(
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, readonly string[]>> = {},
  run: Machine['run'] = async () => ended,
): Machine {
  return {
    run,
    read: async (path) => files[path] ?? null,
    write: async () => false,
    links: async (path) => links[path] ?? [],
  }
}

test('a program that is not there is told apart from one that fails', async () => {
  expect(await thisMachine.run('thingwall-no-such-program', [])).toMatchObject({
    status: null,
    isMissing: true,
  })
  expect(await thisMachine.run('false', [])).toMatchObject({ status: 1, isMissing: false })
})

test('interfaces: ports of a bridge, trunks, prefixes of both families', () => {
  const interfaces = parseInterfaces(
    JSON.stringify([
      {
        ifname: 'lo',
        flags: ['LOOPBACK', 'UP'],
        addr_info: [{ local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
      },
      {
        ifname: 'eth0',
        flags: ['UP'],
        addr_info: [{ local: 'fe80::1', prefixlen: 64, scope: 'link' }],
      },
      {
        ifname: 'eth0.20',
        link: 'eth0',
        linkinfo: { info_kind: 'vlan' },
        flags: ['UP'],
        addr_info: [
          { local: '10.20.7.1', prefixlen: 22, scope: 'global' },
          { local: 'fd20::1:1', prefixlen: 64, scope: 'global' },
        ],
      },
      { ifname: 'eth1', flags: ['UP'], linkinfo: { info_slave_kind: 'bridge' } },
      { ifname: 'docker0', link: 'inside', flags: ['UP'], linkinfo: { info_kind: 'veth' } },
      { ifname: 'inside', link: 'docker0', flags: [], linkinfo: { info_kind: 'veth' } },
      {},
    ]),
  )
  expect(
    interfaces.map(({ name, isLoopback, isPort, isTrunk }) => [name, isLoopback, isPort, isTrunk]),
  ).toEqual([
    ['lo', true, false, false],
    ['eth0', false, false, true],
    ['eth0.20', false, false, false],
    ['eth1', false, true, false],
    ['docker0', false, false, false],
    ['inside', false, false, false],
  ])
  expect(interfaces[2]?.addresses.map(({ prefix }) => prefix)).toEqual(['10.20.4.0/22', 'fd20::/64'])
  const own = ownAddresses({ interfaces, forwards: { 4: true, 6: true } })
  expect(own).toEqual(['fe80::1', 'fe80::', '10.20.7.1', '10.20.7.255', 'fd20::1:1', 'fd20::'].map(address))
  const prefixes = ['10.0.0.0/31', '10.0.0.0/32', 'fd00::/127', 'fd00::/128']
  const narrow = prefixes.map((prefix) => ({
    address: address(prefix.replace(/\/.*/, '')),
    prefix,
    isGlobal: true,
  }))
  const [lo] = interfaces as [(typeof interfaces)[number]]
  const alone = ownAddresses({ interfaces: [{ ...lo, addresses: narrow }], forwards: { 4: true, 6: true } })
  expect(alone).toEqual(['10.0.0.0', 'fd00::'].map(address))
})

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 900 1
   1: 01001E0A:0016 05001E0A:15B3 01 00000000:00000000 02:00000000 00000000     0        0 901 2
`
const tcp6 = `  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF000001001E0A:0016 0000000000000000FFFF000007001E0A:15B4 01 0:0 00:0 0 0 0 902 1
   1: 000030FD000000000000000001000000:0016 000030FD000000000000000005000000:15B5 01 0:0 00:0 0 0 0 903 1
`

test('established connections, IPv4 in IPv6 among them', () => {
  const found = [...parseConnections(tcp, 'LE'), ...parseConnections(tcp6, 'LE')]
  expect(found.map(({ local, peer, peerPort, inode }) => [local, peer, peerPort, inode])).toEqual([
    [address('10.30.0.1'), address('10.30.0.5'), 5555, '901'],
    [address('10.30.0.1'), address('10.30.0.7'), 5556, '902'],
    [address('fd30::1'), address('fd30::5'), 5557, '903'],
  ])
  expect(parseConnections('   1: 0A1E0001:0016 0A1E0005:15B3 01 a b c 0 0 901', 'BE')[0]?.local).toBe(
    address('10.30.0.1'),
  )
})

test('a process name may hold brackets and spaces', () => {
  expect(parseStat('77 (a) S 1) (b) S 42 1 1 0')).toEqual({ name: 'a) S 1) (b', parent: 42 })
  expect(parseStat(null)).toBeNull()
})

describe('whom a command was called by', () => {
  const files = {
    '/proc/30/stat': '30 (node) S 20 1 1',
    '/proc/20/stat': '20 (sudo) S 10 1 1',
    '/proc/10/stat': '10 (sshd) S 1 1 1',
    '/proc/10/net/tcp': tcp,
    '/proc/10/net/tcp6': tcp6,
  }
  const home = { '/proc/30/ns/net': ['net:[1]'], '/proc/10/fd': ['/dev/null', 'socket:[902]'] }
  const own = [address('10.30.0.1'), address('fe80::1')]

  test.each([
    ['what SSH says', { SSH_CONNECTION: '10.30.0.9 5555 10.30.0.1 22' }, 'net:[1]', '10.30.0.9'],
    ['a link-local address', { SSH_CONNECTION: 'fe80::9%lan0 5555 fe80::1%lan0 22' }, 'net:[1]', 'fe80::9'],
    ['the socket of the parent sshd', {}, 'net:[1]', '10.30.0.7'],
    ['nonsense, then the socket', { SSH_CONNECTION: 'x y z' }, 'net:[1]', '10.30.0.7'],
    ['an sshd of another network namespace', {}, 'net:[2]', null],
    ['another machine, by what SSH says', { SSH_CONNECTION: '10.30.0.9 5 192.0.2.1 22' }, 'net:[2]', null],
  ])('%s', async (_, env, namespace, peer) => {
    const machine = machineWith(files, { ...home, '/proc/10/ns/net': [namespace] })
    const caller = await findCaller(machine, { env, pid: 30, own })
    expect(caller?.peer ?? null).toBe(peer === null ? null : address(peer))
  })

  test('a process that was started by no server', async () => {
    const machine = machineWith({ '/proc/30/stat': '30 (node) S 1 1 1' }, home)
    expect(await findCaller(machine, { env: {}, pid: 30, own })).toBeNull()
  })
})

test.each([
  ['CapEff:\t000001ffffffffff\n', true],
  ['CapEff:\t0000000000001000\n', true],
  ['CapEff:\t0000000000000000\n', false],
  ['CapEff:\t00000000000000ff\n', false],
])('rights: %j', async (status, may) => {
  const asked = requireNetAdmin(machineWith({ '/proc/self/status': status }), 'thingwall apply')
  if (may) await asked
  else await expect(asked).rejects.toMatchObject({ code: 'TW4001', hint: 'run: sudo thingwall apply' })
})

test.each([
  [{ ...ended, isMissing: true, status: null }, 'TW4002'],
  [{ ...ended, stdout: 'nftables v0.9.8 (E.D.S.)' }, 'TW4003'],
  [{ ...ended, stdout: 'nftables v1.0.5 (Lester Gooch #4)' }, 'TW4003'],
  [{ ...ended, stdout: 'nftables v1.0.6 (Lester Gooch #5)' }, null],
  [{ ...ended, stdout: 'nftables v1.1 (Commodore)' }, null],
])('nft: %j', async (told, code) => {
  const opened = openNft(machineWith({}, {}, async () => told))
  if (code === null) await opened
  else await expect(opened).rejects.toMatchObject({ code })
})
