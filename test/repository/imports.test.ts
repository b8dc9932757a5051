/**
 * Who may import whom: one table with reasons, against every import in the packages. A row that nothing
 * uses any more fails too, so the table stays as narrow as the code. Tests may import anything of their own
 * package. It deliberately says nothing about the purity of a package; see purity.test.ts.
 */
import { isBuiltin } from 'node:module'
import { describe, expect, test } from 'vitest'
import {
  filesBelow,
  type Import,
  importsOf,
  isTest,
  manifestOf,
  packageName,
  packageOf,
  packageSources,
  readJson,
  resolve,
} from './sources.ts'

/**
 * `from` may import `to`. A zone is a package, or `package/part` in the packages that are layered inside.
 * Within one zone everything may import everything, as long as no cycle comes of it.
 */
const allowed: readonly (readonly [from: string, to: string, why: string])[] = [
  ['gateway', 'policy', 'the gateway enforces what the policy compiles to'],
  [
    'cli',
    'policy',
    'commands check, explain and export policies; a policy file imports the language from here',
  ],
  ['cli', 'gateway', 'apply, status and demo act on this machine'],
  ['cli', 'waf', 'check asks the application firewall what is wrong with the APIs of a policy'],

  ['policy/author', 'policy/model', 'what is written becomes the model'],
  ['policy/lower', 'policy/model', 'lowering reads policies and makes rule sets'],
  ['policy/lower', 'policy/author', 'dates and names are read the way they were written'],
  ['policy/evaluate', 'policy/model', 'a flow is judged by a rule set'],
  ['policy/evaluate', 'policy/lower', 'a policy is judged by what it lowers to'],
  ['policy/evaluate', 'policy/author', 'instants in bindings are read the way policies write them'],
  ['policy/analyse', 'policy/model', 'findings speak of policies, rules and flows'],
  ['policy/analyse', 'policy/author', 'dates are read the way they were written'],
  ['policy/analyse', 'policy/evaluate', "the policy's own tests ask the one definition of meaning"],
  ['policy/compile', 'policy/model', 'the interface of a target speaks of rule sets and diagnostics'],
  ['policy/compile/nftables', 'policy/compile', 'a target implements the interface'],
  ['policy/compile/nftables', 'policy/model', 'a target renders a rule set'],
  ['policy/compile/nftables', 'policy/evaluate', 'bindings come in the shape that evaluate reads'],

  ['policy/index', 'policy/model', 're-exported'],
  ['policy/index', 'policy/author', 're-exported'],
  ['policy/index', 'policy/lower', 're-exported'],
  ['policy/index', 'policy/evaluate', 're-exported'],
  ['policy/index', 'policy/analyse', 're-exported'],
  ['policy/index', 'policy/compile', 're-exported: the driver and the interface, never a target'],
]

/** Packages whose inner parts are zones of their own. */
const layered = ['policy']

function zoneOf(path: string): string {
  const name = packageOf(path) ?? ''
  if (!layered.includes(name)) return name
  const inner = path.split('/').slice(3)
  if (inner.length === 1) return `${name}/index`
  return inner[0] === 'compile' && inner.length > 2 ? `${name}/compile/${inner[1]}` : `${name}/${inner[0]}`
}

function rowFor(from: string, to: string): number {
  const [fromPackage, toPackage] = [from, to].map((zone) => zone.split('/')[0])
  const [left, right] = fromPackage === toPackage ? [from, to] : [fromPackage, toPackage]
  return allowed.findIndex((row) => row[0] === left && row[1] === right)
}

const sources = packageSources()
const imports = sources.flatMap(importsOf)
const place = ({ from, line, to }: Import): string => `${from}:${line} imports ${to}`

test('there are sources and imports to look at', () => {
  expect(sources.length).toBeGreaterThan(0)
})

test('every import between our own files is in the table', () => {
  const forbidden = imports.filter((entry) => {
    const target = resolve(entry)
    if (target === null) return false
    const [from, to] = [zoneOf(entry.from), zoneOf(target)]
    return from !== to && rowFor(from, to) === -1
  })
  expect(forbidden.map(place)).toEqual([])
})

test('every row of the table is used, once its zone has files', () => {
  const used = new Set<number>()
  for (const entry of imports) {
    const target = resolve(entry)
    if (target !== null) used.add(rowFor(zoneOf(entry.from), zoneOf(target)))
  }
  const zones = new Set(sources.flatMap((path) => [zoneOf(path), packageOf(path)]))
  const idle = allowed.filter(([from], row) => zones.has(from) && !used.has(row))
  expect(idle.map(([from, to]) => `${from} → ${to}`)).toEqual([])
})

test('no row is written twice, and every row has a reason', () => {
  const keys = allowed.map(([from, to]) => `${from} → ${to}`)
  expect(new Set(keys).size).toBe(keys.length)
  expect(allowed.filter(([, , why]) => why.trim() === '')).toEqual([])
})

test('a package is entered through its exports, never by a path', () => {
  const files = filesBelow('packages').filter((path) => /\/src\/.*\.ts$/.test(path))
  const across = files.flatMap(importsOf).filter((entry) => {
    return entry.to.startsWith('.') && packageOf(resolve(entry) ?? '') !== packageOf(entry.from)
  })
  expect(across.map(place)).toEqual([])
})

test('relative imports name their .ts file', () => {
  const bare = imports.filter(({ to }) => to.startsWith('.') && !to.endsWith('.ts') && !to.endsWith('.json'))
  expect(bare.map(place)).toEqual([])
})

test('what a package imports from elsewhere is among its own dependencies', () => {
  const development = Object.keys(readJson<{ devDependencies: object }>('package.json').devDependencies)
  const files = filesBelow('packages').filter((path) => /\/src\/.*\.ts$/.test(path))
  const undeclared = files.flatMap(importsOf).filter(({ from, to }) => {
    if (to.startsWith('.') || to.startsWith('(computed)') || isBuiltin(to)) return false
    const { name, dependencies = {}, peerDependencies = {} } = manifestOf(packageOf(from) ?? '')
    const wanted = packageName(to)
    if (wanted === name || wanted in dependencies || wanted in peerDependencies) return false
    return !(isTest(from) && development.includes(wanted))
  })
  expect(undeclared.map(place)).toEqual([])
})

describe('no import cycles', () => {
  test.each([...new Set(sources.map(packageOf))])('in %s', (name) => {
    const edges = new Map<string, string[]>()
    for (const entry of imports) {
      const target = resolve(entry)
      if (packageOf(entry.from) !== name || target === null || packageOf(target) !== name) continue
      edges.set(entry.from, [...(edges.get(entry.from) ?? []), target])
    }
    expect(findCycle(edges)).toBeNull()
  })

  test('the search finds one where there is one', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['d', ['b']],
    ])
    expect(findCycle(edges)).toBe('b → d → b')
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
        ]),
      ),
    ).toBeNull()
  })
})

/** The first cycle as text, or null. Depth first; a file on the current path that comes up again closes one. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ')
    if (done.has(file)) return null
    path.push(file)
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle !== null) return cycle
    }
    path.pop()
    done.add(file)
    return null
  }
  for (const file of edges.keys()) {
    const cycle = visit(file)
    if (cycle !== null) return cycle
  }
  return null
}
