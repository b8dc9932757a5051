/**
 * Builds `dist` of every package with tsc, in the order in which they import each other, lays the pages about errors
 * beside the command line, and looks at the result as an installer would: publint and attw. It deliberately publishes nothing and bundles nothing.
 * `npm run build -- deb [--out DIR] [--as VERSION]` goes on to make the Debian package.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { root, run, runPackage } from './process.ts'

/** In build order: a package stands after what it imports. */
export const packages = ['policy', 'waf', 'gateway', 'cli'] as const

/** Builds and inspects all packages. Says what went wrong in `output`; empty when all is well. */
export async function build(): Promise<{ ok: boolean; output: string }> {
  for (const name of packages) {
    rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
    const project = join('packages', name, 'tsconfig.build.json')
    const built = await runPackage('typescript/bin/tsc', ['-p', project], { output: 'keep' })
    if (!built.ok) return { ok: false, output: `tsc -p ${project}\n${built.output}` }
  }
  placeExample()
  // Diagnostics name the page about their code, so the pages go where the command line goes.
  const pages = join(root, 'packages/cli/docs')
  rmSync(pages, { recursive: true, force: true })
  cpSync(join(root, 'docs/errors'), join(pages, 'errors'), {
    recursive: true,
    // The list of them links to the sources, which are not there.
    filter: (path) => basename(path) !== 'README.md',
  })
  const inspections = await Promise.all(packages.map(inspect))
  return { ok: inspections.every(({ ok }) => ok), output: inspections.map(({ output }) => output).join('') }
}

/** What `thingwall demo` plays where there is no checkout. Node strips no types of what is installed. */
function placeExample(): void {
  const [from, to] = [join(root, 'examples/volcano'), join(root, 'packages/cli/dist/example')]
  mkdirSync(to)
  cpSync(join(from, 'thingwall.policy.ts'), join(to, 'thingwall.policy.ts'))
  const backend = stripTypeScriptTypes(readFileSync(join(from, 'backend.ts'), 'utf8'))
  writeFileSync(join(to, 'backend.js'), backend)
}

async function inspect(name: string): Promise<{ ok: boolean; output: string }> {
  const folder = join('packages', name)
  const checks = [
    ['publint', await run(join(root, 'node_modules/.bin/publint'), [folder, '--strict'], { output: 'keep' })],
    // Everything here is ESM: what only fails for require() under old resolvers is not a fault.
    [
      'attw',
      await run(join(root, 'node_modules/.bin/attw'), ['--pack', folder, '--profile', 'esm-only'], {
        output: 'keep',
      }),
    ],
  ] as const
  const failed = checks.filter(([, { ok }]) => !ok)
  return {
    ok: failed.length === 0,
    output: failed.map(([tool, { output }]) => `${tool} ${folder}\n${output}\n`).join(''),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    options: { out: { type: 'string', default: root }, as: { type: 'string' } },
    allowPositionals: true,
  })
  const { ok, output } = await build()
  process.stdout.write(output)
  process.stdout.write(ok ? `built and inspected: ${packages.join(', ')}\n` : 'build failed\n')
  process.exitCode = ok ? 0 : 1
  if (ok && positionals.includes('deb')) {
    const { makeDeb } = await import('./deb.ts')
    process.stdout.write(`${makeDeb({ packages, out: values.out, version: values.as ?? null })}\n`)
  }
}
