/**
 * `npm run bench -- startup`: how long `thingwall --help` takes as a whole process, from the checkout and as an
 * installed package (packed, then `npm install --global` into a folder of its own), against `node -e 0` on the same Node.
 *
 * Each round starts every command once, in turn, so that a machine whose speed drifts disturbs all alike; values are
 * medians of the ratios round by round. It deliberately measures no command that reads a policy; `policy` does.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { build, packages } from '../scripts/build.ts'
import type { Measured } from './rows.ts'

const ROUNDS = 40
const WARM_UPS = 3
const root = join(import.meta.dirname, '..')
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` }

type Command = readonly [program: string, ...args: string[]]

const bare: Command = [process.execPath, '-e', '0']
const version: Command = [process.execPath, '--version']

export default async function* measure(): AsyncGenerator<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-startup-'))
  try {
    const installed = await install(folder)
    const layouts: readonly (readonly [layout: string, launcher: string | null, note: string])[] = [
      ['checkout', join(root, 'packages/cli/bin/thingwall'), ''],
      ['installed', installed.launcher, installed.note],
    ]
    for (const [layout, launcher, note] of layouts) yield rowFor(layout, launcher, note)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rowFor(layout: string, launcher: string | null, note: string): Measured {
  const row = {
    measure: `thingwall --help, ${layout}`,
    unit: '× node -e 0',
    bar: { op: '<=', value: 1.6 },
  } as const
  if (launcher === null) return { ...row, value: null, note }
  const [ours, plain, asked] = interleaved([[launcher, '--help'], bare, version])
  const ratio = (times: readonly number[]): number =>
    median(times.map((ms, round) => ms / (plain[round] as number)))
  return {
    ...row,
    value: ratio(ours),
    peers: { 'node -e 0': 1, 'node --version': ratio(asked) },
    note: `medians of ${ROUNDS} rounds: ${median(ours).toFixed(1)} ms, node -e 0 ${median(plain).toFixed(1)} ms`,
  }
}

/** Milliseconds of every round of each command. */
function interleaved(commands: readonly [Command, Command, Command]): [number[], number[], number[]] {
  const times: [number[], number[], number[]] = [[], [], []]
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const [at, [program, ...args]] of commands.entries()) {
      const started = performance.now()
      const { status, stderr } = spawnSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
      const tookMs = performance.now() - started
      if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
      if (round >= 0) times[at]?.push(tookMs)
    }
  }
  return times
}

/** The packages as an administrator installs them; npm fetches what they depend on, or there is a note. */
async function install(folder: string): Promise<{ readonly launcher: string | null; readonly note: string }> {
  const { ok, output } = await build()
  if (!ok) throw new Error(`the build failed:\n${output}`)
  const tarballs: string[] = []
  for (const name of packages) {
    const packed = npm(
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      join(root, 'packages', name),
    )
    if (packed.status !== 0) throw new Error(packed.stderr)
    // npm prints a list up to version 11 and an object by name after.
    const said = JSON.parse(packed.stdout) as Record<string, { readonly filename: string }>
    for (const { filename } of Object.values(said)) tarballs.push(join(folder, filename))
  }
  const prefix = join(folder, 'prefix')
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const done = npm(['install', '--global', `--prefix=${prefix}`, ...quiet, ...tarballs], folder)
  return done.status === 0
    ? { launcher: join(prefix, 'bin/thingwall'), note: '' }
    : { launcher: null, note: `npm could not install it here: ${done.stderr.trim().slice(0, 200)}` }
}

function npm(args: readonly string[], cwd: string) {
  const own = process.env.npm_execpath
  const [program, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []]
  return spawnSync(program, [...first, ...args], { cwd, env, encoding: 'utf8' })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
