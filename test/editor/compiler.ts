/**
 * TypeScript's compiler on one policy file: what it finds wrong, and what that took by its own account.
 *
 * It runs alone, in one thread, so that its counts are the same every time, and under a limit of memory and CPU time, so
 * that types gone wrong cannot take the machine with them.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { settings } from './server.ts'

/** What the compiler said and took. */
export interface Compiled {
  /** Its exit code; null when a limit ended it. */
  readonly code: number | null
  readonly output: string
  /** Errors as it writes them, one line each. */
  readonly faults: readonly string[]
  readonly instantiations: number
  readonly types: number
  /** Pieces of memory asked for. */
  readonly allocations: number
  /** What was in use at the end. */
  readonly megabytes: number
  readonly cpuSeconds: number
}

const ADDRESS_SPACE_KB = 8_000_000
const CPU_SECONDS = 120

/** The compiler itself: the script in its place would be one more process, with limits that do not suit Node. */
const compiler = join(
  dirname(
    createRequire(createRequire(import.meta.url).resolve('typescript/package.json')).resolve(
      `@typescript/typescript-${process.platform}-${process.arch}/package.json`,
    ),
  ),
  'lib/tsc',
)

const script = `ulimit -v ${ADDRESS_SPACE_KB}; ulimit -t ${CPU_SECONDS}; "$@"; code=$?; times; exit $code`

/** Checks the types of a policy file with this text, in a folder of its own. */
export async function compile(source: string): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-types-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    writeFileSync(join(folder, 'thingwall.policy.ts'), source)
    const options = ['--project', folder, '--pretty', 'false', '--singleThreaded', '--extendedDiagnostics']
    const { code, output } = await run('sh', ['-c', script, 'sh', compiler, ...options], folder)
    return {
      code,
      output,
      faults: output.split('\n').filter((line) => line.includes(': error TS')),
      instantiations: figureOf('Instantiations', output),
      types: figureOf('Types', output),
      allocations: figureOf('Memory allocs', output),
      megabytes: figureOf('Memory used', output) / 1024,
      cpuSeconds: cpuSecondsOf(output),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

function run(program: string, args: readonly string[], cwd: string): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>()
  execFile(program, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
    resolve({ code, output: `${stdout}${stderr}` })
  })
  return promise
}

/** NaN where the compiler did not come to say it. */
function figureOf(title: string, output: string): number {
  return Number(new RegExp(`^${title}: +(\\d+)`, 'm').exec(output)?.[1])
}

/** The last line of the shell's `times`, user and system: `0m1.370000s 0m0.090000s`. */
function cpuSecondsOf(output: string): number {
  const said = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/gm
  const [, ...parts] = [...output.matchAll(said)].at(-1) ?? []
  const [userMinutes = Number.NaN, userSeconds = 0, systemMinutes = 0, systemSeconds = 0] = parts.map(Number)
  return (userMinutes + systemMinutes) * 60 + userSeconds + systemSeconds
}
