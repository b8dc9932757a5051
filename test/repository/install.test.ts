/**
 * `npm install --global thingwall` as a stranger does it: from a registry, into an empty prefix, with an empty cache, and
 * then as a user without rights. The registry serves what `npm pack` makes of the packages here, and what they need as it
 * is in `node_modules`, so nothing is fetched from elsewhere. It needs the build, as the tarballs do.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { neededBy } from '../../scripts/deb.ts'
import { openRegistry } from './registry.ts'
import { manifestOf, packageFolders, readJson, root } from './sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-install-test-'))
const prefix = join(folder, 'prefix')
/** Nobody: a user that no file here belongs to. */
const nobody = 65_534
let registry: Server
let installed: Ran

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const minute = 60_000
beforeAll(async () => {
  chmodSync(folder, 0o755)
  const ours = packageFolders().filter((name) => manifestOf(name).private !== true)
  const manifests = ours.map((name) => manifestOf(name))
  const others = [...neededBy(manifests, new Set(manifests.map(({ name }) => name)))]
  registry = await openRegistry({
    folders: [
      ...ours.map((name) => join(root, 'packages', name)),
      ...others.map((name) => join(root, 'node_modules', name)),
    ],
    tarballs: join(folder, 'tarballs'),
  })
  const address = registry.address()
  if (address === null || typeof address === 'string') throw new Error('the registry has no port')
  mkdirSync(join(folder, 'home'))
  installed = await run('npm', [
    ...['install', '--global', '--prefix', prefix, '--registry', `http://127.0.0.1:${address.port}/`],
    ...['--cache', join(folder, 'cache'), '--no-audit', '--no-fund', 'thingwall'],
  ])
}, 5 * minute)
afterAll(() => {
  registry?.closeAllConnections()
  registry?.close()
  rmSync(folder, { recursive: true })
})

/** With nothing of who runs the tests but a Node that is new enough. */
function run(program: string, args: readonly string[], asNobody?: 'as nobody'): Promise<Ran> {
  const rights = asNobody === undefined ? {} : { uid: nobody, gid: nobody }
  const child = spawn(program, args, {
    ...rights,
    cwd: folder,
    env: {
      PATH: `${join(prefix, 'bin')}:${join(root, `node_modules/node-linux-${process.arch}/bin`)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: join(folder, asNobody === undefined ? 'home' : 'nobody'),
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  child.on('error', reject)
  child.on('close', (status) => resolve({ status, stdout, stderr }))
  return promise
}

test('it installs without a word of warning, and no package of the registry is missing', () => {
  // A newer npm runs no script of a package unasked, and says so. Nothing here needs one: what is native comes built.
  const said = installed.stderr.split('\n').filter((line) => !/^npm warn install-scripts\b/.test(line))
  expect(said.join('\n')).toBe('')
  expect(installed.status).toBe(0)
  expect(readdirSync(join(prefix, 'bin'))).toEqual(['thingwall'])
})

test('it says what it can do, and which version it is', async () => {
  const help = await run('thingwall', ['--help'], 'as nobody')
  expect(help).toMatchObject({ status: 0, stderr: '' })
  for (const verb of ['check', 'apply', 'explain', 'demo'])
    expect(help.stdout).toMatch(new RegExp(`^ +${verb} `, 'm'))
  expect((await run('thingwall', ['--version'], 'as nobody')).stdout).toContain(
    readJson<{ readonly version: string }>('packages/cli/package.json').version,
  )
})

test('a policy is checked wherever it lies', async () => {
  mkdirSync(join(folder, 'site'))
  for (const name of ['thingwall.policy.ts', 'volcano.policy.yaml']) {
    cpSync(join(root, 'examples/volcano', name), join(folder, 'site', name))
    const checked = await run('thingwall', ['check', '--policy', join('site', name)], 'as nobody')
    expect(checked, name).toMatchObject({ status: 0 })
  }
})

test('its types lead an editor', () => {
  mkdirSync(join(folder, 'site/node_modules'))
  symlinkSync(join(prefix, 'lib/node_modules/thingwall'), join(folder, 'site/node_modules/thingwall'))
  writeFileSync(
    join(folder, 'site', 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { module: 'nodenext', noEmit: true, strict: true, skipLibCheck: false, types: [] },
      files: ['thingwall.policy.ts'],
    }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const checked = spawnSync(process.execPath, [tsc, '-p', join(folder, 'site')], { encoding: 'utf8' })
  expect(checked.stdout).toBe('')
  expect(checked.status).toBe(0)
})

const canPlay = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true'], {
  uid: nobody,
  gid: nobody,
})

test.skipIf(canPlay.status !== 0)(
  'the demo plays to its end, for a user without rights',
  async () => {
    const played = await run('thingwall', ['demo', '--json'], 'as nobody')
    expect(played.stderr).toBe('')
    const told: {
      readonly ok: boolean
      readonly scenes: readonly { readonly attempts: readonly object[] }[]
    } = JSON.parse(played.stdout)
    expect(told.ok).toBe(true)
    expect(told.scenes.flatMap(({ attempts }) => attempts).length).toBeGreaterThan(20)
    expect(played.status).toBe(0)
  },
  3 * minute,
)

test('where a program of the demo is missing it says which, and how it comes', async () => {
  const only = join(folder, 'only')
  mkdirSync(only)
  symlinkSync(join(root, `node_modules/node-linux-${process.arch}/bin/node`), join(only, 'node'))
  const start = join(prefix, 'lib/node_modules/thingwall/bin/start.cjs')
  const asked = spawnSync(join(only, 'node'), [start, 'demo'], {
    encoding: 'utf8',
    env: { PATH: only, HOME: join(folder, 'home') },
  })
  expect(asked.status).toBe(2)
  expect(asked.stderr).toMatch(/programs that are not here: .*nmap/)
  expect(asked.stderr).toMatch(/apt-get install .*nmap/)
})
