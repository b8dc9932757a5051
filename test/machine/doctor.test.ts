/**
 * `thingwall doctor` on Debian with real faults: settings that are wrong, units that are off, other firewalls as Debian
 * ships them. What it says mends a fault is run as it stands there, and then the fault is gone. One story in several
 * tests: each goes on from what the one before has left.
 */
import { beforeAll, expect, test } from 'vitest'
import { machineWithPackages } from './installed.ts'

const { machine, dpkg } = machineWithPackages(['0.0.1'])
beforeAll(() => dpkg('-i', '/mnt/shared/0.0.1.deb'))

interface Found {
  readonly check: string
  readonly severity: 'fine' | 'note' | 'warning' | 'missing'
  readonly message: string
  readonly mend: string | null
}

/** What is wrong, and the exit code. */
async function doctor(): Promise<{ readonly exit: number; readonly wrong: readonly Found[] }> {
  const { status, stdout, stderr } = await machine().run('thingwall', ['doctor', '--json'])
  if (stdout === '') throw new Error(stderr)
  const { findings }: { readonly findings: readonly Found[] } = JSON.parse(stdout)
  // The clock of a machine without a network is right by its battery; that is for the tests of the package.
  return {
    exit: status,
    wrong: findings.filter(({ severity, check }) => severity !== 'fine' && check !== 'clock'),
  }
}

const said = (found: readonly Found[]): string =>
  found
    .map(({ severity, check, message, mend }) => `${severity} ${check}: ${message}\n    ${mend}`)
    .join('\n')

const site = `policy: station
owner: geo@volcano.example
networks:
  things: { role: things, interface: wlan0, cidrs: [10.20.0.0/24], isolation: access-point }
  uplink: { role: uplink, interface: wan0 }
devices:
  vent-01: { mac: 24:6f:28:aa:00:01, ip: 10.20.0.11 }
`

test('each setting and unit that is wrong is told, and what is said to mend it does', async () => {
  await machine().write('/etc/thingwall/site.policy.yaml', site)
  await machine().sh(`ip link add wlan0 type dummy; ip addr add 10.20.0.1/24 dev wlan0; ip link set wlan0 up
    ip link add wan0 type dummy; ip link set wan0 up
    thingwall apply --no-confirm --policy /etc/thingwall/site.policy.yaml
    sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.netfilter.nf_conntrack_tcp_loose=1 net.netfilter.nf_conntrack_acct=0
    sysctl -qw net.ipv4.neigh.default.gc_thresh3=64 net.ipv6.neigh.default.gc_thresh3=64
    systemctl disable thingwall-boot.service
    printf 'flush ruleset\\n' >/etc/nftables.conf`)
  const before = await doctor()
  console.info(said(before.wrong))
  expect(before.exit).toBe(1)
  expect(before.wrong.map(({ severity, check }) => `${severity} ${check}`).sort()).toEqual([
    'missing restart',
    'note connections',
    'note firewalls',
    'note forwarding',
    'warning connections',
    'warning forwarding',
    'warning neighbours',
    'warning neighbours',
  ])
  for (const { mend } of before.wrong) await machine().sh(mend ?? 'false')
  expect(await doctor()).toEqual({ exit: 0, wrong: [] })
  // What a restart would do with settings.
  await machine().sh(`sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
    sysctl -qw net.ipv4.neigh.default.gc_thresh3=64 net.ipv6.neigh.default.gc_thresh3=64
    systemctl restart systemd-sysctl.service`)
  expect((await doctor()).wrong).toEqual([])
})

test('other firewalls of Debian are there to be tried, and none of them is told before it runs', async () => {
  await machine().sh(
    `printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
    DEBIAN_FRONTEND=noninteractive dpkg -i /opt/others/*.deb; rm /usr/sbin/policy-rc.d`,
    { withinMs: 15 * 60_000 },
  )
  expect((await doctor()).wrong).toEqual([])
})

test.each([
  ['ufw', 'ufw --force enable'],
  ['firewalld', 'systemctl start firewalld.service'],
])('%s is told, and what is said to mend that does', async (name, begin) => {
  await machine().sh(begin, { withinMs: 10 * 60_000 })
  const { wrong } = await doctor()
  console.info(said(wrong))
  const found = wrong.find(({ check, message }) => check === 'firewalls' && message.startsWith(name))
  expect(found?.severity).toBe('warning')
  await machine().sh(found?.mend ?? 'false', { withinMs: 10 * 60_000 })
  expect(said((await doctor()).wrong)).toBe('')
})

test('Docker is told, what it drops as well, and what is said leads to its rules', async () => {
  await machine().sh('systemctl start docker.service', { withinMs: 15 * 60_000 })
  const { exit, wrong } = await doctor()
  console.info(said(wrong))
  expect(exit).toBe(0)
  expect(wrong.some(({ message }) => message.startsWith('Docker'))).toBe(true)
  expect(
    wrong.some(({ message }) => /^chain FORWARD of table ip filter .* drops by policy/.test(message)),
  ).toBe(true)
  for (const { mend } of wrong.filter(({ check }) => check === 'firewalls'))
    expect(await machine().sh(mend ?? 'false')).toMatch(/DOCKER/)
})
