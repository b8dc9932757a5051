/**
 * What rule sets take to load, as `thingwall apply` does it: the CPU seconds of everybody who has a part in it (this
 * process, the privileged one, every `nft`, and what the kernel does for each), from a compiled policy to one that is in
 * force, looked at and recorded; the same for another in its place; the kernel's memory; and the time of one binding that
 * is added as the daemon does it. Beside them the same rule set, loaded by the program `nft` alone.
 *
 * The kernel tells of every element where anybody on the machine listens to changes of rules, whichever namespace they are
 * in (a running daemon, `nft monitor`), and that takes as long again.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  fillerBy,
  openNft,
  openNftablesPoint,
  openPrivileged,
  type Privileged,
  spawned,
  thisMachine,
} from '@thingwall/gateway'
import { nameIn } from '@thingwall/policy/nftables'
import type { Measured } from '../rows.ts'
import { compiledFleet } from './compiled.ts'
import { orderOf } from './replaces.ts'

const LARGEST = 100_000
const ADDITIONS = 300
const SPAWNED_ADDITIONS = 30
const ENDED_MS = 300
/** Jiffies in /proc are hundredths of a second for programs, on every architecture. */
const TICKS_PER_SECOND = 100
/** What the first application of all is put under. */
const GENERATION = 'a'

export async function* loads(size: number): AsyncGenerator<Measured> {
  const devices = `${size.toLocaleString('en')} devices`
  const artifacts = [compiledFleet(size), compiledFleet(size, { telemetry: 'sent' })] as const
  const program = await openNft(thisMachine)
  const file = `/run/fleet-${size}.nft`
  const byProgram: number[] = []
  for (const { text } of artifacts) {
    writeFileSync(file, text)
    byProgram.push(await cpuSeconds(() => program.load(file)))
  }
  rmSync(file)
  await thisMachine.run('nft', ['flush', 'ruleset'])

  const state = `/run/fleet-${size}`
  const way = await openPrivileged(thisMachine)
  try {
    const point = await openNftablesPoint({ machine: thisMachine, state, filler: fillerBy(spawned()) })
    const empty = kernelBytes()
    const load = await cpuSeconds(() => point.apply(artifacts[0], orderOf(null)))
    yield {
      measure: `full load, ${devices}`,
      value: load,
      unit: 's CPU',
      bar: size === LARGEST ? { op: '<=', value: 3 } : null,
      peers: { nft: byProgram[0] ?? null },
    }
    yield {
      measure: `memory of the kernel, ${devices}`,
      value: (kernelBytes() - empty) / MEGABYTE,
      unit: 'MB',
      note: 'slabs and tables of the whole machine',
    }
    const spawnedMs = await addByProgram(GENERATION)
    if (way.backend.kind === 'program')
      yield { measure: `one binding added, ${devices}`, value: null, unit: 'ms', note: way.backend.because }
    else {
      const pid = way.backend.pid()
      const own = (): number => ticksOf(`/proc/${pid}/stat`, [UTIME, STIME])
      const before = own()
      const added = await addByLibrary(way, GENERATION)
      const cpuMs = ((own() - before) * 1000) / TICKS_PER_SECOND / ADDITIONS
      yield {
        measure: `one binding added, ${devices}`,
        value: added,
        unit: 'ms, median',
        bar: { op: '<=', value: 2 },
        peers: { nft: spawnedMs },
        note: `of which the privileged process and the kernel computed ${cpuMs.toFixed(2)} ms, on average`,
      }
    }
    yield {
      measure: `replaced, ${devices}`,
      value: await cpuSeconds(() => point.apply(artifacts[1], orderOf(null))),
      unit: 's CPU',
      peers: { nft: byProgram[1] ?? null },
      note: 'the old one is taken out, and its text compressed',
    }
  } finally {
    way.close()
    await thisMachine.run('nft', ['flush', 'ruleset'])
    rmSync(state, { recursive: true, force: true })
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

async function addByLibrary(way: Privileged, generation: string): Promise<number> {
  const table = { verb: 'add', family: 'inet', table: 'thingwall' } as const
  const times: number[] = []
  for (let at = 0; at < ADDITIONS; at++) {
    const changes = binding(at).map(([set, element]) => ({
      ...table,
      set: nameIn(generation, set),
      elements: [element],
    }))
    const started = performance.now()
    await way.elements(changes)
    times.push(performance.now() - started)
  }
  return median(times)
}

async function addByProgram(generation: string): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < SPAWNED_ADDITIONS; at++) {
    const commands = binding(at).map(
      ([set, element]) => `add element inet thingwall ${nameIn(generation, set)} { ${element} }`,
    )
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function cpuSeconds(act: () => Promise<unknown>): Promise<number> {
  const before = ofAll()
  await act()
  // Who has ended is counted once it was waited for.
  await sleep(ENDED_MS)
  return (ofAll() - before) / TICKS_PER_SECOND
}

/** Positions in /proc/PID/stat after the name in parentheses (proc(5)). */
const UTIME = 11
const STIME = 12
const CHILDREN_UTIME = 13
const CHILDREN_STIME = 14

/** This process, and the programs that it started and that have ended. */
function ofAll(): number {
  return ticksOf('/proc/self/stat', [UTIME, STIME, CHILDREN_UTIME, CHILDREN_STIME])
}

function ticksOf(path: string, fields: readonly number[]): number {
  const text = readFileSync(path, 'utf8')
  const values = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.reduce((sum, field) => sum + Number(values[field]), 0)
}
