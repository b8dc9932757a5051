/** Subjects are services as numbers: whether one is within says exactly what `covers` says. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address } from './address.ts'
import { covers, type Flow, subjectOf, subjectsOf } from './flow.ts'
import { parseService, type Service } from './service.ts'

const texts = [
  'any',
  'https',
  'ping',
  'dns',
  '20-60/udp',
  '1-65535/tcp',
  '65535/udp',
  'icmp/13',
  'protocol/47',
]
const written = ['1/tcp', '65535/tcp', 'protocol/255', 'protocol/1', 'icmpv6/139', 'snmp-trap']
const services: readonly Service[] = [...texts, ...written].flatMap((text) => {
  const read = parseService(text)
  return typeof read === 'string' ? [] : read
})

const port = fc.option(fc.oneof(fc.constantFrom(0, 1, 22, 53, 443, 65_535, 65_536, 70_000), fc.nat(65_535)))
const flow: fc.Arbitrary<Flow> = fc
  .tuple(fc.oneof(fc.constantFrom(1, 6, 17, 47, 58, 255), fc.nat(255)), port, fc.option(fc.nat(255)))
  .map(([protocol, destinationPort, icmpType]) => ({
    ingress: 'things',
    source: '0a140001' as Address,
    destination: 'cb007101' as Address,
    protocol,
    ...(destinationPort === null ? {} : { destinationPort }),
    ...(icmpType === null ? {} : { icmpType }),
  }))

test('a flow is within the subjects of a service where the service covers it, and nowhere else', () => {
  expect(services.length).toBeGreaterThan(15)
  let covered = 0
  fc.assert(
    fc.property(flow, (one) => {
      for (const service of services) {
        const [first, last] = subjectsOf(service)
        const isWithin = subjectOf(one) >= first && subjectOf(one) <= last
        expect(isWithin).toBe(covers(service, one))
        if (isWithin) covered += 1
      }
    }),
    { numRuns: 2000 },
  )
  expect(covered).toBeGreaterThan(2000)
})
