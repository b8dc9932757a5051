/**
 * A flood of packets that are denied, on two processors, and beside it a device that sends what it may: how much of that is
 * lost, with our rules and with a bare `drop`. What a processor's full queue throws away is lost with either.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from '../rows.ts'
import { loadInto } from './forwarding.ts'
import { buildBench } from './router.ts'

const DEVICES = 1000
const FLOODERS = 2
const SECONDS = 3
const BURST = 30
const BURSTS_PER_SECOND = 100
const program = join(import.meta.dirname, '../../test/kernel/fixtures/flood.ts')

interface Outcome {
  readonly sent: number
  readonly lost: number
  readonly denied: number
}

export async function* flood(): AsyncGenerator<Measured> {
  const bare = await under('tracking')
  const own = await under('thingwall')
  const told = ({ sent, denied }: Outcome): string =>
    `${sent.toLocaleString('en')} sent beside ${denied.toLocaleString('en')} denied`
  yield {
    measure: 'allowed packets lost in a flood',
    value: own.lost,
    unit: '',
    bar: { op: '<=', value: bare.lost },
    peers: { tracking: bare.lost },
    note: `${told(own)}; with a bare drop ${told(bare)}`,
  }
}

async function under(name: 'tracking' | 'thingwall'): Promise<Outcome> {
  const bench = await buildBench(name)
  try {
    await loadInto(bench, name, DEVICES)
    const open = Array.from({ length: DEVICES }, (_, at) => bench.frame(at, at))
    bench.converse(open)
    const frames = Array.from({ length: DEVICES }, (_, at) => bench.denied(at))
    const input = frames.map((frame) => Buffer.from(frame).toString('hex')).join('\n')
    const argv = [process.execPath, '--conditions=thingwall-source', program] as [string, ...string[]]
    const flooders = Array.from({ length: FLOODERS }, () =>
      bench.site.spawn(bench.devicesAt, argv, { input }),
    )
    // They need a moment to start.
    await sleep(1500)
    const before = bench.arrived()
    let sent = 0
    for (let burst = 0; burst < SECONDS * BURSTS_PER_SECOND; burst++) {
      for (let at = 0; at < BURST; at++) bench.send(open[sent++ % DEVICES] as Uint8Array)
      await sleep(1000 / BURSTS_PER_SECOND)
    }
    const ended = await Promise.all(flooders.map((one) => one.stop()))
    // What still stands in a queue.
    await sleep(200)
    const lost = sent - (bench.arrived() - before)
    return { sent, lost, denied: ended.reduce((sum, { stdout }) => sum + Number(stdout), 0) }
  } finally {
    await bench.end()
  }
}
