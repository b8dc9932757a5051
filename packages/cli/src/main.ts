/** The program: this process's arguments, streams and clock, handed to `run`. */
import { run } from './frame/run.ts'

// `thingwall list rules | head`: the reader has seen enough. Leave without a word, with the answer's exit code.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
})
