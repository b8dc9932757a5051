/**
 * Flows that were seen in the past, held against a new policy: which of them it would cut, by which rule. What cannot be
 * told (no header was kept, a name whose answer nobody wrote down) is counted as such and not guessed.
 */
import { elsewhere } from '../../evaluate/assume.ts'
import { bind } from '../../evaluate/bind.ts'
import { evaluate } from '../../evaluate/evaluate.ts'
import { translate } from '../../evaluate/translate.ts'
import { type Address, formatAddress } from '../../model/address.ts'
import { type BoundAddress, type Decision, EVERY_DEVICE, type Flow, type Said } from '../../model/flow.ts'
import { contains } from '../../model/interval.ts'
import type { Device, Rule, Ruleset } from '../../model/ruleset.ts'
import { formatService, ICMP, ICMPV6, type Service, TCP, UDP } from '../../model/service.ts'

/** A flow that was let in, however often. What is null was not known. */
export interface RecordedFlow {
  readonly source: Address
  readonly destination: Address
  readonly sourceDevice: string | null
  readonly destinationDevice: string | null
  /** The DNS name under which the opener was told the destination. */
  readonly destinationName: string | null
  /** The interface it came in by. */
  readonly ingress: string | null
  readonly protocol: number | null
  readonly destinationPort: number | null
  readonly icmpType: number | null
  readonly count: number
  /** Milliseconds since 1970. */
  readonly lastMs: number
}

/** Flows of one opener to one peer for one service, which a new policy would cut. */
export interface RecordedCut {
  /** The device, or the address where it is none. */
  readonly from: string
  readonly to: string
  readonly service: string
  /** How often it was opened, and when last. */
  readonly count: number
  readonly lastMs: number
  /** The rule that cuts it. */
  readonly rule: Rule
  /** The rule that lets it in now; null where nothing is in force yet. */
  readonly before: Rule | null
  /** One of them, to ask about. */
  readonly flow: Flow
}

export interface Recorded {
  /** What was seen most often first. */
  readonly cuts: readonly RecordedCut[]
  /** Different flows that were judged, and those that could not be. */
  readonly judged: number
  readonly undecided: number
}

export interface RecordedOptions {
  /** What is in force; null for nothing. */
  readonly before: Ruleset | null
  readonly after: Ruleset
  /** What devices were given and told, as far as that is known beside the flows themselves. */
  readonly bindings: Said
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Judges every recorded flow by both policies. A flow that what is in force refuses already is not told. */
export function cutFlows(flows: Iterable<RecordedFlow>, options: RecordedOptions): Recorded {
  const { batches, left } = batchesOf(flows)
  const cuts = new Map<string, RecordedCut>()
  let judged = 0
  let undecided = left
  for (const batch of batches) {
    const judgeBefore = options.before === null ? null : judgeOf(options.before, batch, options)
    const judgeAfter = judgeOf(options.after, batch, options)
    for (const seen of batch.flows) {
      const old = judgeBefore?.(seen).decision ?? null
      const { decision, flow } = judgeAfter(seen)
      if (decision.verdict === 'unknown' && old?.verdict !== 'deny') undecided += 1
      else judged += 1
      if (old?.verdict === 'deny' || decision.verdict !== 'deny') continue
      const cut = cutOf(seen, flow, decision.rule, old?.rule ?? null)
      const key = [cut.from, cut.to, cut.service, cut.rule.id].join('\n')
      const known = cuts.get(key)
      cuts.set(key, known === undefined ? cut : together(known, cut))
    }
  }
  const sorted = [...cuts].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1))
  return { cuts: sorted.map(([, cut]) => cut), judged, undecided }
}

type Known = RecordedFlow & { readonly protocol: number }

/** Flows in which no address belongs to two devices: whose it was may have changed with time. */
interface Batch {
  readonly flows: Known[]
  readonly owners: Map<Address, string>
}

const MOST_BATCHES = 16

/** `left` are the flows that cannot be judged: no header was kept, or the address has been too many devices'. */
function batchesOf(flows: Iterable<RecordedFlow>): {
  readonly batches: readonly Batch[]
  readonly left: number
} {
  const batches: Batch[] = []
  let left = 0
  for (const seen of flows) {
    const { protocol } = seen
    if (protocol === null) {
      left += 1
      continue
    }
    const claims = [
      [seen.source, seen.sourceDevice],
      [seen.destination, seen.destinationDevice],
    ] as const
    let batch = batches.find(({ owners }) =>
      claims.every(([address, device]) => device === null || (owners.get(address) ?? device) === device),
    )
    if (batch === undefined) {
      if (batches.length === MOST_BATCHES) {
        left += 1
        continue
      }
      batch = { flows: [], owners: new Map() }
      batches.push(batch)
    }
    batch.flows.push({ ...seen, protocol })
    for (const [address, device] of claims) if (device !== null) batch.owners.set(address, device)
  }
  return { batches, left }
}

function cutOf(seen: Known, flow: Flow, rule: Rule, before: Rule | null): RecordedCut {
  return {
    from: seen.sourceDevice ?? formatAddress(seen.source),
    to: seen.destinationName ?? seen.destinationDevice ?? formatAddress(seen.destination),
    service: serviceOf(seen),
    count: seen.count,
    lastMs: seen.lastMs,
    rule,
    before,
    flow,
  }
}

function together(one: RecordedCut, other: RecordedCut): RecordedCut {
  return { ...one, count: one.count + other.count, lastMs: Math.max(one.lastMs, other.lastMs) }
}

type Judge = (seen: Known) => { readonly flow: Flow; readonly decision: Decision }

/** What was known when the flows were seen is known still: whose address it was, and which names were told for it. */
function judgeOf(
  ruleset: Ruleset,
  { flows, owners: claimed }: Batch,
  { bindings, at }: RecordedOptions,
): Judge {
  const owners = new Map(bindings.owners)
  for (const [address, device] of claimed) owners.set(address, { device, until: Number.POSITIVE_INFINITY })
  const names = namesIn(flows, bindings)
  const open = bind(ruleset, { ...bindings, owners, names })
  // Of an address whose name was kept it is known that it is the answer to no other name.
  const common = new Map([...elsewhere(ruleset), ...(names.get(EVERY_DEVICE) ?? [])])
  const closed = bind(ruleset, { ...bindings, owners, names: new Map([...names, [EVERY_DEVICE, common]]) })
  return (seen) => {
    const sender = deviceNamed(ruleset, seen.sourceDevice)
    const { protocol } = seen
    const link = sender?.link ?? null
    const flow: Flow = {
      ingress: doorOf(ruleset, seen, bindings, sender),
      source: seen.source,
      destination: seen.destination,
      protocol,
      ...(link === null ? {} : { link }),
      ...(protocol === TCP || protocol === UDP ? { sourcePort: 49_152 } : {}),
      ...(seen.destinationPort === null ? {} : { destinationPort: seen.destinationPort }),
      ...(seen.icmpType === null ? {} : { icmpType: seen.icmpType }),
    }
    const bound = seen.destinationName === null ? open : closed
    // It was recorded as its opener addressed it.
    const led = translate(ruleset, flow, bound, at)
    return { flow, decision: evaluate(ruleset, led, bound, at) }
  }
}

function namesIn(flows: readonly Known[], { names: given }: Said): Said['names'] {
  const names = new Map([...given].map(([device, told]) => [device, new Map(told)]))
  for (const { destinationName, destination, sourceDevice } of flows) {
    if (destinationName === null) continue
    const device = sourceDevice ?? EVERY_DEVICE
    const told = names.get(device) ?? new Map<string, readonly BoundAddress[]>()
    names.set(device, told)
    const answers = told.get(destinationName) ?? []
    if (answers.some(({ address }) => address === destination)) continue
    told.set(destinationName, [...answers, { address: destination, until: Number.POSITIVE_INFINITY }])
  }
  return names
}

/** The network of the interface; where that was not seen, of the device or the address. */
function doorOf(
  ruleset: Ruleset,
  { ingress, source }: RecordedFlow,
  { gateway }: Said,
  sender: Device | null,
): string | null {
  if (ingress !== null)
    return ruleset.networks.find(({ interfaces }) => interfaces.includes(ingress))?.name ?? null
  if (ruleset.gateway.has(source) || gateway.has(source)) return 'gateway'
  if (sender !== null) return sender.network
  return ruleset.networks.find(({ addresses }) => contains(addresses, source))?.name ?? null
}

function deviceNamed({ deviceByName, devices }: Ruleset, name: string | null): Device | null {
  const index = name === null ? undefined : deviceByName.get(name)
  return index === undefined ? null : (devices[index] ?? null)
}

function serviceOf({ protocol, destinationPort, icmpType }: Known): string {
  return formatService(headersAsService(protocol, destinationPort ?? 0, icmpType ?? 0))
}

function headersAsService(protocol: number, port: number, type: number): Service {
  if (protocol === TCP || protocol === UDP) return { kind: 'ports', protocol, first: port, last: port }
  if (protocol === ICMP || protocol === ICMPV6)
    return { kind: 'icmp', family: protocol === ICMP ? 4 : 6, type }
  return { kind: 'protocol', number: protocol }
}
