/**
 * `npm test`: every stage in turn, each with its time, and last a line `N passed, N failed, N skipped` that
 * is the sum of them all. A stage that fails stops no other. Names of stages select them; any other word is
 * a file filter for vitest, and `-t` a filter by test name. It deliberately sets nothing up: that is done
 * by bootstrap.mjs.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureImage } from '../test/machine/image/image.ts'
import { findAccelerator } from '../test/machine/qemu/accelerator.ts'
import { findChromium } from '../test/runtimes/chromium.ts'
import { build, packages } from './build.ts'
import { findNamespaces, type Wrap } from './namespaces.ts'
import { endTogether, root, run, runPackage, sourceFlags } from './process.ts'
import { ensureSystemTools } from './system-tools.mjs'
import { add, countTests, failuresIn, lastLine, nothing, type Tally, type VitestReport } from './tally.ts'

type Check = { readonly ok: boolean; readonly output: string }
type Stage = { readonly title: string; readonly run: () => Promise<Tally> }

const { values, positionals } = parseArgs({
  options: { t: { type: 'string', short: 't' } },
  allowPositionals: true,
})
const colours = process.stdout.isTTY === true && !process.env.NO_COLOR
const scratch = mkdtempSync(join(tmpdir(), 'thingwall-test-'))
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
/** What failed in all stages, a line each. */
const failures: string[] = []

const stages: Readonly<Record<string, Stage>> = {
  types: { title: 'types (tsc)', run: () => check(types) },
  lint: { title: 'lint (biome)', run: () => check(lint) },
  dead: { title: 'dead code (knip)', run: () => check(deadCode) },
  packages: { title: 'packages (build, publint, attw)', run: () => check(build) },
  unit: { title: 'unit tests', run: () => tests('unit') },
  property: { title: 'property tests', run: () => tests('property') },
  cli: { title: 'command-line tests', run: () => tests('cli') },
  editor: { title: 'editor tests', run: () => tests('editor') },
  kernel: { title: 'kernel tests', run: () => inNamespaces('kernel', kernelTests) },
  soak: { title: 'soak', run: () => inNamespaces('soak', (wrap) => tests('soak', { wrap })) },
  machine: { title: 'tests in a machine of their own', run: machineTests },
  runtimes: { title: 'tests in other runtimes and browsers', run: runtimeTests },
  repository: { title: 'repository tests', run: () => tests('repository') },
}

const named = positionals.filter((word) => Object.hasOwn(stages, word))
const filters = positionals.filter((word) => !Object.hasOwn(stages, word))
const filtered = filters.length > 0 || values.t !== undefined
const testStages = [
  'unit',
  'property',
  'cli',
  'editor',
  'kernel',
  'soak',
  'machine',
  'runtimes',
  'repository',
]
const chosen = named.length > 0 ? named : filtered ? testStages : Object.keys(stages)

endTogether()
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
process.exitCode = await main()

async function main(): Promise<number> {
  let total = nothing
  const summary: string[] = []
  for (const name of chosen) {
    const stage = stages[name]
    if (stage === undefined) continue
    const started = performance.now()
    process.stdout.write(`\n── ${stage.title}\n`)
    const tally = somethingRan(name, await stage.run())
    total = add(total, tally)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    summary.push(
      `${tally.failed === 0 ? 'ok    ' : 'FAILED'} ${stage.title.padEnd(34)} ${seconds.padStart(6)} s   ${lastLine(tally)}`,
    )
    process.stdout.write(`${summary.at(-1)}\n`)
  }
  process.stdout.write(`\n${summary.join('\n')}\n\n`)
  if (failures.length > 0) process.stdout.write(`failed:\n  ${failures.join('\n  ')}\n\n`)
  if (total.passed + total.failed === 0) process.stdout.write('nothing ran, which is not a success\n')
  process.stdout.write(`${lastLine(total)}\n`)
  return total.failed > 0 || total.passed === 0 ? 1 : 0
}

function somethingRan(stage: string, tally: Tally): Tally {
  if (filtered || tally.passed + tally.failed + tally.skipped > 0) return tally
  process.stdout.write(`not one ${stage} test ran\n`)
  return { ...tally, failed: 1 }
}

async function check(work: () => Promise<Check>): Promise<Tally> {
  const { ok, output } = await work()
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`)
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
}

/** What was found before is kept beside the packages, so that who edits waits for what they changed only. */
async function types(): Promise<Check> {
  const known = join(root, 'node_modules/.cache/types')
  const projects = [...packages.map((name) => join('packages', name)), 'tsconfig.json']
  const results = await Promise.all(
    projects.map((project) => {
      const kept = ['--incremental', '--tsBuildInfoFile', join(known, `${basename(project)}.tsbuildinfo`)]
      const args = ['-p', project, '--noEmit', ...kept, '--pretty', String(colours)]
      return runPackage('typescript/bin/tsc', args, { output: 'keep' })
    }),
  )
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('') }
}

function lint(): Promise<Check> {
  return runPackage('@biomejs/biome/bin/biome', ['ci', '--error-on-warnings', '--colors=off'], {
    output: 'keep',
  })
}

function deadCode(): Promise<Check> {
  return runPackage('knip/bin/knip.js', ['--no-progress', '--no-config-hints'], { output: 'keep' })
}

interface How {
  readonly wrap?: Wrap
  /** Files instead of the filters. Their output is shown when they have ended. */
  readonly files?: readonly string[]
}

async function tests(project: string, { wrap, files }: How = {}): Promise<Tally> {
  const report = join(scratch, `${[project, ...(files ?? [])].join('-').replaceAll('/', '-')}.json`)
  const args = [
    ...sourceFlags,
    vitest,
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(values.t === undefined ? [] : ['-t', values.t]),
    ...(files ?? filters),
  ]
  const { program, args: wrapped } = wrap?.(process.execPath, args) ?? { program: process.execPath, args }
  const { ok, output } = await run(program, wrapped, { output: files === undefined ? 'show' : 'keep' })
  process.stdout.write(output)
  const found = readReport(report)
  const failed = failuresIn(found, root)
  failures.push(...failed)
  if (!ok && failed.length === 0) failures.push(`${files?.join(' ') ?? project}: did not end well`)
  return countTests(found, { ok })
}

function readReport(file: string): VitestReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // It ended before it could report; `ok` is false then and counts as one failure.
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
  }
}

/** With namespaces every one of these tests runs; without, each is counted as skipped, and the reason is said. */
async function inNamespaces(project: string, work: (wrap: Wrap) => Promise<Tally>): Promise<Tally> {
  const namespaces = findNamespaces()
  if ('missing' in namespaces) return skipped(project, namespaces.missing)
  return nothingSkipped(project, await work(namespaces))
}

/** Each file in namespaces of its own, and so as many at once as there are processors. */
async function kernelTests(wrap: Wrap): Promise<Tally> {
  const waiting = globSync('test/kernel/**/*.test.ts', { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .toSorted()
  const tallies: Tally[] = []
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      tallies.push(await tests('kernel', { wrap, files: [file] }))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return tallies.reduce(add, nothing)
}

/**
 * As with the kernel tests; what they need beside is big, and fetched only here. With the processor emulated they take
 * many minutes, so then they run only for who names the stage.
 */
async function machineTests(): Promise<Tally> {
  const accelerator = findAccelerator()
  if ('missing' in accelerator) return skipped('machine', accelerator.missing)
  if (accelerator.because !== null && !named.includes('machine')) {
    const advice = 'with the processor emulated they take many minutes, npm test -- machine runs them'
    return skipped('machine', `${accelerator.because}; ${advice}`)
  }
  const lacking = ensureSystemTools(process.env['PATH'] ?? '', 'machine')
  if (lacking !== null) return skipped('machine', lacking)
  if (accelerator.because !== null) {
    process.stdout.write(`the processor of the test machine is emulated: ${accelerator.because}\n`)
  }
  try {
    await ensureImage((words) => process.stdout.write(`${words}\n`))
  } catch (error) {
    process.stdout.write(`${String(error)}\n`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  return nothingSkipped('machine', await tests('machine'))
}

/** Deno comes from npm; a browser is asked of nobody: without one, its tests are counted as skipped. */
async function runtimeTests(): Promise<Tally> {
  if (findChromium() === null) {
    process.stdout.write(
      'no Chromium on PATH: what needs a browser is skipped (Debian: apt install chromium)\n',
    )
  }
  return await tests('runtimes')
}

async function skipped(project: string, because: string): Promise<Tally> {
  process.stdout.write(`${project} tests skipped: ${because}\n`)
  const listed = await run(process.execPath, [...sourceFlags, vitest, 'list', '--project', project], {
    output: 'keep',
  })
  const count = listed.output.split('\n').filter((line) => line.includes(' > ')).length
  return { passed: 0, failed: 0, skipped: Math.max(1, count) }
}

function nothingSkipped(project: string, tally: Tally): Tally {
  if (filtered || tally.skipped === 0) return tally
  process.stdout.write(`${tally.skipped} ${project} tests were skipped, though this machine can run them\n`)
  return { ...tally, failed: tally.failed + 1 }
}
