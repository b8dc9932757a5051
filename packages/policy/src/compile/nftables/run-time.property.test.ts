/**
 * Run-time elements are what a compilation with bindings has and one without has not: of random policies and bindings,
 * set by set. So what is added to a kernel a little at a time is what a whole load would put there.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bind, noBindings } from '../../evaluate/bind.ts'
import { randomPolicy } from '../../fixtures/random.ts'
import { lowered, NOW } from '../../fixtures/site.ts'
import { type Address, parseAddress } from '../../model/address.ts'
import { type Bindings, type BoundAddress, EVERY_DEVICE } from '../../model/flow.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import { compileFor } from '../driver.ts'
import { nftables } from './emit.ts'
import { runTimeElements } from './run-time.ts'
import { element } from './text.ts'

const deviceNames = ['d0', 'd1', 'd2', 'd3']
const at = (text: string): Address => parseAddress(text) as Address
const until = fc.constantFrom(Number.POSITIVE_INFINITY, NOW - 1000, NOW + 60_000, NOW + 86_400_000)
const answers = ['203.0.113.1', '203.0.113.2', '198.51.100.7', '10.30.0.77', '2001:db8::7', 'fd20::9'].map(at)
const free = [
  ...['10.20.0.100', '10.20.0.101', '10.30.0.100', 'fd20::100', 'fd20::101', 'fe80::77'],
  // Stated by the policy of somebody, and the link-local address of a known link address.
  ...['10.20.0.10', 'fe80::ff:fe00:10'],
].map(at)

const said = fc.record({
  owners: fc.array(
    fc.record({ address: fc.constantFrom(...free), device: fc.constantFrom(...deviceNames), until }),
    { maxLength: 6 },
  ),
  names: fc.array(
    fc.record({
      device: fc.constantFrom(EVERY_DEVICE, ...deviceNames),
      name: fc.constantFrom('a.example', 'b.example', 'x.c.example', 'y.c.example'),
      answers: fc.array(fc.record({ address: fc.constantFrom(...answers), until }), { maxLength: 4 }),
    }),
    { maxLength: 5 },
  ),
})

/** Set → its elements, as `nft` reads them. */
function elementsIn(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  let family = ''
  for (const line of text.matchAll(
    /^table (\w+) thingwall \{$|^\t(?:set|map) (\S+) \{\n((?:.*\n)*?)\t\}$/gm,
  )) {
    if (line[1] !== undefined) family = line[1]
    else {
      const body = /elements = \{\n([\s\S]*?)\n\t\t\}/.exec(line[3] as string)?.[1] ?? ''
      const each = body.split(',\n').map((one) => one.trim())
      found.set(`${family} ${line[2]}`, new Set(each.filter((one) => one !== '')))
    }
  }
  return found
}

function given(bindings: Bindings, device: string) {
  const addresses = [...bindings.owners].flatMap(([address, one]) =>
    one.device === device ? [{ address, until: one.until }] : [],
  )
  const names = new Map<string, readonly BoundAddress[]>()
  for (const key of [EVERY_DEVICE, device])
    for (const [name, told] of bindings.names.get(key) ?? [])
      names.set(name, [...(names.get(name) ?? []), ...told])
  return { addresses, names }
}

function compiled(ruleset: Ruleset, bindings: Bindings): Map<string, Set<string>> {
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at: NOW, log: null })
  return elementsIn(artifact?.text ?? expect.fail(JSON.stringify(refused)))
}

test('compiled with bindings is compiled without them, and their elements', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(randomPolicy, said, (document, { owners, names }) => {
      const ruleset = lowered(document)
      const told = new Map<string, Map<string, readonly BoundAddress[]>>()
      for (const one of names) {
        const own = told.get(one.device) ?? new Map<string, readonly BoundAddress[]>()
        told.set(one.device, own.set(one.name, [...(own.get(one.name) ?? []), ...one.answers]))
      }
      const bindings = bind(ruleset, {
        owners: new Map(owners.map(({ address, ...rest }) => [address, rest])),
        names: told,
        gateway: new Set(),
      })
      const expected = compiled(ruleset, noBindings)
      for (const [index, device] of ruleset.devices.entries()) {
        for (const one of runTimeElements(ruleset, index, given(bindings, device.name), NOW).values()) {
          const set = expected.get(`${one.family} ${one.set}`)
          if (set === undefined) continue
          set.add(element(one.key, one.until, NOW, one.data))
          const kind = `${one.family} ${one.set.split('/')[0]}`
          seen.set(kind, (seen.get(kind) ?? 0) + 1)
        }
      }
      expect(expected).toEqual(compiled(ruleset, bindings))
    }),
    { numRuns: 300 },
  )
  for (const kind of [
    'inet class',
    'inet claimed',
    'inet group',
    'inet bound',
    'inet target',
    'inet told',
    'inet name',
    'arp claimed',
    'arp bound',
  ])
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(5)
})
