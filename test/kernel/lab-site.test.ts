/**
 * Sites: the demo's network comes up well within two seconds and works from the first packet, programs on
 * its hosts are bounded and end with it, and a description that does not fit leaves nothing behind.
 */
import { spawnSync } from 'node:child_process'
import { buildSite, type HostDescription, type Site, type SiteDescription } from '@thingwall/gateway/lab'
import { afterEach, expect, test } from 'vitest'

const sensors = Array.from({ length: 8 }, (_, at) => at)

function sensor(at: number): [string, HostDescription] {
  const wlan0 = { link: `02:00:00:00:00:1${at}`, addresses: [`10.20.0.1${at}/24`, `fd20::1${at}/64`] }
  const routes = [
    { to: 'default', via: '10.20.0.1' },
    { to: 'default', via: 'fd20::1' },
  ]
  return [`vent-0${at}`, { interfaces: { wlan0 }, routes }]
}

/** The station of the running example, with the WiFi gateway as a bridge that keeps two sensors apart. */
const station: SiteDescription = {
  hosts: {
    router: {
      forwards: true,
      interfaces: {
        wlan0: { addresses: ['10.20.0.1/24', 'fd20::1/64'] },
        lan0: { addresses: ['10.30.0.1/24', 'fd30::1/64'] },
        wan0: { addresses: ['203.0.113.2/24', '2001:db8::2/64'] },
      },
    },
    wifi: {
      interfaces: {
        br0: { bridgeOver: ['up0', ...sensors.map((at) => `sta${at}`)] },
        sta0: { isolated: true },
        sta1: { isolated: true },
      },
    },
    laptop: {
      interfaces: { eth0: { addresses: ['10.30.0.5/24', 'fd30::5/64'] } },
      routes: [
        { to: 'default', via: '10.30.0.1' },
        { to: 'default', via: 'fd30::1' },
      ],
    },
    internet: {
      forwards: true,
      interfaces: {
        isp0: { addresses: ['203.0.113.1/24', '2001:db8::1/64'] },
        dc0: { addresses: ['198.51.100.1/24', '2001:db8:1::1/64'] },
      },
    },
    backend: { interfaces: { eth0: { addresses: ['198.51.100.10/24', '2001:db8:1::10/64'] } } },
    vendor: {},
    attacker: {},
    ...Object.fromEntries(sensors.map(sensor)),
  },
  links: [
    ['router:wlan0', 'wifi:up0'],
    ['router:lan0', 'laptop:eth0'],
    ['router:wan0', 'internet:isp0'],
    ['internet:dc0', 'backend:eth0'],
    ['internet:cloud0', 'vendor:eth0'],
    ['internet:bad0', 'attacker:eth0'],
    ...sensors.map((at): [string, string] => [`wifi:sta${at}`, `vent-0${at}:wlan0`]),
  ],
}

const built: Site[] = []

async function build(description: SiteDescription): Promise<Site> {
  const site = await buildSite(description)
  built.push(site)
  return site
}

afterEach(async () => {
  for (const site of built.splice(0)) await site.end()
})

async function reaches(site: Site, from: string, address: string): Promise<boolean> {
  return (await site.run(from, ['ping', '-c', '1', '-W', '1', address])).status === 0
}

function namespaces(): string {
  return spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout
}

test('the station is up, and its first packets arrive', async () => {
  const site = await build(station)
  // At once and without a second try, in both families.
  const [four, six, apart] = await Promise.all([
    reaches(site, 'vent-03', '10.30.0.5'),
    reaches(site, 'vent-04', 'fd30::5'),
    reaches(site, 'vent-00', '10.20.0.11'),
  ])
  expect({ four, six, apart }).toEqual({ four: true, six: true, apart: false })
  expect(await reaches(site, 'vent-00', '10.20.0.12')).toBe(true)
  await site.end()
  expect(namespaces()).toBe('')
})

test('a program on a host is bounded in time and ends with what it started', async () => {
  const site = await build({ hosts: { one: {} }, links: [] })
  const late = await site.run('one', ['sleep', '60'], { withinMs: 50 })
  expect(late).toMatchObject({ status: null, signal: 'SIGKILL', timedOut: true })
  const echoed = await site.run('one', ['cat'], { input: 'a $(reboot) `b`' })
  expect(echoed).toMatchObject({ status: 0, stdout: 'a $(reboot) `b`' })
  // 126 where PATH leads through folders we may not read.
  expect([126, 127]).toContain((await site.run('one', ['no-such-program'])).status)
  await expect(site.must('one', ['ip', 'link', 'show', 'wan7'])).rejects.toThrow(/one: ip link.*wan7/)
  // A daemon: leaves its group, keeps the output open.
  expect(await site.run('one', ['setsid', '--fork', 'sleep', '601'])).toMatchObject({
    status: 0,
    timedOut: false,
  })
  const lasting = site.spawn('one', ['sleep', '600'])
  await site.end()
  expect(spawnSync('pgrep', ['-fx', 'sleep 601']).status).toBe(1)
  expect(await lasting.ended).toMatchObject({ signal: 'SIGTERM' })
  await site.end()
})

test.each<[what: string, SiteDescription, RegExp]>([
  [
    'a link to nowhere',
    { hosts: { one: {} }, links: [['one:eth0', 'two:eth0']] },
    /no such end of a link: two:eth0/,
  ],
  ['a hostile name', { hosts: { '../x': {} }, links: [] }, /not a host name/],
  [
    'a second command in an address',
    { hosts: { one: { interfaces: { lo: { addresses: ['10.0.0.1/8\nlink set lo down'] } } } }, links: [] },
    /not a name or address/,
  ],
  [
    'an address that is none',
    { hosts: { one: { interfaces: { lo: { addresses: ['10.0.0.999/8'] } } } }, links: [] },
    /10\.0\.0\.999/,
  ],
])('%s is refused, and nothing is left', async (_, description, words) => {
  await expect(buildSite(description)).rejects.toThrow(words)
  expect(namespaces()).toBe('')
})

test('a host that exists already is left alone', async () => {
  const site = await build({ hosts: { one: {} }, links: [] })
  await expect(buildSite({ hosts: { one: {} }, links: [] })).rejects.toThrow(/File exists/)
  expect((await site.run('one', ['true'])).status).toBe(0)
  await site.end()
})
