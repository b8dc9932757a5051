/**
 * The way back: a policy document in the words in which YAML and JSON files are written.
 *
 * What equals a default is left out, so the result reads like something a person wrote. Places are not kept.
 */
import type { EndpointDocument, ForwardDocument, PolicyDocument, RuleDocument } from '../model/policy.ts'
import { testDocumentOf } from './expectation.ts'
import { mapRecord } from './given.ts'

type Data = Readonly<Record<string, unknown>>

/** What to write into a YAML or JSON file so that it means this document. */
export function asWritten(document: PolicyDocument): Data {
  const { name, why, owner, drift } = document
  return compact({
    policy: name,
    why,
    owner,
    drift,
    networks: mapRecord(document.networks, ({ origin: _, role, ...one }) =>
      compact({
        role,
        ...one,
        interface: single(one.interface),
        cidrs: single(one.cidrs),
        gateway: one.gateway === null ? undefined : single(one.gateway),
        masquerade: one.masquerade || undefined,
        isolation: one.isolation === 'none' ? undefined : one.isolation,
        identity: one.identity === (role === 'uplink' ? 'ip' : 'mac+ip') ? undefined : one.identity,
      }),
    ),
    lists: mapRecord(document.lists, ({ origin: _, entries, ...one }) => ({
      ...one,
      entries: mapRecord(entries, stays),
    })),
    profiles: mapRecord(document.profiles, ({ origin: _, rules, ...one }) =>
      compact({ ...one, rules: mapRecord(rules, writtenRule) }),
    ),
    devices: mapRecord(document.devices, ({ origin: _, rules, ...one }) =>
      compact({
        ...one,
        profile: one.profile ?? undefined,
        network: one.network ?? undefined,
        mac: one.mac ?? undefined,
        ip: single(one.ip),
        rules: mapRecord(rules, writtenRule),
      }),
    ),
    rules: mapRecord(document.rules, writtenRule),
    forwards: mapRecord(document.forwards, writtenForward),
    quarantine: mapRecord(document.quarantine, stays),
    apis: mapRecord(document.apis, ({ origin: _, ...one }) => one),
    tests: document.tests.map(({ origin: _, name: said, ...one }) => {
      const { from, to, expect, ...rest } = one
      const isUsual = testDocumentOf({ from, to, expect }, null).name === said
      return { from, to, expect, ...(isUsual ? {} : { name: said }), ...rest }
    }),
  })
}

const sides = { out: 'to', in: 'from', both: 'peer' } as const

function writtenRule(rule: RuleDocument): Data {
  const { effect, direction, who, peer, service, when, onExpiry, origin: _, ...documentation } = rule
  return compact({
    [effect]: direction,
    who: who === null ? undefined : single(who.map(writtenPeer)),
    [sides[direction]]: single(peer.map(writtenPeer)),
    service: effect === 'deny' && service.length === 1 && service[0] === 'any' ? undefined : single(service),
    when: when ?? undefined,
    onExpiry: onExpiry === (effect === 'allow' ? 'lift' : 'stay') ? undefined : onExpiry,
    ...documentation,
  })
}

function writtenForward({ origin: _, ...forward }: ForwardDocument): Data {
  const { at, service, to, port, from, by, when, ...documentation } = forward
  const [only, another] = from
  return compact({
    at,
    service: single(service),
    to: single(to.map(writtenPeer)),
    port: port ?? undefined,
    from: only?.kind === 'any' && another === undefined ? undefined : single(from.map(writtenPeer)),
    by: by ?? undefined,
    when: when ?? undefined,
    ...documentation,
  })
}

function writtenPeer(peer: EndpointDocument): unknown {
  switch (peer.kind) {
    case 'any':
    case 'gateway':
      return peer.kind
    case 'text':
      return peer.text
    case 'network':
    case 'device':
    case 'profile':
    case 'list':
    case 'name':
      return { [peer.kind]: peer.name }
    case 'label':
      return { label: peer.labels }
    case 'except':
      return { of: peer.of.map(writtenPeer), except: peer.except.map(writtenPeer) }
    default:
      return peer satisfies never
  }
}

/** Without its place, and without an `onExpiry` that is the default. */
function stays<T extends { readonly onExpiry: string; readonly origin: unknown }>(thing: T): Data {
  const { origin: _, onExpiry, ...rest } = thing
  return onExpiry === 'stay' ? rest : { ...rest, onExpiry }
}

function single<T>(several: readonly T[] | string): readonly T[] | T | string {
  return Array.isArray(several) && several.length === 1 ? (several[0] as T) : several
}

/** Without what is absent or empty. */
function compact(data: Data): Data {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => !isNothing(value)))
}

function isNothing(value: unknown): boolean {
  if (value === undefined) return true
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
