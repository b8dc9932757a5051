/** Random ends of rules: every kind of peer, alone and several, some with exceptions. */
import type { EndpointDocument } from '@thingwall/policy'
import fc from 'fast-check'
import { devices, patterns, ports, prefixes } from './world.ts'

export const labels = [{ site: 'a' }, { site: 'b' }, { site: 'a', kind: 'x' }, {}]
const plainPeer: fc.Arbitrary<EndpointDocument> = fc.oneof(
  fc.constant<EndpointDocument>({ kind: 'any' }),
  fc.constant<EndpointDocument>({ kind: 'gateway' }),
  fc.constantFrom(...ports).map(({ network }): EndpointDocument => ({ kind: 'network', name: network })),
  fc.constantFrom(...devices).map(({ name }): EndpointDocument => ({ kind: 'device', name })),
  fc.constantFrom('p0', 'p1').map((name): EndpointDocument => ({ kind: 'profile', name })),
  fc
    .constantFrom(...labels.slice(0, 3))
    .map((one): EndpointDocument => ({ kind: 'label', labels: { ...one } as never })),
  fc.constantFrom(...prefixes).map((text): EndpointDocument => ({ kind: 'text', text })),
  fc.constantFrom('l0', 'l1').map((name): EndpointDocument => ({ kind: 'list', name })),
)

const namePeer: fc.Arbitrary<EndpointDocument> = fc
  .constantFrom(...patterns)
  .map((name): EndpointDocument => ({ kind: 'name', name }))

const withExcept = (plain: fc.Arbitrary<EndpointDocument>): fc.Arbitrary<EndpointDocument> =>
  fc.oneof(
    { weight: 3, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.array(plain, { minLength: 1, maxLength: 2 }),
          fc.array(plain, { minLength: 1, maxLength: 2 }),
        )
        .map(([of, except]): EndpointDocument => ({ kind: 'except', of, except })),
    },
  )

export const plainPeers = fc.array(withExcept(plainPeer), { minLength: 1, maxLength: 3 })
/** Names only where the other end is devices: everyone else is told nothing. */
export const anyPeers = fc.array(
  withExcept(fc.oneof({ weight: 3, arbitrary: plainPeer }, { weight: 2, arbitrary: namePeer })),
  {
    minLength: 1,
    maxLength: 3,
  },
)
export const deviceSelector = fc.array(
  fc.oneof(
    fc.constantFrom(...devices).map(({ name }): EndpointDocument => ({ kind: 'device', name })),
    fc.constantFrom('p0', 'p1').map((name): EndpointDocument => ({ kind: 'profile', name })),
  ),
  { minLength: 1, maxLength: 2 },
)
