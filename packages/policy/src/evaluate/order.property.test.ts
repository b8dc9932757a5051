/**
 * Point 2 as properties: whatever is moved, shuffled or split in a policy, every flow is decided alike and by the same
 * rule. And point 9's other half: IPv4 and IPv6 are one code path, so a policy moved from one to the other decides
 * alike.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prepared, randomBindings, randomFlow, randomPolicy } from '../fixtures/random.ts'
import { NOW } from '../fixtures/site.ts'
import { type Address, formatAddress, parseAddress } from '../model/address.ts'
import type { Flow } from '../model/flow.ts'
import type { EndpointDocument, PolicyDocument, RuleDocument } from '../model/policy.ts'
import { evaluate } from './evaluate.ts'

const flows = fc.array(randomFlow, { minLength: 30, maxLength: 30 })
const INSTANTS = [0, 12, 60].map((days) => NOW + days * 86_400_000 + days * 3_600_000)

/** What a policy decides, flow by flow. `idOf` undoes what the change did to the ids. */
function decisions(
  document: PolicyDocument,
  given: unknown,
  all: readonly Flow[],
  idOf: (id: string) => string = (id) => id,
): readonly string[] {
  const [ruleset, bindings] = prepared(document, given)
  return INSTANTS.flatMap((at) =>
    all.map((flow) => {
      const { verdict, rule, needs, enforced } = evaluate(ruleset, flow, bindings, at)
      return `${verdict} by ${idOf(rule.id)} ${rule.effect} ${enforced} ${[...needs].sort().join()}`
    }),
  )
}

/** Reorders by a key drawn from the seed: the same for equal texts, so that arrays of equal things stay arrays. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const keyOf = (item: T, at: number): number => {
    let key = seed + at
    for (const character of JSON.stringify(item)) key = (Math.imul(key, 31) + character.charCodeAt(0)) | 0
    return key
  }
  return items
    .map((item, at) => [keyOf(item, at), item] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, item]) => item)
}

/** Every array and every record of a document in another order. */
function reordered(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return shuffled(value, seed).map((one) => reordered(one, seed))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    shuffled(Object.entries(value), seed).map(([key, one]) => [key, reordered(one, seed)]),
  )
}

test('the order of rules, profiles, devices, lists, peers and services says nothing', () => {
  fc.assert(
    fc.property(randomPolicy, randomBindings, flows, fc.nat(), (document, given, all, seed) => {
      const other = reordered(document, seed) as PolicyDocument
      expect(decisions(other, given, all)).toEqual(decisions(document, given, all))
    }),
    { numRuns: 100 },
  )
})

/** One rule for each alternative of its ends and services. */
function split(rules: Readonly<Record<string, RuleDocument>>): Record<string, RuleDocument> {
  return Object.fromEntries(
    Object.entries(rules).flatMap(([id, rule]) =>
      (rule.who ?? [null]).flatMap((who, a) =>
        rule.peer.flatMap((peer, b) =>
          rule.service.map((service, c): [string, RuleDocument] => [
            `${id}-${a}${b}${c}`,
            { ...rule, who: who === null ? null : [who], peer: [peer], service: [service] },
          ]),
        ),
      ),
    ),
  )
}

test('a rule of several peers and services is as many rules of one', () => {
  fc.assert(
    fc.property(randomPolicy, randomBindings, flows, (document, given, all) => {
      const parts: PolicyDocument = {
        ...document,
        rules: split(document.rules),
        profiles: Object.fromEntries(
          Object.entries(document.profiles).map(([name, one]) => [name, { ...one, rules: split(one.rules) }]),
        ),
        devices: Object.fromEntries(
          Object.entries(document.devices).map(([name, one]) => [name, { ...one, rules: split(one.rules) }]),
        ),
      }
      // A part needs only what it speaks of itself. Of two parts of a deny one may be told and the other not: whether
      // the rule is then said to refuse or to hold the flow, it does not pass.
      const whole = (text: string): string =>
        text
          .replace(/^unknown by (\S+) deny/, 'deny by $1 deny')
          .split(' ')
          .slice(0, 5)
          .join(' ')
      const apart = decisions(parts, given, all, (id) => id.replace(/-\d{3}$/, ''))
      expect(apart.map(whole)).toEqual(decisions(document, given, all).map(whole))
    }),
    { numRuns: 100 },
  )
})

/** 10.20.0.11 as fd00::a14:b, and every prefix of it likewise. */
function inSix(text: string): string {
  const [address = '', length] = text.split('/')
  const four = parseAddress(address)
  if (four === null || four.length !== 8) return text
  const six = formatAddress(`fd${'0'.repeat(22)}${four}` as Address)
  return length === undefined ? six : `${six}/${96 + Number(length)}`
}

function translated(value: unknown): unknown {
  if (typeof value === 'string') return value === 'icmp/13' ? 'icmpv6/139' : inSix(value)
  if (Array.isArray(value)) return value.map(translated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [inSix(key), translated(one)]))
}

function flowInSix(flow: Flow): Flow {
  const six = (address: Address): Address => parseAddress(inSix(formatAddress(address))) as Address
  const icmp =
    flow.protocol === 1
      ? { protocol: 58, icmpType: flow.icmpType === 8 ? 128 : 139 }
      : { protocol: flow.protocol }
  return { ...flow, source: six(flow.source), destination: six(flow.destination), ...icmp }
}

test('a policy moved from IPv4 to IPv6 decides alike', () => {
  fc.assert(
    fc.property(randomPolicy, randomBindings, flows, (document, given, all) => {
      const six = translated(document) as PolicyDocument
      expect(decisions(six, translated(given), all.map(flowInSix))).toEqual(decisions(document, given, all))
    }),
    { numRuns: 100 },
  )
})

test('the random world is a fair one: it allows, refuses, and does not know', () => {
  const seen = new Map<string, number>()
  const kinds = new Set<EndpointDocument['kind']>()
  fc.assert(
    fc.property(randomPolicy, randomBindings, flows, (document, given, all) => {
      for (const one of decisions(document, given, all)) {
        const verdict = one.split(' ')[0] as string
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
      }
      for (const rule of Object.values(document.rules)) for (const { kind } of rule.peer) kinds.add(kind)
    }),
    { numRuns: 250, seed: 1 },
  )
  for (const verdict of ['allow', 'deny', 'unknown']) expect(seen.get(verdict), verdict).toBeGreaterThan(50)
  expect(kinds.size).toBeGreaterThanOrEqual(7)
})
