/**
 * What the wall costs its machine, in network namespaces of its own: packets that are forwarded and denied
 * (`kernel/forwarding.ts`, `kernel/flood.ts`), packets lost and leaked while policies are exchanged (`kernel/replaces.ts`),
 * and here what rule sets take to load, by the program `nft` and by the library in the privileged process: CPU seconds of
 * whoever loads (its own and what the kernel does for it) for a first load and for a change in place, memory, and the time
 * of one binding that is added. Some six minutes; with `--brief` one, without large fleets.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Nft, openNft, openPrivileged, type Privileged, thisMachine } from '@thingwall/gateway'
import { enterLab } from '@thingwall/gateway/lab'
import { compiledFleet } from './kernel/compiled.ts'
import { flood } from './kernel/flood.ts'
import { forwarding } from './kernel/forwarding.ts'
import { replaces } from './kernel/replaces.ts'
import type { Extent, Measured } from './rows.ts'

const SIZES = [10, 1000, 10_000, 100_000] as const
const BRIEF = 1000
const LARGEST = 100_000
const ADDITIONS = 300
const SPAWNED_ADDITIONS = 30
/** Jiffies in /proc are hundredths of a second for programs, on every architecture. */
const TICKS_PER_SECOND = 100

export default async function* kernel({ isBrief }: Extent): AsyncGenerator<Measured> {
  const entry = await enterLab()
  if (entry.kind === 'ended') process.exit(entry.exitCode)
  if (entry.kind === 'impossible') {
    yield { measure: 'kernel', value: null, unit: '', note: `${entry.reason}; ${entry.fix}` }
    return
  }
  const sizes = SIZES.filter((size) => !isBrief || size <= BRIEF)
  yield* forwarding(sizes)
  yield* flood()
  yield* replaces()
  const program = await openNft(thisMachine)
  for (const size of sizes) {
    const file = `/run/fleet-${size}.nft`
    writeFileSync(file, compiledFleet(size))
    yield* loads(size, file, program)
  }
}

async function* loads(size: number, file: string, program: Nft): AsyncGenerator<Measured> {
  const devices = `${size.toLocaleString('en')} devices`
  const isLargest = size === LARGEST
  const empty = kernelBytes()
  const first = await cpuSeconds(childrenOf, () => program.load(file))
  const taken = kernelBytes() - empty
  const byProgram = { load: first, replace: await cpuSeconds(childrenOf, () => program.load(file)) }
  const spawned = await addByProgram()
  await thisMachine.run('nft', ['flush', 'ruleset'])

  const way = await openPrivileged(thisMachine)
  try {
    if (way.backend.kind === 'program') {
      yield { measure: `load, ${devices}`, value: null, unit: 's CPU', note: way.backend.because }
      return
    }
    const pid = way.backend.pid()
    const own = (): number => ticksOf(`/proc/${pid}/stat`, [UTIME, STIME])
    const load = await cpuSeconds(own, () => way.load(file))
    const replace = await cpuSeconds(own, () => way.load(file))
    const before = own()
    const added = await addByLibrary(way)
    const cpuMs = ((own() - before) * 1000) / TICKS_PER_SECOND / ADDITIONS
    yield {
      measure: `full load, ${devices}`,
      value: load,
      unit: 's CPU',
      bar: isLargest ? { op: '<=', value: 3 } : null,
      peers: { nft: byProgram.load },
    }
    yield {
      measure: `memory of the kernel, ${devices}`,
      value: taken / MEGABYTE,
      unit: 'MB',
      note: `slabs and tables of the whole machine; the privileged process had at most ${peakOf(pid)} MB`,
    }
    yield {
      measure: `replaced, ${devices}`,
      value: replace,
      unit: 's CPU',
      peers: { nft: byProgram.replace },
    }
    yield {
      measure: `one binding added, ${devices}`,
      value: added,
      unit: 'ms, median',
      bar: isLargest ? { op: '<=', value: 2 } : null,
      peers: { nft: spawned },
      note: `of which the privileged process and the kernel computed ${cpuMs.toFixed(2)} ms, on average`,
    }
  } finally {
    way.close()
    await thisMachine.run('nft', ['flush', 'ruleset'])
  }
}

/** A lease of a device: its address with its link address, and its class. */
function binding(at: number): readonly (readonly [set: string, element: string])[] {
  const address = `10.127.${at >> 8}.${at & 255}`
  return [
    ['bound/things/4', `02:00:00:00:00:01 . ${address} timeout 1h`],
    ['class/4', `${address} timeout 1h : 0:1`],
  ]
}

async function addByLibrary(way: Privileged): Promise<number> {
  const table = { verb: 'add', family: 'inet', table: 'thingwall' } as const
  const times: number[] = []
  for (let at = 0; at < ADDITIONS; at++) {
    const changes = binding(at).map(([set, element]) => ({ ...table, set, elements: [element] }))
    const started = performance.now()
    await way.elements(changes)
    times.push(performance.now() - started)
  }
  return median(times)
}

async function addByProgram(): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < SPAWNED_ADDITIONS; at++) {
    const commands = binding(at).map(([set, element]) => `add element inet thingwall ${set} { ${element} }`)
    const started = performance.now()
    const { status, stderr } = await thisMachine.run('nft', [commands.join('; ')])
    times.push(performance.now() - started)
    if (status !== 0) throw new Error(stderr)
  }
  return median(times)
}

const MEGABYTE = 1_000_000

/** What the kernel has taken for itself. */
function kernelBytes(): number {
  const text = readFileSync('/proc/meminfo', 'utf8')
  return ['SUnreclaim', 'VmallocUsed'].reduce(
    (sum, name) => sum + 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0),
    0,
  )
}

function peakOf(pid: number | null): number {
  const kilobytes = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return Math.round((kilobytes * 1024) / MEGABYTE)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function cpuSeconds(ticks: () => number, act: () => Promise<void>): Promise<number> {
  const before = ticks()
  await act()
  return (ticks() - before) / TICKS_PER_SECOND
}

/** Positions in /proc/PID/stat after the name in parentheses (proc(5)). */
const UTIME = 11
const STIME = 12
const CHILDREN_UTIME = 13
const CHILDREN_STIME = 14

/** What the programs that we started and that have ended took. */
function childrenOf(): number {
  return ticksOf('/proc/self/stat', [CHILDREN_UTIME, CHILDREN_STIME])
}

function ticksOf(path: string, fields: readonly number[]): number {
  const text = readFileSync(path, 'utf8')
  const values = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.reduce((sum, field) => sum + Number(values[field]), 0)
}
