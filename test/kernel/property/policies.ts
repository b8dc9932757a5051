/** Random policies about the world, with random bindings: every kind of peer, date, hour and effect. */
import type {
  EndpointDocument,
  ListDocument,
  NetworkDocument,
  PolicyDocument,
  QuarantineDocument,
  Role,
  RuleDocument,
  Weekday,
  When,
} from '@thingwall/policy'
import fc from 'fast-check'
import { randomForwards } from './forwards.ts'
import { anyPeers, deviceSelector, labels, plainPeers } from './peers.ts'
import { devices, names, ports, prefixes } from './world.ts'

export interface RandomCase {
  readonly document: PolicyDocument
  /** As `readBindings` reads it. */
  readonly bindings: RandomBindings
}

export interface RandomBindings {
  readonly format: number
  readonly addresses?: readonly unknown[]
  readonly names?: readonly unknown[]
}

const origin = null
const services = [
  'any',
  'https',
  'dns',
  'ping',
  'mqtt',
  '20-60/udp',
  '1-65535/tcp',
  '443/udp',
  'icmp/13',
  'icmpv6/139',
  'protocol/47',
  'protocol/253',
  'ntp',
  '22/tcp',
]

/** Far from now on both sides, so that no run straddles an instant. */
function dates(now: number): fc.Arbitrary<string | undefined> {
  const day = 86_400_000
  const text = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
  return fc.constantFrom(
    undefined,
    undefined,
    text(now - 40 * day),
    text(now + 40 * day),
    text(now + 400 * day),
  )
}

/** Hours that contain or leave out now by two hours at least, some over midnight. */
function whens(now: number): fc.Arbitrary<When | null> {
  const hour = new Date(now).getUTCHours()
  const at = (offset: number): string => `${String((hour + offset + 24) % 24).padStart(2, '0')}:00`
  const days: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
  const today = days[new Date(now).getUTCDay()] as Weekday
  const near = [-1, 0, 1].map((offset) => days[(days.indexOf(today) + offset + 7) % 7] as Weekday)
  return fc.constantFrom<When | null>(
    null,
    null,
    null,
    { hours: `${at(-3)}-${at(4)}` },
    { hours: `${at(3)}-${at(6)}` },
    { days: near },
    { days: days.filter((day) => !near.includes(day)) },
    { days: [...days], hours: `${at(-3)}-${at(4)}` },
  )
}

function rule(
  now: number,
  who: fc.Arbitrary<readonly EndpointDocument[] | null>,
  peer: fc.Arbitrary<readonly EndpointDocument[]>,
): fc.Arbitrary<RuleDocument> {
  return fc
    .record({
      effect: fc.constantFrom<'allow' | 'deny'>('allow', 'allow', 'deny'),
      direction: fc.constantFrom<'in' | 'out' | 'both'>('in', 'out', 'both'),
      who,
      peer,
      service: fc.array(fc.constantFrom(...services), { minLength: 1, maxLength: 3 }),
      when: whens(now),
      expires: dates(now),
      onExpiry: fc.constantFrom<'stay' | 'lift'>('stay', 'lift'),
    })
    .map(({ expires, ...given }): RuleDocument => {
      const rest = given.effect === 'allow' ? { ...given, onExpiry: 'lift' as const } : given
      const dated = expires === undefined ? rest : { ...rest, expires }
      return { why: 'random', owner: 'test@example', origin, ...dated }
    })
}

function rules(
  arbitrary: fc.Arbitrary<RuleDocument>,
  most: number,
): fc.Arbitrary<Record<string, RuleDocument>> {
  return fc
    .array(arbitrary, { maxLength: most })
    .map((list) => Object.fromEntries(list.map((one, at) => [`r${at}`, one])))
}

function lists(now: number): fc.Arbitrary<Record<string, ListDocument>> {
  const entries = fc.array(
    fc.tuple(fc.constantFrom(...prefixes), dates(now), fc.constantFrom<'stay' | 'lift'>('stay', 'lift')),
    { minLength: 1, maxLength: 4 },
  )
  const one = entries.map(
    (given): ListDocument => ({
      why: 'random',
      owner: 'test@example',
      origin,
      entries: Object.fromEntries(
        given.map(([text, expires, onExpiry]) => [
          text,
          { why: 'random', onExpiry, origin, ...(expires === undefined ? {} : { expires }) },
        ]),
      ),
    }),
  )
  return fc.tuple(one, one).map(([l0, l1]) => ({ l0, l1 }))
}

const roles: Readonly<Record<string, Role>> = {
  things: 'things',
  'more-things': 'things',
  station: 'trusted',
  visitors: 'guest',
  uplink: 'uplink',
}

const networks: fc.Arbitrary<Record<string, NetworkDocument>> = fc
  .record({
    identity: fc.constantFrom<'mac+ip' | 'ip'>('mac+ip', 'mac+ip', 'ip'),
    isolation: fc.constantFrom<'access-point' | 'none'>('access-point', 'none'),
    masquerade: fc.boolean(),
    admin: fc.constantFrom<readonly string[]>([], ['10.22.0.5', 'fd22::5']),
  })
  .map(({ identity, isolation, masquerade, admin }) =>
    Object.fromEntries(
      ports.map((port): [string, NetworkDocument] => [
        port.network,
        {
          role: roles[port.network] as Role,
          interface: [port.interface],
          cidrs: port.prefixes,
          gateway: port.gateway,
          admin: port.network === 'station' ? admin : [],
          masquerade: port.network === 'uplink' && masquerade,
          isolation: port.network === 'things' ? isolation : 'access-point',
          identity: port.network === 'more-things' ? identity : 'mac+ip',
          origin,
        },
      ]),
    ),
  )

function bindings(now: number): fc.Arbitrary<RandomBindings> {
  const until = fc
    .constantFrom(null, now - 3_600_000, now + 3_600_000)
    .map((at) => (at === null ? null : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')))
  const outside = ['203.0.113.1', '203.0.113.2', '198.51.100.7', '2001:db8::1', '2001:db8::2', '10.22.0.77']
  const leases = fc.tuple(
    ...devices.flatMap((one) =>
      one.leased.map((address) => until.map((end) => ({ device: one.name, address, until: end }))),
    ),
  )
  const told = fc.array(
    fc.record({
      device: fc.constantFrom('*', ...devices.map(({ name }) => name)),
      name: fc.constantFrom(...names),
      addresses: fc.subarray(outside, { minLength: 1, maxLength: 3 }),
      until,
    }),
    { maxLength: 6 },
  )
  return fc.record({ format: fc.constant(1), addresses: leases, names: told })
}

/** Policies with up to a dozen rules, judged around `now`. */
export function randomCases(now: number): fc.Arbitrary<RandomCase> {
  const inside = (peer: fc.Arbitrary<readonly EndpointDocument[]>): fc.Arbitrary<RuleDocument> =>
    rule(now, fc.constant(null), peer)
  const quarantine = fc
    .subarray(
      devices.map(({ name }) => name),
      { maxLength: 2 },
    )
    .chain((held) => fc.tuple(fc.constant(held), dates(now), fc.constantFrom('stay', 'lift'), dates(now)))
    .map(
      ([held, expires, onExpiry, starts]): Record<string, QuarantineDocument> =>
        Object.fromEntries(
          held.map((name) => [
            name,
            {
              why: 'random',
              owner: 'x',
              onExpiry: onExpiry as 'stay',
              origin,
              ...(expires === undefined ? {} : { expires }),
              ...(starts === undefined ? {} : { starts }),
            },
          ]),
        ),
    )
  const document = fc
    .record({
      networks,
      lists: lists(now),
      quarantine: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: quarantine }),
      profiles: fc.tuple(rules(inside(anyPeers), 4), rules(inside(anyPeers), 4)),
      own: fc.array(rules(inside(anyPeers), 2), { minLength: devices.length, maxLength: devices.length }),
      assigned: fc.array(fc.constantFrom('p0', 'p1', null), {
        minLength: devices.length,
        maxLength: devices.length,
      }),
      labelled: fc.array(fc.constantFrom(...labels), {
        minLength: devices.length,
        maxLength: devices.length,
      }),
      general: rules(rule(now, plainPeers, plainPeers), 4),
      selected: rules(rule(now, deviceSelector, anyPeers), 3),
      forwards: randomForwards(dates(now), whens(now)),
    })
    .map(
      ({ profiles, own, assigned, labelled, general, selected, ...rest }): PolicyDocument => ({
        format: 1,
        name: 'random',
        owner: 'test@example',
        ...rest,
        profiles: Object.fromEntries(
          profiles.map((given, at) => [`p${at}`, { why: 'random', limits: {}, rules: given, origin }]),
        ),
        devices: Object.fromEntries(
          devices.map((one, at) => [
            one.name,
            {
              profile: assigned[at] ?? null,
              network: one.network,
              mac: one.mac,
              ip: one.ip,
              labels: (labelled[at] ?? {}) as Record<string, string>,
              rules: own[at] ?? {},
              origin,
            },
          ]),
        ),
        rules: {
          ...Object.fromEntries(Object.entries(general).map(([id, one]) => [`g-${id}`, one])),
          ...Object.fromEntries(Object.entries(selected).map(([id, one]) => [`s-${id}`, one])),
        },
        apis: {},
        tests: [],
        origin,
      }),
    )
  return fc.record({ document, bindings: bindings(now) })
}
