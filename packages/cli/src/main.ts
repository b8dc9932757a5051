/** The program: this process's arguments, streams and clock, handed to `run`. */
import type { Host } from './frame/report.ts'

// `thingwall list rules | head`: the reader has seen enough. Leave without a word, with the answer's exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

const argv = process.argv.slice(2)
const host: Host = {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
}

// `--help` alone is asked to answer as fast as Node starts, so it goes past the parser.
if (argv.length === 1 && ['--help', '-h', 'help'].includes(argv[0] as string)) {
  const { printHelp } = await import('./frame/help.ts')
  printHelp(host)
} else {
  const { run } = await import('./frame/run.ts')
  process.exitCode = await run(argv, host)
}
