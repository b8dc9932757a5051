/** This same program, run again: `apply` on the demo's gateway, `explain` and `list` for the person who watches. */
import type { RunOptions, RunResult, Site } from '@thingwall/gateway/lab'

/** Runs `thingwall ARGS` on a host of the site. */
export function thingwall(
  site: Site,
  host: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program = ''] = process.argv.slice(1)
  return site.run(host, [process.execPath, ...process.execArgv, program, ...args], options)
}
