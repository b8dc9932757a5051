/**
 * `npm run bench -- NAME` and `npm run exam -- NAME`: runs `bench/NAME.bench.ts` or `bench/NAME.exam.ts` and
 * prints what it measured. `--json` prints only JSON, `--strict` makes a bar that is not met a failure, `--brief` leaves
 * out what takes long where a benchmark knows that, `--only PART` all but one part where it has parts; without NAME it
 * lists what there is, which is a failure where there is nothing. It deliberately knows no benchmark by name.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import { distance } from 'fastest-levenshtein'
import { type Benchmark, judge, type Row, toJson, toTable } from './rows.ts'

const [kind = 'bench', ...rest] = process.argv.slice(2)
process.exitCode = await main(kind, rest).catch((error: unknown) => {
  process.stderr.write(`${kind}: ${isUsage(error) ? error.message : inspect(error)}\n`)
  return 2
})

/** Exit codes: 0 measured, 1 a bar not met under `--strict`, 2 could not run, or there is nothing to run. */
async function main(kind: string, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      brief: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
    allowPositionals: true,
  })
  const names = namesOf(kind)
  const [name] = positionals
  if (name === undefined) {
    if (values.json) process.stdout.write(`${JSON.stringify(names)}\n`)
    else if (names.length > 0)
      process.stdout.write(`npm run ${kind} -- NAME, where NAME is one of: ${names.join(', ')}\n`)
    else process.stderr.write(`npm run ${kind} -- NAME runs bench/NAME.${kind}.ts, and there is none yet\n`)
    return names.length > 0 ? 0 : 2
  }
  if (!names.includes(name)) {
    process.stderr.write(
      `no ${kind} is called ${JSON.stringify(name)}${suggestion(name, names)}; there are: ${names.join(', ') || 'none yet'}\n`,
    )
    return 2
  }
  const { default: benchmark, parts = [] }: { default?: Benchmark; parts?: readonly string[] } = await import(
    pathToFileURL(join(import.meta.dirname, `${name}.${kind}.ts`)).href
  )
  if (typeof benchmark !== 'function')
    throw new Error(`bench/${name}.${kind}.ts has no function as its default export`)
  const { only = null } = values
  if (only !== null && !parts.includes(only)) {
    const has = parts.length === 0 ? 'no parts' : `the parts ${parts.join(', ')}`
    process.stderr.write(`${name} has no part ${JSON.stringify(only)}; it has ${has}\n`)
    return 2
  }

  const rows: Row[] = []
  for await (const measured of await benchmark({ isBrief: values.brief, only })) {
    rows.push(judge(measured))
    // The table comes at the end, aligned; this shows that it goes on.
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${measured.measure}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  if (rows.length === 0) {
    process.stderr.write(`${name} measured nothing\n`)
    return 2
  }
  process.stdout.write(values.json ? toJson(rows) : toTable(rows))
  return values.strict && rows.some(({ met }) => met === false) ? 1 : 0
}

/** An option that does not exist needs no stack. */
function isUsage(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function namesOf(kind: string): string[] {
  const ending = `.${kind}.ts`
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort()
}

function suggestion(name: string, names: readonly string[]): string {
  const [nearest] = names.toSorted((a, b) => distance(name, a) - distance(name, b))
  return nearest !== undefined && distance(name, nearest) <= Math.max(2, name.length / 2)
    ? `, did you mean ${nearest}?`
    : ''
}
