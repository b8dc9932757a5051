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

type Locked = {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const locked = Object.entries(readJson<{ packages: Record<string, Locked> }>('package-lock.json').packages)

test('the lock file names no registry', () => {
  const resolved = locked.filter(([, entry]) => entry.resolved !== undefined && entry.link !== true)
  expect(resolved.map(([path]) => path)).toEqual([])
})

test('the lock file pins every package by its content', () => {
  const fromRegistry = locked.filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  expect(fromRegistry.length).toBeGreaterThan(50)
  expect(fromRegistry.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual(
    [],
  )
})

// npm leaves out what it could not find when the file was written, and then `npm ci` fails everywhere.
test('the lock file has the optional packages of other platforms too', () => {
  const names = new Set(
    locked.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  )
  const absent = locked.flatMap(([path, entry]) =>
    Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`),
  )
  expect(absent).toEqual([])
})
