/**
 * This machine, as far as the gateway touches it: programs run from argument arrays, and files of `/proc`. Everything
 * that reads or changes the network goes through here, so that tests can stand in another network namespace.
 */
import { spawn } from 'node:child_process'
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'

/** How a program ended. */
export interface Ended {
  /** Null when a signal ended it, or when it is not there. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly isMissing: boolean
}

export interface RunOptions {
  /** An open file that the program holds open for as long as it runs, also when this process ends before it. */
  readonly inherits?: number
}

export interface Machine {
  /** Runs a program to its end, in the C locale and in UTC. Never rejects, never through a shell. */
  readonly run: (program: string, args: readonly string[], options?: RunOptions) => Promise<Ended>
  /** The text of a file; null where it cannot be read. */
  readonly read: (path: string) => Promise<string | null>
  /** Writes a kernel setting; false where that is not allowed or the setting does not exist. */
  readonly write: (path: string, text: string) => Promise<boolean>
  /** Where the symbolic links of a folder, or the link itself, point; empty where they cannot be read. */
  readonly links: (path: string) => Promise<readonly string[]>
}

/** nft, ip and conntrack live where Debian's ordinary users do not look. */
const PROGRAMS = '/usr/local/sbin:/usr/sbin:/sbin'

/** The machine and the network namespace that this process is in. */
export const thisMachine: Machine = {
  run,
  read: (path) => readFile(path, 'utf8').catch(() => null),
  write: (path, text) =>
    writeFile(path, text).then(
      () => true,
      () => false,
    ),
  links: async (path) => {
    const names = await readdir(path).catch(() => null)
    const paths = names === null ? [path] : names.map((name) => `${path}/${name}`)
    const targets = await Promise.all(paths.map((one) => readlink(one).catch(() => null)))
    return targets.filter((target) => target !== null)
  },
}

function run(program: string, args: readonly string[], { inherits }: RunOptions = {}): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:${PROGRAMS}`, LC_ALL: 'C', TZ: 'UTC' }
  const inherited = inherits === undefined ? [] : [inherits]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', ...inherited], env })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  let failure = ''
  let isMissing = false
  const settle = (status: number | null): void => {
    const [stdout, stderr] = [output, errors].map((chunks) => Buffer.concat(chunks).toString('utf8'))
    resolve({ status, stdout: stdout as string, stderr: failure + (stderr as string), isMissing })
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    failure = `${error.message}\n`
    isMissing = error.code === 'ENOENT'
    if (child.pid === undefined) settle(null)
  })
  child.on('close', settle)
  return promise
}
