/**
 * Starts a program of the tool chain, with its output either kept or passed through, and measures it.
 * It deliberately knows nothing of what the programs are for.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'

export const root: string = dirname(import.meta.dirname)

/** The Node flags under which the workspace packages resolve to their sources. */
export const sourceFlags: readonly string[] = [
  '--conditions=thingwall-source',
  '--disable-warning=ExperimentalWarning',
]

export type Outcome = { readonly ok: boolean; readonly output: string; readonly elapsedMs: number }

type Options = { readonly output: 'keep' | 'show'; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv }

const running = new Set<ChildProcess>()

/** Runs one program to its end. A program that cannot be started is an outcome that is not ok. */
export function run(program: string, args: readonly string[], options: Options): Promise<Outcome> {
  const started = performance.now()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    stdio: options.output === 'show' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const settle = (ok: boolean): void => {
    running.delete(child)
    resolve({ ok, output, elapsedMs: performance.now() - started })
  }
  child.on('error', (error) => {
    output += `${program}: ${error.message}\n`
    settle(false)
  })
  child.on('close', (code) => settle(code === 0))
  return promise
}

/** Runs a script of an installed package, such as `typescript/bin/tsc`, under this Node. */
export function runPackage(script: string, args: readonly string[], options: Options): Promise<Outcome> {
  return run(process.execPath, [join(root, 'node_modules', script), ...args], options)
}

/** On an interrupt, kills what runs (namespaces die with their first process) and ends with the shell's code. */
export function endTogether(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      for (const child of running) child.kill('SIGKILL')
      process.exit(code)
    })
  }
}
