/**
 * Findings gathered into what a person can read: one change for all the devices, peers and services of which the same is
 * so at the same time. Nothing is judged here.
 */
import type { Family } from '../../model/address.ts'
import type { End, Ends } from './ends.ts'
import type { Found, Witness } from './finding.ts'
import type { Moment, Moments, Span } from './moments.ts'
import { type Named, type Speaker, speaker } from './say-ends.ts'
import { type ServiceClass, sayPorts, sayServices } from './service-classes.ts'

/** Flows that become allowed, or blocked. */
export interface MeaningChange {
  readonly becomes: 'allowed' | 'blocked'
  /** `out`: the subjects open the flows; `in`: the peers do. */
  readonly direction: 'out' | 'in'
  /** Who it is about: profiles, devices, networks, addresses, `the gateway`. */
  readonly subjects: readonly string[]
  /** Every device among the subjects, by name. */
  readonly devices: readonly string[]
  readonly peers: readonly string[]
  /** `443/tcp`, `ping`, `anything`, `anything but 22/tcp`. */
  readonly services: readonly string[]
  /** The ports of the gateway that such flows are addressed to, where they are forwarded; null where they are not. */
  readonly addressed: readonly string[] | null
  readonly span: Span
  /** Ids of the rules that decide such flows. */
  readonly rules: { readonly before: readonly string[]; readonly after: readonly string[] }
  readonly witness: Witness
}

export function tell(
  ends: Ends,
  services: readonly ServiceClass[],
  moments: Moments,
  found: readonly Found[],
): readonly MeaningChange[] {
  const speakers = { blocked: speaker(ends, 0), allowed: speaker(ends, 1) }
  const flows = gather(
    found.map((one) => seen(ends, one)),
    (one) =>
      [
        one.becomes,
        one.direction,
        one.subject,
        one.peer.end,
        one.peer.tags.join(),
        one.when,
        one.addressed,
      ].join(' '),
  ).map((all): Told => {
    const [first] = all as [Seen]
    const families = familiesOf(ends, first)
    const possible = services.filter(({ family }) => family === null || families.has(family))
    return {
      ...first,
      families,
      services: sayServices(
        all.map(({ found: { service } }) => service),
        possible,
      ),
      all,
    }
  })
  const bySubject = gather(flows, (one) =>
    [one.becomes, one.direction, one.subject, one.when, one.addressed, one.services.join()].join(' '),
  ).map((all): Told & { readonly peers: readonly string[] } => {
    const [first] = all as [Told]
    const families = new Set(all.flatMap((one) => [...one.families]))
    const peers = speakers[first.becomes].say(distinct(all.map(({ peer }) => peer)), families)
    return { ...first, families, peers, all: all.flatMap((one) => one.all) }
  })
  return gather(bySubject, (one) =>
    [one.becomes, one.direction, one.when, one.addressed, one.services.join(), one.peers.join()].join(' '),
  )
    .map((all) => changeOf(all as [Told & { readonly peers: readonly string[] }], moments, speakers))
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

interface Seen {
  readonly becomes: 'allowed' | 'blocked'
  readonly direction: 'out' | 'in'
  readonly subject: number
  readonly subjectTags: Named['tags']
  readonly peer: Named
  /** Equal for what is so at the same moments. */
  readonly when: string
  /** Ports of the gateway, where it is forwarded; empty where not. */
  readonly addressed: readonly string[]
  readonly found: Found
}

interface Told extends Seen {
  readonly families: ReadonlySet<Family>
  readonly services: readonly string[]
  readonly all: readonly Seen[]
}

/** A device is whom it is about; of two, the one that opens. */
function seen({ all }: Ends, found: Found): Seen {
  const isInward = all[found.from]?.kind !== 'device' && all[found.to]?.kind === 'device'
  const when = found.moments.map(({ stretch, hours }) => `${stretch}.${hours}`).sort()
  const [subject, peer] = isInward ? [found.to, found.from] : [found.from, found.to]
  return {
    becomes: found.becomes,
    direction: isInward ? 'in' : 'out',
    subject,
    subjectTags: [],
    peer: { end: peer, tags: found.tags },
    when: when.join(),
    addressed: found.addressed === null ? [] : sayPorts([found.addressed]),
    found,
  }
}

function familiesOf({ all }: Ends, { subject, peer }: Seen): ReadonlySet<Family> {
  const of = (end: End | undefined): ReadonlySet<Family> => new Set(end?.points.map(({ family }) => family))
  const others = of(all[peer.end])
  return new Set([...of(all[subject])].filter((family) => others.has(family)))
}

function changeOf(
  told: readonly [Told & { readonly peers: readonly string[] }, ...Told[]],
  moments: Moments,
  speakers: Readonly<Record<'allowed' | 'blocked', Speaker>>,
): MeaningChange {
  const [first] = told
  const subjects = distinct(told.map(({ subject, subjectTags }) => ({ end: subject, tags: subjectTags })))
  const families = new Set(told.flatMap((one) => [...one.families]))
  const all = told.flatMap((one) => one.all).map(({ found }) => found)
  const rulesOf = (side: 'before' | 'after'): readonly string[] =>
    [...new Set(all.map(({ witness }) => witness[side].rule.id))].sort()
  const { say, devicesIn } = speakers[first.becomes]
  const some = all.reduce((least, one) => (exampleOrderOf(one) < exampleOrderOf(least) ? one : least))
  return {
    becomes: first.becomes,
    direction: first.direction,
    subjects: say(subjects, families),
    devices: devicesIn(subjects),
    peers: first.peers,
    services: first.services,
    addressed: first.addressed.length === 0 ? null : first.addressed,
    span: moments.spanOf(some.moments as readonly Moment[]),
    rules: { before: rulesOf('before'), after: rulesOf('after') },
    witness: some.witness,
  }
}

/** Which of many witnesses is the example must not depend on the order in which they were found. */
function exampleOrderOf({ witness: { flow, at } }: Found): string {
  const { source, destination, protocol, destinationPort = 0, icmpType = 0, ingress, link, original } = flow
  return JSON.stringify([
    at,
    source,
    destination,
    protocol,
    destinationPort,
    icmpType,
    ingress,
    link,
    original,
  ])
}

function distinct(some: readonly Named[]): readonly Named[] {
  return [...new Map(some.map((one) => [`${one.end} ${one.tags.join()}`, one])).values()]
}

/** Those with the same key together, in the order in which each key is first seen. */
function gather<T>(all: readonly T[], keyOf: (one: T) => string): readonly (readonly T[])[] {
  return [...Map.groupBy(all, keyOf).values()]
}

/** What is blocked first. */
function orderOf({ becomes, direction, subjects, peers, services, addressed, span }: MeaningChange): string {
  const first = becomes === 'blocked' ? '0' : '1'
  return [
    first,
    direction === 'out' ? '0' : '1',
    subjects.join(),
    peers.join(),
    services.join(),
    JSON.stringify([addressed, span]),
  ].join('\n')
}
