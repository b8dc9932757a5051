/**
 * `@thingwall/policy` is pure: no Node, no DOM, no clock, no randomness, no locale, no state. The type-checker
 * already refuses most of it (`"types": []`); this guard also refuses what ECMAScript itself offers. It
 * deliberately leaves tests alone.
 */
import { isBuiltin } from 'node:module'
import { parseSync, Visitor } from 'oxc-parser'
import { describe, expect, test } from 'vitest'
import { importsOf, lineOf, manifestOf, packageName, packageSources, read } from './sources.ts'

/** What policy may depend on, and why each is as pure as itself. */
const allowedDependencies: Readonly<Record<string, string>> = {
  '@noble/hashes': 'SHA-256 of a rule set; plain functions on bytes',
  'fastest-levenshtein': 'distance of two names, for "did you mean"; plain function on strings',
}

/** Names of the surroundings. A local variable of the same name is refused as well: it would mislead. */
const forbiddenNames: Readonly<Record<string, string>> = {
  process: 'Node',
  Buffer: 'Node',
  require: 'Node',
  __dirname: 'Node',
  __filename: 'Node',
  setImmediate: 'Node',
  console: 'I/O',
  fetch: 'I/O',
  XMLHttpRequest: 'I/O',
  WebSocket: 'I/O',
  setTimeout: 'a clock',
  setInterval: 'a clock',
  queueMicrotask: 'a clock',
  performance: 'a clock',
  Temporal: 'a clock',
  crypto: 'randomness',
  window: 'DOM',
  globalThis: 'state',
  eval: 'code from data',
  Function: 'code from data',
}

/** Members that answer differently from machine to machine or from call to call. */
const forbiddenMembers: Readonly<Record<string, string>> = {
  'Date.now': 'a clock',
  'Math.random': 'randomness',
  'Intl.Collator': 'the locale',
}

/** Methods that depend on the locale or the time zone of the machine, whatever they are called on. */
const forbiddenMethods = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'getTimezoneOffset',
  'getHours',
  'getMinutes',
  'getDay',
  'getDate',
  'getMonth',
  'getFullYear',
])

type Finding = { readonly at: number; readonly what: string }

function impuritiesOf(text: string): Finding[] {
  const { program } = parseSync('source.ts', text)
  const findings: Finding[] = []
  const tell = (node: { start: number }, what: string): void => {
    // A shorthand property is key and value in one place.
    if (!findings.some(({ at }) => at === node.start)) findings.push({ at: node.start, what })
  }
  // Names in a member access, a key or a type are not references to the surroundings.
  const notReferences = new Set<number>()
  new Visitor({
    MemberExpression(node) {
      if (node.computed || node.property.type !== 'Identifier') return
      notReferences.add(node.property.start)
      const { name } = node.property
      if (forbiddenMethods.has(name)) tell(node, `.${name} depends on the machine's locale or time zone`)
      const member = node.object.type === 'Identifier' ? `${node.object.name}.${name}` : ''
      const reason = Object.hasOwn(forbiddenMembers, member) ? forbiddenMembers[member] : undefined
      if (reason !== undefined) tell(node, `${member} is ${reason}`)
    },
    Property(node) {
      if (!node.computed && !node.shorthand) notReferences.add(node.key.start)
    },
    TSPropertySignature(node) {
      notReferences.add(node.key.start)
    },
    TSTypeReference(node) {
      notReferences.add(node.typeName.start)
    },
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
        tell(node, 'new Date() is a clock')
      }
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') tell(node, 'Date() is a clock')
    },
    ImportExpression(node) {
      tell(node, 'import() is I/O')
    },
    MetaProperty(node) {
      if (node.meta.name === 'import') tell(node, 'import.meta is the surroundings')
    },
  }).visit(program)
  new Visitor({
    Identifier(node) {
      if (notReferences.has(node.start)) return
      const reason = Object.hasOwn(forbiddenNames, node.name) ? forbiddenNames[node.name] : undefined
      if (reason !== undefined) tell(node, `${node.name} is ${reason}`)
    },
  }).visit(program)
  for (const statement of program.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declared?.type === 'VariableDeclaration' && declared.kind !== 'const')
      tell(declared, 'a module-level let is state')
  }
  return findings.map(({ at, what }) => ({ at: lineOf(text, at), what }))
}

const sources = packageSources().filter((path) => path.startsWith('packages/policy/'))

describe('the sources of policy', () => {
  test('exist', () => {
    expect(sources.length).toBeGreaterThan(0)
  })

  test('import no part of Node', () => {
    const found = sources.flatMap(importsOf).filter(({ to }) => to.startsWith('node:') || isBuiltin(to))
    expect(found.map(({ from, line, to }) => `${from}:${line} imports ${to}`)).toEqual([])
  })

  test('touch nothing of their surroundings', () => {
    const found = sources.flatMap((path) =>
      impuritiesOf(read(path)).map(({ at, what }) => `${path}:${at} ${what}`),
    )
    expect(found).toEqual([])
  })
})

test('policy depends on nothing that is not in the list, and the list on nothing that is gone', () => {
  const { dependencies = {} } = manifestOf('policy')
  expect(Object.keys(dependencies).sort()).toEqual(Object.keys(allowedDependencies).sort())
  const imported = new Set(sources.flatMap(importsOf).map(({ to }) => packageName(to)))
  expect(Object.keys(dependencies).filter((name) => !imported.has(name))).toEqual([])
})

describe('the guard itself', () => {
  test.each([
    ['const at = Date.now()', ['Date.now is a clock']],
    ['const at = new Date()', ['new Date() is a clock']],
    ['const at = Date()', ['Date() is a clock']],
    ['const seed = Math.random()', ['Math.random is randomness']],
    ['const home = process.env.HOME', ['process is Node']],
    ['const all = { process }', ['process is Node']],
    ["console.log('x')", ['console is I/O']],
    ['setTimeout(() => {}, 1)', ['setTimeout is a clock']],
    ["const m = await import('x')", ['import() is I/O']],
    ['const u = import.meta.url', ['import.meta is the surroundings']],
    [
      "['b', 'a'].sort((a, b) => a.localeCompare(b))",
      [".localeCompare depends on the machine's locale or time zone"],
    ],
    ['let counter = 0', ['a module-level let is state']],
    ['export let counter = 0', ['a module-level let is state']],
  ])('refuses %s', (text, expected) => {
    expect(impuritiesOf(text).map(({ what }) => what)).toEqual(expected)
  })

  test.each([
    ['const at = new Date(0)'],
    ['const at = Date.UTC(2026, 0, 1)'],
    ['const name = device.process'],
    ["const table = { process: 'a name', fetch: 1 }"],
    ['interface Table { process: string }'],
    ['function f() { let sum = 0; return sum }'],
    ['const f = (map: ReadonlyMap<string, Function>) => map'],
    ['const hour = at.getUTCHours()'],
  ])('accepts %s', (text) => {
    expect(impuritiesOf(text)).toEqual([])
  })
})
