/**
 * The `thingwall` launcher: finds its package through links, chooses a Node that is new enough, starts it
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
    cpSync(join(root, 'packages/cli/bin/thingwall'), join(scratch, place, 'bin/thingwall'))
  }
  write('installed/package.json', '{ "type": "module" }')
  write('installed/dist/main.js', main)
  write('checkout/package.json', '{ "type": "module" }')
  write('checkout/packages/cli/src/main.ts', `const typed: number = 1\nvoid typed\n${main}`)
  program('old/node', '#!/bin/sh\necho v20.1.0\n')
  program('good/node', `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('installed: runs dist with the Node on PATH, arguments and exit code untouched', () => {
  const { status, said } = start(join(scratch, 'installed/bin/thingwall'), awkward, join(scratch, 'good'))
  expect(said.args).toEqual(awkward)
  expect(status).toBe(3)
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

test('an old Node is told so in a sentence', () => {
  const { status, stdout, stderr } = start(join(scratch, 'installed/bin/thingwall'), [], join(scratch, 'old'))
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('needs Node 24 or newer on PATH, found: v20.1.0')
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
