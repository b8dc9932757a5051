/** What each check of the doctor finds on machines that are written down: the one in order, and each fault beside it. */
import { describe, expect, test } from 'vitest'
import type { Ended } from '../machine/machine.ts'
import type { NftObject } from '../nft/program.ts'
import { examine } from './doctor.ts'
import type { Ground } from './finding.ts'

const done: Ended = { status: 0, stdout: '', stderr: '', isMissing: false }
const missing: Ended = { status: null, stdout: '', stderr: 'spawn ENOENT', isMissing: true }
const refused = (stderr: string): Ended => ({ ...done, status: 1, stderr })

type Programs = Readonly<Record<string, (args: readonly string[]) => Ended>>

const programs: Programs = {
  nft: (args) =>
    args[0] === '--version' ? { ...done, stdout: 'nftables v1.0.6 (Lester Gooch #5)\n' } : done,
  ip: (args) => ({ ...done, stdout: args[0] === '-Version' ? 'ip utility, iproute2-6.1.0\n' : '[]' }),
  conntrack: () => ({ ...done, stdout: 'conntrack v1.4.7 (conntrack-tools)\n' }),
  systemctl: (args) => ({ ...done, stdout: args[0] === 'is-enabled' ? 'enabled\n' : 'active\n' }),
}
const files: Readonly<Record<string, string>> = {
  '/proc/sys/kernel/osrelease': '6.1.0-31-amd64\n',
  '/proc/sys/net/ipv4/neigh/default/gc_thresh3': '1024\n',
  '/proc/sys/net/ipv6/neigh/default/gc_thresh3': '1024\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '1000\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '10\n',
  '/proc/sys/net/netfilter/nf_conntrack_tcp_loose': '0\n',
  '/proc/sys/net/netfilter/nf_conntrack_acct': '1\n',
}
const sound: Ground = {
  machine: machineOf({}, {}),
  survey: { interfaces: [], forwards: { 4: true, 6: true } },
  state: '/var/lib/thingwall',
  clock: {
    now: 0,
    lastSeen: 0,
    atLeast: 0,
    isTrusted: true,
    because: 'it is kept in step with a time server',
  },
  tables: [],
  devices: 100,
  isInUse: true,
  node: '24.21.0',
  room: async () => ({ freeBytes: 2 ** 33, isWritable: true }),
  withoutLibrary: null,
}

function machineOf(otherFiles: Readonly<Record<string, string>>, others: Programs): Ground['machine'] {
  const all = { ...files, ...otherFiles }
  return {
    run: async (program, args) => ({ ...programs, ...others })[program]?.(args) ?? missing,
    read: async (path) => all[path] ?? null,
    write: async () => false,
    links: async () => [],
  }
}

const withFile = (path: string, text: string): Partial<Ground> => ({
  machine: machineOf({ [path]: text }, {}),
})
const withProgram = (name: string, run: (args: readonly string[]) => Ended): Partial<Ground> => ({
  machine: machineOf({}, { [name]: run }),
})
const rule = (expr: readonly unknown[], table = 'other'): NftObject => ({
  rule: { family: 'ip', table, chain: 'c', expr },
})
const inChain = (chain: string, statement: unknown): NftObject => ({
  rule: { family: 'ip', table: 'filter', chain, expr: [statement] },
})
const marking = [{ mangle: { key: { ct: { key: 'mark' } }, value: 1 } }]
const neigh = '/proc/sys/net/ipv4/neigh/default/gc_thresh3'

test('a machine in order: every check has looked, and nothing is wrong', async () => {
  const findings = await examine(sound)
  expect(findings.filter(({ severity }) => severity !== 'fine')).toEqual([])
  expect(new Set(findings.map(({ check }) => check)).size).toBe(11)
})

describe('each fault is found, and nothing else', () => {
  test.each<[string, Partial<Ground>, string, 'note' | 'warning' | 'missing', RegExp | null]>([
    [
      'nft is missing',
      withProgram('nft', () => missing),
      'versions',
      'missing',
      /^apt-get install nftables$/,
    ],
    [
      'nft is old',
      withProgram('nft', (args) => (args[0] === '--version' ? { ...done, stdout: 'nftables v0.9.8' } : done)),
      'versions',
      'missing',
      /^apt-get install nftables$/,
    ],
    ['ip is missing', withProgram('ip', () => missing), 'versions', 'missing', /^apt-get install iproute2$/],
    [
      'conntrack is missing',
      withProgram('conntrack', () => missing),
      'versions',
      'warning',
      /^apt-get install conntrack$/,
    ],
    ['Node is old', { node: '20.19.0' }, 'versions', 'missing', /node@24/],
    ['an old kernel', withFile('/proc/sys/kernel/osrelease', '5.10.0-28'), 'versions', 'note', null],
    [
      'no right to ask',
      withProgram('nft', (args) =>
        args[0] === '-c'
          ? refused('Error: Could not process rule: Operation not permitted')
          : { ...done, stdout: 'v1.0.6' },
      ),
      'kernel',
      'missing',
      /^sudo thingwall doctor$/,
    ],
    ['no ARP tables', withProgram('nft', probing(/^table arp/)), 'kernel', 'missing', /^modprobe nf_tables$/],
    ['no marks', withProgram('nft', probing(/ct mark/)), 'kernel', 'missing', /^modprobe nft_ct$/],
    ['no NFLOG', withProgram('nft', probing(/log group/)), 'kernel', 'warning', /^modprobe nft_log$/],
    [
      'no flow tables',
      withProgram('nft', probing(/flowtable/)),
      'kernel',
      'note',
      /^modprobe nf_flow_table$/,
    ],
    ['no library', { withoutLibrary: 'no such file' }, 'backend', 'note', /libnftables1/],
    [
      'no forwarding',
      { survey: { interfaces: [], forwards: { 4: false, 6: true } } },
      'forwarding',
      'warning',
      /^sysctl -w net\.ipv4\.ip_forward=1 \| tee -a \/etc\/sysctl\.d\/90-thingwall\.conf$/,
    ],
    [
      'no forwarding of IPv6',
      { survey: { interfaces: [], forwards: { 4: true, 6: false } } },
      'forwarding',
      'note',
      /^sysctl -w net\.ipv6\.conf\.all\.forwarding=1 \| tee -a /,
    ],
    [
      'a small neighbour table',
      withFile(neigh, '128'),
      'neighbours',
      'warning',
      /^sysctl -w net\.ipv4\.neigh\.default\.gc_thresh3=512 net\.ipv4\.neigh\.default\.gc_thresh2=256 \| tee -a /,
    ],
    ['more devices than neighbours', { devices: 900 }, 'neighbours', 'warning', /gc_thresh3=\d+/],
    [
      'a full table of connections',
      withFile('/proc/sys/net/netfilter/nf_conntrack_count', '900'),
      'connections',
      'warning',
      /modules-load\.d.*nf_conntrack_max=2000 \| tee -a /,
    ],
    [
      'loose connections',
      withFile('/proc/sys/net/netfilter/nf_conntrack_tcp_loose', '1'),
      'connections',
      'warning',
      /tcp_loose=0$/,
    ],
    [
      'bytes that are not counted',
      withFile('/proc/sys/net/netfilter/nf_conntrack_acct', '0'),
      'connections',
      'note',
      /nf_conntrack_acct=1$/,
    ],
    [
      'firewalld',
      { tables: [{ table: { family: 'inet', name: 'firewalld' } }] },
      'firewalls',
      'warning',
      /firewalld$/,
    ],
    ['ufw', { tables: [inChain('ufw-user-input', 'accept')] }, 'firewalls', 'warning', /^ufw disable$/],
    [
      'Docker',
      { tables: [{ chain: { family: 'ip', table: 'nat', name: 'DOCKER' } }] },
      'firewalls',
      'warning',
      /DOCKER$/,
    ],
    ['old iptables', withFile('/proc/net/ip_tables_names', 'filter\n'), 'firewalls', 'warning', /legacy/],
    [
      'a chain that drops',
      {
        tables: [
          { chain: { family: 'ip', table: 'x', name: 'c', hook: 'forward', prio: 0, policy: 'drop' } },
        ],
      },
      'firewalls',
      'warning',
      /^nft list table ip x$/,
    ],
    [
      'DNAT of others',
      { tables: [rule([{ dnat: { addr: '10.0.0.2' } }])] },
      'firewalls',
      'warning',
      /^nft list table ip other$/,
    ],
    [
      'a configuration that flushes',
      withFile('/etc/nftables.conf', '#!/usr/sbin/nft -f\n\nflush ruleset\n'),
      'firewalls',
      'note',
      /nftables\.conf/,
    ],
    ['marks of others', { tables: [rule(marking)] }, 'marks', 'warning', /^nft list table ip other$/],
    [
      'marks by iptables',
      { tables: [rule([{ xt: { type: 'target', name: 'CONNMARK' } }])] },
      'marks',
      'warning',
      /ip other/,
    ],
    [
      'a clock of 1970',
      { clock: { ...sound.clock, isTrusted: false, because: 'it was later before' } },
      'clock',
      'warning',
      /set-ntp/,
    ],
    ['a full disk', { room: async () => ({ freeBytes: 1e6, isWritable: true }) }, 'disk', 'missing', /^du /],
    ['little room', { room: async () => ({ freeBytes: 1e8, isWritable: true }) }, 'disk', 'warning', /^du /],
    [
      'no right to write',
      { room: async () => ({ freeBytes: 1e12, isWritable: false }) },
      'disk',
      'missing',
      /^sudo /,
    ],
    [
      'units that are disabled',
      withProgram('systemctl', () => ({ ...done, stdout: 'disabled\n' })),
      'restart',
      'missing',
      /^systemctl enable thingwall-boot\.service$/,
    ],
    ['no systemd', withProgram('systemctl', () => missing), 'restart', 'warning', /thingwall boot/],
  ])('%s', async (_, change, check, severity, mend) => {
    const wrong = (await examine({ ...sound, ...change })).filter((one) => one.severity !== 'fine')
    const found = wrong.find((one) => one.check === check && one.severity === severity)
    expect(wrong, JSON.stringify(wrong)).toContain(found)
    if (mend === null) expect(found?.mend).toBeNull()
    else expect(found?.mend).toMatch(mend)
    // Without nft nobody can ask the kernel either.
    const checks = new Set(wrong.map((one) => one.check))
    expect([...checks].filter((one) => one !== check && one !== 'kernel')).toEqual([])
  })

  /** A kernel that takes everything but what matches. */
  function probing(lacks: RegExp): (args: readonly string[]) => Ended {
    return (args) => {
      if (args[0] === '--version') return { ...done, stdout: 'nftables v1.0.6' }
      return lacks.test(args[1] ?? '')
        ? refused('Error: Could not process rule: No such file or directory')
        : done
    }
  }
})

test('what ufw leaves behind when it is disabled judges nothing', async () => {
  const chain = { chain: { family: 'ip', table: 'filter', name: 'ufw-before-input' } }
  const tables = [chain, inChain('INPUT', { jump: { target: 'ufw-before-input' } })]
  const findings = await examine({ ...sound, tables })
  expect(findings.filter(({ severity }) => severity !== 'fine')).toEqual([])
})

test('our own tables are no foreign ones', async () => {
  const tables = [rule(marking, 'thingwall'), rule([{ dnat: {} }], 'thingwall')]
  const findings = await examine({ ...sound, tables })
  expect(findings.filter(({ severity }) => severity !== 'fine')).toEqual([])
})

test('what other programs name is printed escaped', async () => {
  const tables: NftObject[] = [rule(marking, 'evil\u001b[2J\n')]
  const found = (await examine({ ...sound, tables })).filter(({ check }) => check === 'marks')
  expect(JSON.stringify(found)).not.toMatch(/\\u001b|\\n/)
})

test('a check that fails stops no other', async () => {
  const room = async (): Promise<never> => {
    throw new Error('EIO')
  }
  const findings = await examine({ ...sound, room })
  expect(findings.find(({ check }) => check === 'disk')).toMatchObject({ severity: 'warning' })
  expect(findings.some(({ check }) => check === 'restart')).toBe(true)
})
