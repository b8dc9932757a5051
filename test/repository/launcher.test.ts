/**
 * The `thingwall` launcher: finds its package through links, refuses a Node that is too old, starts one
 * once, and hands over arguments and exit code untouched. It deliberately tests no command.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'acorn'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './sources.ts'

const scratch = mkdtempSync(join(tmpdir(), 'thingwall-launcher-'))
const main =
  'console.log(JSON.stringify({ args: process.argv.slice(2), node: process.execPath, version: process.version, flags: process.execArgv })); process.exitCode = 3\n'
const awkward = ['', 'two words', '$HOME', '"quoted"', "it's", '*', '--', '-n']

function write(path: string, text: string): void {
  mkdirSync(dirname(join(scratch, path)), { recursive: true })
  writeFileSync(join(scratch, path), text)
}

function program(path: string, text: string): void {
  write(path, text)
  chmodSync(join(scratch, path), 0o755)
}

function start(launcher: string, args: readonly string[], path: string, env: NodeJS.ProcessEnv = {}) {
  const ran = spawnSync(launcher, args, {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: `${path}:/usr/bin:/bin`, HOME: join(scratch, 'home'), ...env },
  })
  return { ...ran, said: ran.stdout === '' ? null : JSON.parse(ran.stdout) }
}

beforeAll(() => {
  for (const place of ['installed', 'checkout/packages/cli']) {
    cpSync(join(root, 'packages/cli/bin'), join(scratch, place, 'bin'), { recursive: true })
  }
  write('installed/package.json', '{ "type": "module" }')
  write('installed/dist/main.js', main)
  write('checkout/package.json', '{ "type": "module" }')
  write('checkout/packages/cli/src/main.ts', `const typed: number = 1\nvoid typed\n${main}`)
  // An old Node knows no flag of later ones, so none may be on its command line.
  write(
    'old/pretend.cjs',
    `Object.defineProperty(process, 'version', { value: 'v20.1.0' })
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })\n`,
  )
  program(
    'old/node',
    `#!/bin/sh
case $1 in
  --version) echo v20.1.0 ;;
  -*) echo "node: bad option: $1" >&2; exit 9 ;;
  *) exec '${process.execPath}' --require '${join(scratch, 'old/pretend.cjs')}' "$@" ;;
esac\n`,
  )
  program('good/node', `#!/bin/sh\necho x >> "\${0%/*}/started"\nexec '${process.execPath}' "$@"\n`)
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('installed: runs dist with the Node on PATH, arguments and exit code untouched', () => {
  const { status, said } = start(join(scratch, 'installed/bin/thingwall'), awkward, join(scratch, 'good'))
  expect(said.args).toEqual(awkward)
  expect(status).toBe(3)
  expect(readFileSync(join(scratch, 'good/started'), 'utf8'), 'started once').toBe('x\n')
})

test('is found through a chain of relative and absolute links', () => {
  mkdirSync(join(scratch, 'links/.bin'), { recursive: true })
  symlinkSync('../../installed', join(scratch, 'links/.bin/package'))
  symlinkSync('package/bin/thingwall', join(scratch, 'links/.bin/inner'))
  symlinkSync(join(scratch, 'links/.bin/inner'), join(scratch, 'links/thingwall'))
  expect(start(join(scratch, 'links/thingwall'), ['a'], join(scratch, 'good')).said.args).toEqual(['a'])
})

test('is found on PATH by its bare name', () => {
  const ran = spawnSync('sh', ['-c', 'thingwall b'], {
    encoding: 'utf8',
    env: { PATH: `${join(scratch, 'installed/bin')}:${join(scratch, 'good')}:/usr/bin:/bin` },
  })
  expect(JSON.parse(ran.stdout).args).toEqual(['b'])
})

test.each(['installed', 'checkout/packages/cli'])('%s: an old Node is told so in a sentence', (place) => {
  const { status, stdout, stderr } = start(
    join(scratch, place, 'bin/thingwall'),
    ['--help'],
    join(scratch, 'old'),
  )
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(
    /^thingwall: needs Node 24 or newer on PATH, found: v20\.1\.0\n {2}get it from [^\n]*\n$/,
  )
})

test('what an old Node has to read, it can read', () => {
  const text = readFileSync(join(root, 'packages/cli/bin/start.cjs'), 'utf8')
  // `import()` came to the standard in 2020, but Node 10 of 2018 has it.
  expect(text.match(/\bimport\(/g)).toHaveLength(1)
  expect(parse(text.replace('import(', 'load('), { ecmaVersion: 2018 }).body.length).toBeGreaterThan(2)
})

test('installed: no Node at all is said in a sentence', () => {
  mkdirSync(join(scratch, 'only-sh'), { recursive: true })
  symlinkSync('/bin/sh', join(scratch, 'only-sh/sh'))
  const { status, stderr } = spawnSync(join(scratch, 'installed/bin/thingwall'), [], {
    encoding: 'utf8',
    env: { PATH: join(scratch, 'only-sh') },
  })
  expect(status).toBe(2)
  expect(stderr).toContain('needs Node 24 or newer on PATH, found: none')
})

test('installed: experimental warnings of Node stay inside, others are shown', () => {
  write(
    'installed/dist/main.js',
    `process.emitWarning('inside', 'ExperimentalWarning')
process.emitWarning('inside too', { type: 'ExperimentalWarning', code: 'X' })
process.emitWarning('outside')\n`,
  )
  const { stderr } = start(join(scratch, 'installed/bin/thingwall'), [], join(scratch, 'good'))
  write('installed/dist/main.js', main)
  expect(stderr).toContain('Warning: outside')
  expect(stderr).not.toContain('inside')
})

test('checkout: runs the sources, with types, with the Node of the repository', () => {
  const own = `checkout/node_modules/node-${process.platform}-${process.arch}/bin/node`
  program(own, `#!/bin/sh\necho x >> "\${0%/*}/started"\nexec '${process.execPath}' "$@"\n`)
  const { status, said } = start(
    join(scratch, 'checkout/packages/cli/bin/thingwall'),
    awkward,
    join(scratch, 'old'),
  )
  expect(said.args).toEqual(awkward)
  expect(said.flags).toContain('--conditions=thingwall-source')
  expect(status).toBe(3)
  expect(readFileSync(join(scratch, dirname(own), 'started'), 'utf8'), 'started once').toBe('x\n')
  rmSync(join(scratch, own))
})

test('checkout: without a Node of its own takes the one on PATH', () => {
  const { said } = start(join(scratch, 'checkout/packages/cli/bin/thingwall'), ['c'], join(scratch, 'good'))
  expect(said.args).toEqual(['c'])
})
