/**
 * What the Debian package holds, laid out but not packed: that it runs with its own Node and nothing beside it, native
 * code included. It needs the build, as the tarballs do. Installing it is tried in `test/machine`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { placeTree } from '../../scripts/deb.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-deb-test-'))
const tree = join(folder, 'tree')
const library = join(tree, 'usr/lib/thingwall')
afterAll(() => rmSync(folder, { recursive: true }))
// Node is large, and a busy machine may take ten times as long.
beforeAll(() => placeTree(tree, { packages: ['policy', 'gateway', 'cli'], version: '1.2.3' }), 300_000)

function node(...args: readonly string[]) {
  return spawnSync(join(library, 'node'), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
}

test('the command line checks a policy in it', () => {
  const start = join(library, 'node_modules/thingwall/bin/start.cjs')
  writeFileSync(join(folder, 'bad.policy.json'), '{"policy":"x","networks":{"a":{}}}')
  const { status, stdout } = node(start, 'check', '--policy', join(folder, 'bad.policy.json'), '--json')
  expect(status).toBe(1)
  expect(JSON.parse(stdout).diagnostics.length).toBeGreaterThan(0)
})

test('native code can be called in it', () => {
  const gateway = join(library, 'node_modules/@thingwall/gateway/dist')
  const asks = `const { libc } = await import('${gateway}/netlink/libc.js'); process.stdout.write(String(libc().ifNameToIndex('lo')))`
  expect(node('--input-type=module', '-e', asks)).toMatchObject({ status: 0, stdout: '1' })
})

test('units start what is there', () => {
  const folderOfUnits = join(tree, 'lib/systemd/system')
  const started = readdirSync(folderOfUnits).flatMap((unit) =>
    [...readFileSync(join(folderOfUnits, unit), 'utf8').matchAll(/^ExecStart=(.*)$/gm)].flatMap(
      ([, command = '']) => command.split(' ').filter((word) => word.startsWith('/')),
    ),
  )
  expect(started.length).toBeGreaterThanOrEqual(5)
  expect(started.filter((path) => !existsSync(join(tree, path)))).toEqual([])
})

test('scripts may be run, and Debian knows what it is', () => {
  const programs = [
    'usr/bin/thingwall',
    'usr/lib/thingwall/boot',
    'DEBIAN/postinst',
    'DEBIAN/prerm',
    'DEBIAN/postrm',
  ]
  for (const path of programs) {
    expect(statSync(join(tree, path)).mode & 0o777, path).toBe(0o755)
    expect(spawnSync('sh', ['-n', join(tree, path)]).status, path).toBe(0)
  }
  const control = readFileSync(join(tree, 'DEBIAN/control'), 'utf8')
  expect(control).toMatch(/^Version: 1\.2\.3$/m)
  expect(control).toMatch(/^Depends: nftables \(>= 1\.0\.6\)/m)
})

test('no test and no source of ours is in it', () => {
  const ours = join(library, 'node_modules/thingwall')
  expect(readdirSync(ours).sort()).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'docs', 'package.json'])
})
