/**
 * What a packet costs on a router with a fleet's policy, beside the same router with other rules: none; connection tracking
 * with masquerading alone, as most have it; a linear rule for each device in nftables and in iptables. For open flows and
 * where every packet opens one; and for packets that are denied, beside a bare `drop` rule.
 *
 * Frames go out by a packet socket, each of another device at random. Over veth pairs the kernel carries a frame through
 * the router to the other end before `send` returns, in the time of the thread that sent; so the CPU time of this thread, to
 * which nobody else on the machine adds, is what sending and forwarding cost. Sending alone, to a router that drops at its
 * interface, is measured the same way and taken off. Short rounds of all rule sets follow one another, each in a router of
 * its own, and of many rounds a low one counts: others on the machine only ever add. Every frame is made right before its
 * round: one that was put away for long would have to be fetched by the sender, which is no part of forwarding. (The
 * generators that there are cannot give a random device both its addresses, or are not in every kernel.)
 *
 * The table of open flows is one for all namespaces, and six routers fill it as no machine does that is a router alone. So
 * what many devices cost beside few is measured again with these two, and two that only track, alone.
 */
import { writeFileSync } from 'node:fs'
import type { Bar, Measured } from '../rows.ts'
import { compiledFleet } from './compiled.ts'
import { iptablesText, linearText, MOST_LINEAR, trackingText } from './peers.ts'
import { type Bench, buildBench, DENIED } from './router.ts'

const names = ['no rules', 'tracking', 'thingwall', 'with limits', 'linear nft', 'iptables'] as const
type Name = (typeof names)[number]
const kinds = ['open', 'opening', 'denied', 'strange'] as const
type Kind = (typeof kinds)[number]
type Costs = Readonly<Record<Kind, number>>

const ROUNDS = 15
const ROUND = 2000
/** Of open flows: long enough that caches hold what they would hold if nothing else had come between. */
const OPEN_ROUND = 10_000
/** Behind some thousand linear rules a packet takes its time. */
const SLOW_ROUND = 150
/** Open flows: fewer than the conntrack table of an ordinary machine holds, and a device each where they suffice. */
const MOST_FLOWS = 100_000
const LOAD_WITHIN_MS = 120_000

/** Rows for fleets of these sizes, and whether the bars are met by the largest. */
export async function* forwarding(sizes: readonly number[]): AsyncGenerator<Measured> {
  const results = new Map<number, ReadonlyMap<Name, Costs>>()
  for (const size of sizes) {
    const found = await costsOf(
      names.map((name) => ({ name, size })),
      kinds,
    )
    const costs = new Map(names.map((name, at) => [name, found[at] as Costs]))
    results.set(size, costs)
    yield* rowsOf(size, costs)
  }
  yield* barsOf(results)
  const largest = Math.max(...sizes)
  if (largest > FEW) yield* growthTo(largest)
}

/** The fleet that a large one is compared with. */
const FEW = 1000

async function* growthTo(size: number): AsyncGenerator<Measured> {
  const compared = (['thingwall', 'tracking'] as const).flatMap((name) => [
    { name, size: FEW },
    { name, size },
  ])
  const [few, many, fewTracked, manyTracked] = (await costsOf(compared, ['open'])).map(({ open }) => open)
  if (few === undefined || many === undefined || fewTracked === undefined || manyTracked === undefined) return
  yield {
    measure: `open flows beside its own at ${FEW.toLocaleString('en')}, ${size.toLocaleString('en')} devices`,
    value: many / few,
    unit: '×',
    bar: size < 100_000 ? null : { op: '<=', value: 1.4 },
    peers: { tracking: manyTracked / fewTracked },
    note: `${Math.round(few)} and ${Math.round(many)} ns; tracking alone ${Math.round(fewTracked)} and ${Math.round(manyTracked)} ns`,
  }
}

function* rowsOf(size: number, costs: ReadonlyMap<Name, Costs>): Generator<Measured> {
  const others = names.filter((name) => name !== 'thingwall')
  const row = (what: string, kind: Kind): Measured => ({
    measure: `${what}, ${size.toLocaleString('en')} devices`,
    value: Math.round((costs.get('thingwall') as Costs)[kind]),
    unit: 'ns',
    peers: Object.fromEntries(others.map((name) => [name, Math.round((costs.get(name) as Costs)[kind])])),
  })
  const open = row('a packet of an open flow', 'open')
  const few = `linear nft and iptables: of ${MOST_LINEAR.toLocaleString('en')} devices, a rule each`
  yield size > MOST_LINEAR ? { ...open, note: few } : open
  yield row('a packet that opens a flow', 'opening')
}

function* barsOf(results: ReadonlyMap<number, ReadonlyMap<Name, Costs>>): Generator<Measured> {
  const largest = Math.max(...results.keys())
  const of = (name: Name, size: number): Costs | undefined => results.get(size)?.get(name)
  const [own, tracking] = [of('thingwall', largest), of('tracking', largest)]
  if (own === undefined || tracking === undefined) return
  const at = `${largest.toLocaleString('en')} devices`
  const bar = (value: number): Bar | null => (largest < 100_000 ? null : { op: '<=', value })
  const unit = '×'
  const limited = of('with limits', largest)
  const peers = limited === undefined ? {} : { 'with limits': limited.open / tracking.open }
  yield {
    measure: `open flows beside a tracking router, ${at}`,
    value: own.open / tracking.open,
    unit,
    bar: bar(1.75),
    peers,
    note: 'aim 1.4',
  }
  yield {
    measure: `new flows beside a tracking router, ${at}`,
    value: own.opening / tracking.opening,
    unit,
    note: 'aim 2',
  }
  yield {
    measure: `a denied packet beside a bare drop, ${at}`,
    value: own.denied / tracking.denied,
    unit,
    bar: bar(1.5),
  }
  yield {
    measure: `a stranger’s packet beside a bare drop, ${at}`,
    value: own.strange / tracking.denied,
    unit,
    bar: bar(1.5),
  }
}

/** Loads a rule set into the router of a bench. */
export async function loadInto({ onRouter }: Bench, name: Name, size: number): Promise<void> {
  const options = { withinMs: LOAD_WITHIN_MS }
  const linear = Math.min(size, MOST_LINEAR)
  const nft = async (text: string): Promise<void> => {
    const file = '/run/forwarding.nft'
    writeFileSync(file, text)
    await onRouter(['nft', '-f', file], options)
  }
  switch (name) {
    case 'no rules':
      return
    case 'tracking':
      return nft(trackingText(DENIED))
    case 'thingwall':
      return nft(compiledFleet(size, { telemetry: 'sent', limits: 'none' }).text)
    case 'with limits':
      return nft(compiledFleet(size, { telemetry: 'sent', limits: 'wide' }).text)
    case 'linear nft':
      return nft(linearText(linear))
    case 'iptables':
      await onRouter(['iptables-restore'], { ...options, input: iptablesText(linear) })
      return
    default:
      name satisfies never
  }
}

interface Contender {
  readonly name: Name
  readonly size: number
}

interface Runner extends Contender {
  readonly bench: Bench
  readonly packets: Readonly<Record<Kind, number>>
  readonly makes: Readonly<Record<Kind, () => Uint8Array>>
  readonly found: Record<Kind, number[]>
}

/** All in routers of their own, and rounds of all in turn: what slows the machine down slows down all of them. */
async function costsOf(contenders: readonly Contender[], wanted: readonly Kind[]): Promise<readonly Costs[]> {
  const benches: Bench[] = []
  const build = async (tag: string): Promise<Bench> => {
    const bench = await buildBench(tag)
    benches.push(bench)
    return bench
  }
  try {
    const early = await build('early')
    const drop =
      'add chain netdev early arriving { type filter hook ingress device "wlan0" priority 0; policy drop; }'
    await early.onRouter(['nft', `add table netdev early; ${drop}`])
    const runners: Runner[] = []
    for (const [at, one] of contenders.entries()) runners.push(await prepared(await build(`${at}`), one))
    const sending: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of wanted) {
        sending.push(early.cost(Array.from({ length: ROUND }, (_, at) => early.frame(at, at))))
        for (const runner of runners) runRound(runner, kind)
      }
    }
    const base = quartile(sending)
    return runners.map(({ found }) => ({
      open: quartile(found.open) - base,
      opening: quartile(found.opening) - base,
      denied: quartile(found.denied) - base,
      strange: quartile(found.strange) - base,
    }))
  } finally {
    for (const bench of benches) await bench.end()
  }
}

async function prepared(bench: Bench, { name, size }: Contender): Promise<Runner> {
  await loadInto(bench, name, size)
  const isLinear = name === 'linear nft' || name === 'iptables'
  const known = isLinear ? Math.min(size, MOST_LINEAR) : size
  const slow = known > 1000 && isLinear ? SLOW_ROUND : ROUND
  // Open flows meet the first rule of iptables, as everybody writes it.
  const open = name === 'linear nft' ? slow : OPEN_ROUND
  const packets = { open, opening: slow, denied: slow, strange: slow }
  // Where there are few devices each has some flows.
  const flows = Math.min(MOST_FLOWS, Math.max(known, ROUND))
  const frames = Array.from({ length: flows }, (_, at) => bench.frame(at % known, at))
  bench.converse(frames)
  const next = sequence()
  let opened = flows
  const makes = {
    open: () => (frames[next() % flows] as Uint8Array).slice(),
    opening: () => bench.frame(next() % known, opened++),
    denied: () => bench.denied(next() % known),
    strange: () => bench.strange(next()),
  }
  return { name, size, bench, packets, makes, found: { open: [], opening: [], denied: [], strange: [] } }
}

function runRound({ name, size, bench, packets, makes, found }: Runner, kind: Kind): void {
  const count = packets[kind]
  const sent = Array.from({ length: count }, makes[kind])
  const before = bench.arrived()
  const cost = bench.cost(sent)
  const arrived = bench.arrived() - before
  // What costs nothing because it is lost would be no measure.
  if ((kind === 'open' || kind === 'opening') && arrived < count * 0.98)
    throw new Error(`${name}, ${size} devices, ${kind}: ${arrived} of ${count} packets arrived`)
  found[kind].push(cost)
}

/** A quarter of the rounds took less: others on the machine only ever add. */
function quartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 2] ?? Number.NaN
}

/** The same numbers every time. */
function sequence(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 8
  }
}
