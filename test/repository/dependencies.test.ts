/**
 * Every dependency of every package has a line in docs/decisions/dependencies.md and an exact version; every
 * line there has a dependency; the lock file names no registry host. It deliberately does not judge
 * whether a dependency is worth it; the line must.
 */
import { expect, test } from 'vitest'
import { type Manifest, manifestOf, packageFolders, read, readJson } from './sources.ts'

const manifests = [readJson<Manifest>('package.json'), ...packageFolders().map(manifestOf)]
const own = manifests.map(({ name }) => name)
const dependencies = new Map(
  manifests
    .flatMap(({ dependencies, devDependencies, optionalDependencies, peerDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies }),
    )
    .filter(([name]) => !own.includes(name)),
)
const rows = read('docs/decisions/dependencies.md')
  .split('\n')
  .flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const names = [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
    return names.map((name) => ({ name, cells: cells.slice(2, -1) }))
  })

test('every dependency has a line', () => {
  expect(dependencies.size).toBeGreaterThan(0)
  expect([...dependencies.keys()].filter((name) => !rows.some((row) => row.name === name))).toEqual([])
})

test('every line has a dependency, and says what for, what else was weighed, and the licence', () => {
  expect(rows.filter(({ name }) => !dependencies.has(name))).toEqual([])
  expect(rows.filter(({ cells }) => cells.length !== 3 || cells.some((cell) => cell === ''))).toEqual([])
})

test('versions are exact', () => {
  expect([...dependencies].filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('the lock file names no registry', () => {
  const lock = readJson<{ packages: Record<string, { resolved?: string; link?: boolean }> }>(
    'package-lock.json',
  )
  const resolved = Object.entries(lock.packages).filter(
    ([, entry]) => entry.resolved !== undefined && entry.link !== true,
  )
  expect(resolved.map(([path]) => path)).toEqual([])
})
