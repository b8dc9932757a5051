/**
 * Floods the recorder and says what it made of them: how many it recorded for each second it computed and each second
 * that passed, how many it counted as lost, and how many it neither recorded nor counted. Beside it, others on the same flood.
 */

import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  emptyDirectory,
  openEventSockets,
  type RecordCounts,
  type Recorder,
  startRecorder,
} from '@thingwall/gateway'
import type { Measured } from '../rows.ts'
import { cpuSecondsOf, cpuSecondsOfOthers, flood, settle, type Wire } from './wire.ts'

const GROUP = 9
/** Messages that one packet makes: a rule may log more than once, which spares the sender. */
const LOGS_PER_PACKET = 16
const PACKETS = 400_000
const FLOWS = 60_000
const SETTLE_MS = 20_000

interface Taken {
  readonly seen: number
  readonly lost: number
  readonly cpuSeconds: number
  readonly wallSeconds: number
}

interface Flood {
  readonly source: 'nflog' | 'conntrack'
  readonly rules: string
  /** Sends everything and says how much the kernel had to tell. */
  readonly run: (wire: Wire, perSecond: number) => Promise<number>
}

const logged: Flood = {
  source: 'nflog',
  rules: `table inet bench {
    counter sent { }
    chain input { type filter hook input priority 0; policy accept;
      udp dport >= 4096 counter name "sent" ${Array.from({ length: LOGS_PER_PACKET }, (_, at) => `log prefix "thingwall:deny:rule-${at}" group ${GROUP}`).join(' ')} drop
    }
  }`,
  async run(wire, perSecond) {
    await flood(wire, PACKETS / LOGS_PER_PACKET, perSecond / LOGS_PER_PACKET)
    const listing = await wire.site.must('gateway', ['nft', 'list', 'counter', 'inet', 'bench', 'sent'])
    return Number(/packets (\d+)/.exec(listing)?.[1]) * LOGS_PER_PACKET
  },
}

const tracked: Flood = {
  source: 'conntrack',
  rules: `table inet bench {
    chain input { type filter hook input priority 0; policy accept; ct state new accept
    }
  }`,
  async run(wire, perSecond) {
    await flood(wire, FLOWS, perSecond)
    const open = Number(await wire.site.must('gateway', ['conntrack', '-C']))
    await wire.site.must('gateway', ['conntrack', '-F'])
    return 2 * open
  },
}

export async function* recorded(wire: Wire): AsyncGenerator<Measured> {
  yield* one(wire, logged, 'logged packets', 50_000, {
    name: 'ulogd2',
    run: (perSecond) => byUlogd(wire, perSecond),
  })
  yield* one(wire, tracked, 'opened and closed flows', 30_000, {
    name: 'conntrack -E',
    run: (perSecond) => byConntrack(wire, perSecond),
  })
}

interface Peer {
  readonly name: string
  readonly run: (perSecond: number) => Promise<Taken | null>
}

async function* one(
  wire: Wire,
  what: Flood,
  words: string,
  bar: number,
  peer: Peer,
): AsyncGenerator<Measured> {
  const fast = await byRecorder(wire, what, Number.POSITIVE_INFINITY)
  const other = await peer.run(Number.POSITIVE_INFINITY)
  const steady = await byRecorder(wire, what, bar)
  const otherSteady = await peer.run(bar)
  yield {
    measure: `${words} into the store`,
    value: fast.taken.seen / fast.taken.cpuSeconds,
    unit: '/s CPU',
    bar: { op: '>=', value: bar },
    peers: { [peer.name]: other === null ? null : other.seen / other.cpuSeconds },
    note: `as fast as they come: ${inWords(fast.taken)}${other === null ? '' : `; ${peer.name} ${inWords(other)}`}`,
  }
  yield {
    measure: `… at ${bar.toLocaleString('en')}/s: lost`,
    value: (100 * steady.taken.lost) / steady.total,
    unit: '%',
    peers: {
      [peer.name]:
        otherSteady === null ? null : (100 * otherSteady.lost) / (otherSteady.seen + otherSteady.lost),
    },
    note: inWords(steady.taken),
  }
  yield {
    measure: '… neither recorded nor counted as lost',
    value: Math.max(...[fast, steady].map(({ total, taken }) => Math.abs(total - taken.seen - taken.lost))),
    unit: '',
    bar: { op: '<=', value: 0 },
  }
}

function inWords({ seen, lost, cpuSeconds, wallSeconds }: Taken): string {
  const count = (value: number): string => Math.round(value).toLocaleString('en')
  return `${count(seen)} recorded, ${count(lost)} lost, ${count(seen / wallSeconds)}/s by the clock, ${count(seen / cpuSeconds)}/s CPU`
}

async function byRecorder(
  wire: Wire,
  what: Flood,
  perSecond: number,
): Promise<{ readonly taken: Taken; readonly total: number }> {
  await wire.site.must('gateway', ['nft', '-f', '-'], { input: `flush ruleset\n${what.rules}` })
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-bench-'))
  const namespacePath = wire.site.namespacePath('gateway')
  const sockets = openEventSockets({
    group: what.source === 'nflog' ? GROUP : null,
    flows: what.source === 'nflog' ? 'none' : 'all',
    namespacePath,
  })
  let failure: Error | null = null
  const recorder: Recorder = startRecorder({
    sockets,
    namespacePath,
    store: { folder, keepHours: 24, maxBytes: 1 << 30 },
    failed: (error) => {
      failure = error
    },
  })
  recorder.know(emptyDirectory)
  const countedIn = ({ packets, flows }: RecordCounts): RecordCounts['flows'] =>
    what.source === 'nflog' ? packets : flows
  try {
    await recorder.counts()
    const [cpuBefore, started] = [cpuSecondsOfOthers(), performance.now()]
    let total = await what.run(wire, perSecond)
    let counts = countedIn(await recorder.flush())
    await settle(SETTLE_MS, async () => {
      counts = countedIn(await recorder.counts())
      if (counts.seen + counts.lost >= total) return true
      // Numbers show a gap only at the next packet.
      if (what.source === 'nflog' && counts.overruns > 0) {
        wire.send(0)
        total += LOGS_PER_PACKET
      }
      return false
    })
    counts = countedIn(await recorder.flush())
    const wallSeconds = (performance.now() - started) / 1000
    const cpuSeconds = cpuSecondsOfOthers() - cpuBefore
    if (failure !== null) throw failure
    return { total, taken: { seen: counts.seen, lost: counts.lost, cpuSeconds, wallSeconds } }
  } finally {
    await recorder.close()
    sockets.close()
    rmSync(folder, { recursive: true })
  }
}

async function byUlogd(wire: Wire, perSecond: number): Promise<Taken | null> {
  const file = `/run/ulogd-${Date.now()}.json`
  const config = '/run/ulogd.conf'
  writeFileSync(
    config,
    `[global]
logfile="/run/ulogd.log"
${['inppkt_NFLOG', 'raw2packet_BASE', 'filter_IFINDEX', 'filter_IP2STR', 'filter_HWHDR', 'output_JSON'].map((name) => `plugin="${PLUGINS}/ulogd_${name}.so"`).join('\n')}
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,mac2str1:HWHDR,json1:JSON
[log1]
group=${GROUP}
netlink_socket_buffer_size=33554432
netlink_socket_buffer_maxsize=33554432
netlink_qthreshold=64
netlink_qtimeout=10
[json1]
file="${file}"
`,
  )
  return byProgram(wire, logged, ['ulogd', '-c', config], file, null, perSecond)
}

const PLUGINS = '/usr/lib/x86_64-linux-gnu/ulogd'

function byConntrack(wire: Wire, perSecond: number): Promise<Taken | null> {
  const file = `/run/conntrack-${Date.now()}.txt`
  const argv = ['conntrack', '-E', '-e', 'NEW,DESTROY', '-b', '33554432'] as const
  return byProgram(wire, tracked, argv, file, file, perSecond)
}

/** A program that writes a line for each event, by itself or to its standard output. Null where it does not run. */
async function byProgram(
  wire: Wire,
  what: Flood,
  argv: readonly [string, ...string[]],
  file: string,
  output: string | null,
  perSecond: number,
): Promise<Taken | null> {
  await wire.site.must('gateway', ['nft', '-f', '-'], { input: `flush ruleset\n${what.rules}` })
  writeFileSync(file, '')
  const out = output === null ? null : openSync(output, 'w')
  const inside = ['nsenter', `--net=${wire.site.namespacePath('gateway')}`, '--'] as const
  const child = spawn(inside[0], [...inside.slice(1), ...argv], {
    stdio: ['ignore', out ?? 'ignore', 'ignore'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  try {
    await settle(1000, () => child.exitCode !== null)
    if (child.exitCode !== null || child.pid === undefined) return null
    const [cpuBefore, started] = [cpuSecondsOf(child.pid), performance.now()]
    const total = await what.run(wire, perSecond)
    let size = -1
    let changedAt = performance.now()
    // It does not say when it is done: when its file has not grown for a second.
    await settle(SETTLE_MS, () => {
      const now = statSync(file).size
      if (now !== size) changedAt = performance.now()
      size = now
      return performance.now() - changedAt > 1000
    })
    const cpuSeconds = cpuSecondsOf(child.pid) - cpuBefore
    const wallSeconds = (changedAt - started) / 1000
    child.kill('SIGTERM')
    await ended
    const seen = readFileSync(file).reduce((lines, byte) => (byte === 10 ? lines + 1 : lines), 0)
    return { seen, lost: total - seen, cpuSeconds, wallSeconds }
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
    if (out !== null) closeSync(out)
    rmSync(file, { force: true })
  }
}
