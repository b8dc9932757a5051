/** What a change of a policy means, told as people read it: each case one change of a small site, and all that is said. */
import { describe, expect, test } from 'vitest'
import { deny, forward, list, network, profile } from '../../author/index.ts'
import { allow } from '../../author/rule.ts'
import { bind } from '../../evaluate/bind.ts'
import { evaluate } from '../../evaluate/evaluate.ts'
import { lowered, NOW, networks, owner, siteOf, why } from '../../fixtures/site.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import { compareMeaning } from './meaning.ts'

const rules = {
  readings: allow.out({ to: 'api.volcano.example', service: 'https', why }),
  clock: allow.out({ to: 'gateway', service: 'ntp', why }),
}
const bots = { '198.51.100.7': { why }, '203.0.113.0/28': { why } }

/** The site with two vents; what a case adds stands in place of what is there. */
function site(
  own: object = {},
  parts: object = {},
  names: readonly string[] = ['vent-01', 'vent-02'],
): Ruleset {
  const seismometer = profile('seismometer', { why, owner, rules: { ...rules, ...own } } as never)
  const devices = names.map((name, at) => [
    name,
    seismometer.device({
      mac: `24:6f:28:aa:00:0${at + 1}`,
      ip: [`10.20.0.1${at + 1}`, ...(at === 0 ? ['fd20::11'] : [])],
    }),
  ])
  return lowered(siteOf({ devices: Object.fromEntries(devices), ...parts }))
}

function refusing(entries: object): Ruleset {
  const peer = list('bots', { why, owner, entries } as never)
  return site({}, { rules: { bots: deny.both({ who: 'any', peer, why }) } })
}

/** Each change in one line; every witness is judged once more. */
function told(before: Ruleset, after: Ruleset): readonly string[] {
  const { changes, isComplete } = compareMeaning(before, after, { at: NOW })
  expect(isComplete).toBe(true)
  return changes.map(
    ({ becomes, direction, subjects, peers, services, addressed, span, rules: by, witness }) => {
      const { flow, said, at } = witness
      const verdicts = [before, after].map(
        (one) => evaluate(one, flow, bind(one, said), at).verdict === 'allow',
      )
      expect(verdicts).toEqual([becomes === 'blocked', becomes === 'allowed'])
      const day = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString().slice(0, 10))
      const dates =
        span.fromMs === null && span.untilMs === null ? '' : ` ${day(span.fromMs)}…${day(span.untilMs)}`
      const hours = span.hours === null ? '' : ` in ${span.hours.length} stretches of the week`
      const arrow = direction === 'out' ? '→' : '←'
      return `${becomes}: ${subjects.join(', ')} ${arrow} ${peers.join(', ')} ${services.join(' ')}${addressed === null ? '' : ` addressed to ${addressed.join(' ')}`}${dates}${hours} by ${by.before.join()} then ${by.after.join()}`
    },
  )
}

const profileText = 'profile seismometer (2 devices)'

describe('rules', () => {
  test.each<readonly [string, () => Ruleset, readonly string[]]>([
    [
      'a name, with a range of ports',
      () => site({ firmware: allow.out({ to: '*.cdn.example', service: '8000-8080/tcp', why }) }),
      [`allowed: ${profileText} → *.cdn.example 8000-8080/tcp by default/deny then seismometer/firmware`],
    ],
    [
      'a network, but for a service',
      () =>
        site({
          all: allow.out({ to: 'uplink', service: 'any', why }),
          ssh: deny.out({ to: 'any', service: 'ssh', why }),
        }),
      [`allowed: ${profileText} → uplink anything but 22/tcp by default/deny then seismometer/all`],
    ],
    [
      'inwards, echo of both families as one',
      () => site({ web: allow.in({ from: 'station', service: ['http', 'ping'], why }) }),
      [`allowed: ${profileText} ← station 80/tcp ping by default/deny then seismometer/web`],
    ],
    [
      'from device to device',
      () => site({ web: allow.out({ to: 'vent-02', service: 'http', why }) }),
      ['allowed: vent-01 → vent-02 80/tcp by default/deny then seismometer/web'],
    ],
    [
      'one that another covers says nothing',
      () => site({ more: allow.out({ to: 'api.volcano.example', service: 'https', why: 'Once more' }) }),
      [],
    ],
    [
      'a date',
      () => site({ clock: allow.out({ to: 'gateway', service: 'ntp', why, expires: '2027-03-02' }) }),
      [`blocked: ${profileText} → the gateway 123/udp 2027-03-02… by seismometer/clock then default/deny`],
    ],
    [
      'hours',
      () =>
        site({ clock: allow.out({ to: 'gateway', service: 'ntp', why, when: { hours: '00:00-12:00' } }) }),
      [
        `blocked: ${profileText} → the gateway 123/udp in 7 stretches of the week by seismometer/clock then default/deny`,
      ],
    ],
  ])('%s', (_, after, expected) => {
    expect(told(site(), after())).toEqual(expected)
    const back = told(after(), site())
    expect(back.length).toBe(expected.length)
  })

  test('a profile moved from one name to another', () => {
    const after = site({ readings: allow.out({ to: 'new.volcano.example', service: 'https', why }) })
    expect(told(site(), after)).toEqual([
      `blocked: ${profileText} → api.volcano.example 443/tcp by seismometer/readings then default/deny`,
      `allowed: ${profileText} → new.volcano.example 443/tcp by default/deny then seismometer/readings`,
    ])
  })
})

describe('lists', () => {
  test('a deny: whatever the name is answered with, and what a trusted network may', () => {
    expect(told(site(), refusing(bots))).toEqual([
      `blocked: ${profileText} → api.volcano.example at 198.51.100.7, 203.0.113.0/28 443/tcp by seismometer/readings then bots`,
      'blocked: station, visitors → 198.51.100.7, 203.0.113.0/28 anything by default/guest-to-uplink,default/trusted-to-uplink then bots',
    ])
  })
  test('one entry more, and no word of the others', () => {
    expect(told(refusing(bots), refusing({ ...bots, '192.0.2.0/24': { why } }))).toEqual([
      `blocked: ${profileText} → api.volcano.example at 192.0.2.0/24 443/tcp by seismometer/readings then bots`,
      'blocked: station, visitors → 192.0.2.0/24 anything by default/guest-to-uplink,default/trusted-to-uplink then bots',
    ])
  })
})

describe('devices', () => {
  const three = (): Ruleset => site({}, {}, ['vent-01', 'vent-02', 'vent-03'])
  test('one more: what it may do, and no word of the others', () => {
    expect(told(site(), three())).toEqual([
      'allowed: vent-03 → api.volcano.example 443/tcp by fixed/stranger then seismometer/readings',
      'allowed: vent-03 → the gateway 53/tcp 53/udp 123/udp by fixed/stranger then default/names,seismometer/clock',
    ])
  })
  test('one less', () => {
    expect(told(three(), site())).toEqual([
      'blocked: vent-03 → api.volcano.example 443/tcp by seismometer/readings then fixed/stranger',
      'blocked: vent-03 → the gateway 53/tcp 53/udp 123/udp by default/names,seismometer/clock then fixed/stranger',
    ])
  })
  test('one in quarantine', () => {
    const [first, ...others] = told(site(), site({}, { quarantine: { 'vent-01': { why } } }))
    expect(first).toBe(
      'blocked: vent-01 → api.volcano.example 443/tcp by seismometer/readings then quarantine/vent-01',
    )
    expect(others.length).toBe(1)
  })
})

describe('forwards', () => {
  const led = (given: object): Ruleset =>
    site(
      {},
      {
        forwards: {
          camera: forward({
            at: 'uplink',
            service: '8554/tcp',
            to: 'vent-01',
            port: 554,
            why,
            ...given,
          } as never),
        },
      },
    )
  test('one more: whom it lets in, and by which port', () => {
    expect(told(site(), led({}))).toEqual([
      'allowed: vent-01 ← uplink 554/tcp addressed to 8554/tcp by default/no-forward then forward/camera',
    ])
  })
  test('one that leads elsewhere', () => {
    expect(told(led({}), led({ to: 'vent-02', from: '198.51.100.0/24' }))).toEqual([
      'blocked: vent-01 ← uplink 554/tcp addressed to 8554/tcp by forward/camera then default/no-forward',
      'allowed: vent-02 ← 198.51.100.0/24 554/tcp addressed to 8554/tcp by default/no-forward then forward/camera',
    ])
  })
  test('its device in quarantine', () => {
    const forwards = { camera: forward({ at: 'uplink', service: '8554/tcp', to: 'vent-01', port: 554, why }) }
    expect(told(led({}), site({}, { forwards, quarantine: { 'vent-01': { why } } }))).toContain(
      'blocked: vent-01 ← uplink 554/tcp addressed to 8554/tcp by forward/camera then quarantine/vent-01',
    )
  })
})

test('a network whose role changes: its hosts, and nobody else', () => {
  const station = network({ role: 'guest', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] })
  expect(told(site(), site({}, { networks: { ...networks, station } }))).toEqual([
    'blocked: 10.30.0.5, fd30::5 → the gateway 22/tcp 8443/tcp by default/admin then default/deny',
  ])
  const visitors = network({ role: 'things', interface: 'gst0', cidrs: ['10.40.0.0/24', 'fd40::/64'] })
  expect(told(site(), site({}, { networks: { ...networks, visitors } }))).toEqual([
    'blocked: visitors → the gateway 53/tcp 53/udp 123/udp ping by default/gateway-services then fixed/stranger',
    'blocked: visitors → uplink anything by default/guest-to-uplink then fixed/stranger',
  ])
})

test('where there is more to judge than allowed, it says that there may be more', () => {
  const after = site({ all: allow.out({ to: 'any', service: 'any', why }) })
  const { isComplete, judged } = compareMeaning(site(), after, { at: NOW, mostJudged: 3 })
  expect({ isComplete, judged: judged <= 6 }).toEqual({ isComplete: false, judged: true })
})
