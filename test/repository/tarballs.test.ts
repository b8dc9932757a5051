/**
 * What an installer gets: each package's tarball holds its build, its launcher, its papers, and nothing
 * else. It needs the build of `npm run build`; the ordinary test run has made it just before.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { filesBelow, manifestOf, packageFolders, root } from './sources.ts'

type Packed = {
  readonly files: readonly { readonly path: string; readonly mode: number }[]
  readonly size: number
}

/** Packed size in bytes. Raise one only in the commit that says why. */
const sizeCeilings: Readonly<Record<string, number>> = {
  policy: 215_000,
  waf: 230_000,
  gateway: 250_000,
  cli: 180_000,
}

const allowed = [
  /^dist\/.*\.(js|d\.ts)$/,
  /^dist\/example\/thingwall\.policy\.ts$/,
  /^bin\/[a-z-]+(\.cjs)?$/,
  /^package\.json$/,
  /^docs\/errors\/TW\d+\.md$/,
  /^policy\.schema\.json$/,
  /^README\.md$/,
  /^LICENSE$/,
]
const neverInDist = /\.test(-d)?\./

describe.each(packageFolders().filter((name) => manifestOf(name).private !== true))('%s', (name) => {
  const manifest = manifestOf(name)
  let packed: Packed = { files: [], size: 0 }
  let paths: string[] = []

  beforeAll(() => {
    const npm = process.env.npm_execpath
    const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
    const args = [...first, 'pack', '--dry-run', '--json', '--ignore-scripts']
    const said: unknown = JSON.parse(
      execFileSync(program, args, {
        cwd: join(root, 'packages', name),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    // npm prints a list up to version 11 and an object by name after.
    packed = Object.values(said as Record<string, Packed>)[0] ?? packed
    paths = packed.files.map(({ path }) => path)
  })

  test('was built', () => {
    expect(existsSync(join(root, 'packages', name, 'dist')), 'run: npm run build').toBe(true)
    expect(paths.some((path) => path.startsWith('dist/'))).toBe(true)
  })

  test('holds only dist, bin and papers', () => {
    expect(
      paths.filter((path) => !allowed.some((pattern) => pattern.test(path)) || neverInDist.test(path)),
    ).toEqual([])
  })

  test('holds its papers', () => {
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
  })

  test('holds every file that package.json promises, but for the sources of a checkout', () => {
    const targets = Object.values(manifest.exports ?? {}).flatMap((target) =>
      typeof target === 'string'
        ? [target]
        : Object.entries(target)
            .filter(([name]) => name !== 'thingwall-source')
            .map(([, file]) => file),
    )
    const promised = [...targets, ...Object.values(manifest.bin ?? {})].map((path) =>
      path.replace(/^\.\//, ''),
    )
    expect(promised.filter((path) => !paths.includes(path))).toEqual([])
  })

  test('the command line brings the page about every code, and nobody else does', () => {
    const pages = paths.filter((path) => path.startsWith('docs/')).sort()
    const wanted =
      name === 'cli' ? filesBelow('docs/errors').filter((path) => !path.endsWith('README.md')) : []
    expect(pages).toEqual([...wanted].sort())
  })

  test('its commands can be executed', () => {
    for (const file of Object.values(manifest.bin ?? {})) {
      expect(statSync(join(root, 'packages', name, file)).mode & 0o111, file).toBe(0o111)
    }
  })

  test('stays below its size', () => {
    expect(sizeCeilings, `a ceiling for ${name}`).toHaveProperty(name)
    expect(packed.size).toBeLessThanOrEqual(sizeCeilings[name] ?? 0)
  })
})
