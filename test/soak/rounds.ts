/**
 * What happens in a round of the soak, at random from a seed: which devices there are and what they may do, how the policy
 * comes into force, what devices are told and claim, and the packets that are judged. Nothing is done here.
 */
import { allow, deny, device, network, type PolicyDocument, policy } from '@thingwall/policy'
import fc from 'fast-check'

const DEVICES = 24
const NAME = 'api.volcano.example'
const STATION: { readonly mac: string; readonly four: string; readonly six: string } = {
  mac: '3c:22:fb:00:00:05',
  four: '10.30.0.5',
  six: 'fd30::5',
}
/** It may always do the same, and does it all the time. */
export const STEADY = {
  mac: '02:00:00:00:02:01',
  four: '10.20.0.9',
  to: '203.0.113.9',
  port: 7001,
  sourcePort: 9999,
} as const
const OUTSIDE = {
  four: [1, 2, 3, 4].map((one) => `203.0.113.${one}`),
  six: [1, 2, 3, 4].map((one) => `2001:db8::${one}`),
} as const

export const macOf = (index: number): string => `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`
export const fourOf = (index: number): string => `10.20.0.${10 + index}`
/** An address that a device takes by itself; more of them than it may hold. */
export const sixOf = (suffix: number): string => `fd20::${(0x100 + suffix).toString(16)}`
const SUFFIXES = 60

export type Way = 'for good' | 'confirmed' | 'rolled back' | 'timed out'

interface DevicePlan {
  readonly isThere: boolean
  readonly isStated: boolean
  readonly isHeld: boolean
  readonly rules: readonly RuleName[]
}

/** One packet, of one flow. */
export interface Sample {
  readonly kind: 'out' | 'in' | 'from-station'
  /** A device, and of its IPv6 addresses one of the round's claims, by their place among these. */
  readonly device: number
  readonly claim: number
  readonly isSix: boolean
  readonly isForged: boolean
  readonly peer: number
  readonly port: number
}

export interface Round {
  readonly way: Way
  readonly devices: readonly DevicePlan[]
  readonly hasWall: boolean
  /** Of the outside, what each device is told for the name. */
  readonly told: readonly number[]
  readonly claims: readonly { readonly device: number; readonly suffix: number }[]
  readonly samples: readonly Sample[]
}

type RuleName = 'web' | 'anywhere' | 'told' | 'asked' | 'over' | 'later'

const why = 'a round of the soak'
const RULES: Readonly<Record<RuleName, unknown>> = {
  web: allow.out({ to: ['203.0.113.0/30', '2001:db8::/126'], service: '443/udp', why }),
  anywhere: allow.out({ to: 'any', service: '8883/udp', why }),
  told: allow.out({ to: NAME, service: '7000/udp', why }),
  asked: allow.in({ from: { network: 'station' }, service: '5000/udp', why }),
  over: allow.out({ to: 'any', service: '7000/udp', why, expires: '2020-01-01' }),
  later: allow.out({ to: 'any', service: '53/udp', why, expires: '2099-01-01' }),
}

const index = fc.nat(DEVICES - 1)
const suffix = fc.nat(SUFFIXES - 1)
const rarely = (times: number): fc.Arbitrary<boolean> => fc.nat(times - 1).map((one) => one === 0)

const round: fc.Arbitrary<Round> = fc.record({
  way: fc.constantFrom<Way>('for good', 'confirmed', 'confirmed', 'rolled back', 'timed out'),
  devices: fc.array(
    fc.record({
      isThere: rarely(4).map((one) => !one),
      isStated: fc.boolean(),
      isHeld: rarely(8),
      rules: fc.subarray(Object.keys(RULES) as RuleName[]),
    }),
    { minLength: DEVICES, maxLength: DEVICES },
  ),
  hasWall: fc.boolean(),
  told: fc.subarray([0, 1, 2, 3]),
  claims: fc.array(fc.record({ device: index, suffix }), { minLength: 8, maxLength: 16 }),
  samples: fc.array(
    fc.record({
      kind: fc.constantFrom<Sample['kind']>('out', 'out', 'out', 'in', 'from-station'),
      device: index,
      claim: fc.nat(15),
      isSix: fc.boolean(),
      isForged: rarely(6),
      peer: fc.nat(3),
      port: fc.constantFrom(443, 8883, 7000, 5000, 53),
    }),
    { minLength: 240, maxLength: 240 },
  ),
})

/** The rounds of a seed, one after the other without end. */
export function* rounds(seed: number): Generator<Round> {
  for (let at = 0; ; at++) yield* fc.sample(round, { numRuns: 1, seed: seed + at })
}

const networks = {
  things: network({
    role: 'things',
    interface: 'wlan0',
    cidrs: ['10.20.0.0/24', 'fd20::/64'],
    isolation: 'access-point',
  }),
  station: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] }),
  uplink: network({ role: 'uplink', interface: 'wan0' }),
}
const steady = device({
  mac: STEADY.mac,
  ip: STEADY.four,
  rules: { steady: allow.out({ to: STEADY.to, service: `${STEADY.port}/udp`, why }) },
})

/** What is in force between the rounds, every time the same. */
export const base: PolicyDocument = policy('soak', {
  owner: 'tests@volcano.example',
  networks,
  devices: { steady },
})

/** The policy of a round. */
export function documentOf({ devices, hasWall }: Round): PolicyDocument {
  const own = devices.flatMap((one, at) => {
    if (!one.isThere) return []
    const rules = Object.fromEntries(one.rules.map((name) => [name, RULES[name]]))
    const place = one.isStated ? { ip: fourOf(at) } : { network: 'things' as const }
    return [[`d${at}`, device({ mac: macOf(at), ...place, rules } as never)] as const]
  })
  const held = devices.flatMap((one, at) => (one.isThere && one.isHeld ? [[`d${at}`, { why }] as const] : []))
  return policy('soak', {
    owner: 'tests@volcano.example',
    networks,
    devices: { ...Object.fromEntries(own), steady },
    rules: hasWall
      ? { wall: deny.both({ who: 'any', peer: ['203.0.113.3', '2001:db8::3'], service: '443/udp', why }) }
      : {},
    quarantine: Object.fromEntries(held),
  } as never)
}

/**
 * What devices are told in a round, as `apply --bindings` reads it. Only for addresses that the policy states: the daemon
 * does not know the file, so what it binds later is not told what is in there, and the kernel refuses more than `evaluate`.
 */
export function bindingsOf({ devices, told }: Round): object {
  const addresses = told.map((one) => OUTSIDE.four[one] as string)
  const names = devices.flatMap(({ isThere, isStated }, at) =>
    isThere && isStated && addresses.length > 0 ? [{ device: `d${at}`, name: NAME, addresses }] : [],
  )
  return { format: 1, names }
}

/** The ends of a packet. */
export interface Ends {
  readonly ingress: 'things' | 'station' | 'uplink'
  readonly link: string
  readonly source: string
  readonly destination: string
  readonly port: number
}

export function endsOf({ claims }: Round, sample: Sample): Ends {
  const { kind, isSix, isForged, peer, port } = sample
  const claimed = claims[sample.claim % claims.length] as Round['claims'][number]
  const at = isSix ? claimed.device : sample.device
  const address = isSix ? sixOf(claimed.suffix) : fourOf(at)
  const outside = (isSix ? OUTSIDE.six : OUTSIDE.four)[peer] as string
  // Somebody else's link address, with this one's.
  const link = macOf(isForged ? (at + 1) % DEVICES : at)
  switch (kind) {
    case 'out':
      return { ingress: 'things', link, source: address, destination: outside, port }
    case 'in':
      return { ingress: 'uplink', link: OUTSIDE_LINK, source: outside, destination: address, port }
    case 'from-station':
      return {
        ingress: 'station',
        link: STATION.mac,
        source: isSix ? STATION.six : STATION.four,
        destination: address,
        port,
      }
    default:
      return kind satisfies never
  }
}

const OUTSIDE_LINK = '00:00:5e:00:53:01'
