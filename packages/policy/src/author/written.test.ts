/** Policies as data mean what the same policies mean as code; the schema takes all of them. */
import Schema from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomPolicy } from '../fixtures/random.ts'
import { lower } from '../lower/lower.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import { asWritten } from './as-written.ts'
import { policySchema } from './schema.ts'
import { validate } from './validate.ts'
import { fromWritten, type WrittenFile } from './written.ts'

const takes = new Schema.default({ strict: false, validateFormats: false }).compile(policySchema)

/** A file whose places are its keys, so that a test can read them. */
function file(data: unknown, name = 'site.yaml'): WrittenFile {
  return {
    data,
    originOf: (keys) => ({ file: `${name}#${keys.join('/')}`, line: 1, column: 1 }),
  }
}

function read(...files: readonly WrittenFile[]): readonly [PolicyDocument | null, readonly Diagnostic[]] {
  const [input, strays] = fromWritten(files)
  const [document, found] = validate(input)
  return [document, [...strays, ...found]]
}

/** What a document means, without places: rules, devices, networks as `lower` resolves them. */
function meaning(document: PolicyDocument): unknown {
  const [ruleset, diagnostics] = lower(document)
  const plain = JSON.stringify({ ruleset, diagnostics }, (key, value) => {
    if (key === 'origin') return undefined
    if (value instanceof Map) return [...value]
    return value instanceof Set ? [...value] : value
  })
  return JSON.parse(plain)
}

test('a policy written as data means what it meant', () => {
  fc.assert(
    fc.property(randomPolicy, (document) => {
      const data: unknown = JSON.parse(JSON.stringify(asWritten(document)))
      expect(takes(data), JSON.stringify(takes.errors)).toBe(true)
      const [back, diagnostics] = read(file(data))
      expect(diagnostics).toEqual([])
      expect(meaning(back as PolicyDocument)).toEqual(meaning(document))
    }),
    { numRuns: 80 },
  )
}, 60_000)

test('what the schema refuses, validate refuses', () => {
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, 7, true, '', [], {}, ['x'], { x: 1 }, 'any', '443/tcp', 'a b'),
    fc.string(),
  )
  let refused = 0
  fc.assert(
    fc.property(randomPolicy, fc.nat(), junk, fc.boolean(), (document, seed, value, rename) => {
      const data = JSON.parse(JSON.stringify(asWritten(document))) as Record<string, unknown>
      change(data, seed, value, rename)
      if (takes(data)) return
      refused++
      const [, diagnostics] = read(file(data))
      expect(diagnostics.length, JSON.stringify(data)).toBeGreaterThan(0)
    }),
    { numRuns: 600 },
  )
  expect(refused).toBeGreaterThan(100)
}, 60_000)

/** Puts a value, or a property of another name, somewhere into the data. */
function change(data: Record<string, unknown>, seed: number, value: unknown, rename: boolean): void {
  const places: [Record<string, unknown>, string][] = []
  const collect = (thing: unknown): void => {
    if (typeof thing !== 'object' || thing === null) return
    for (const key of Object.keys(thing)) {
      places.push([thing as Record<string, unknown>, key])
      collect((thing as Record<string, unknown>)[key])
    }
  }
  collect({ ...data, apis: undefined })
  const [holder, key] = places[seed % places.length] as [Record<string, unknown>, string]
  const target = holder === undefined || key in data ? data : holder
  if (rename) target[`${key}s`] = target[key]
  else target[key] = value
}

const head = {
  policy: 'home',
  owner: 'home@example',
  networks: { things: { role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' } },
}
const plug = { why: 'Plugs', rules: {} }

describe('files that are parts of one policy', () => {
  test('are put together', () => {
    const [document, diagnostics] = read(
      file({ ...head, devices: { a: { profile: 'plug', mac: '02:00:00:00:00:01', network: 'things' } } }),
      file({ profiles: { plug } }, 'kinds.yaml'),
      file({ devices: { b: { profile: 'plug', mac: '02:00:00:00:00:02', network: 'things' } } }, 'more.yaml'),
    )
    expect(diagnostics).toEqual([])
    expect(Object.keys(document?.devices ?? {})).toEqual(['a', 'b'])
    expect(document?.profiles.plug?.origin?.file).toBe('kinds.yaml#profiles/plug')
  })
  test('may say the same thing twice', () => {
    const [document, diagnostics] = read(
      file({ ...head, profiles: { plug } }),
      file({ profiles: { plug } }, 'b'),
    )
    expect(diagnostics).toEqual([])
    expect(Object.keys(document?.profiles ?? {})).toEqual(['plug'])
  })
  test.each([
    [
      'networks',
      { things: { role: 'things', interface: 'wlan1', cidrs: '10.20.0.0/24' } },
      'network',
      'things',
    ],
    ['profiles', { plug: { why: 'Sockets', rules: {} } }, 'profile', 'plug'],
    ['devices', { a: { mac: '02:00:00:00:00:09', network: 'things' } }, 'device', 'a'],
    ['rules', { r: { deny: 'both', who: 'any', peer: 'any', why: 'Nothing at all' } }, 'rule', 'r'],
  ])('may not say different things of one of the %s', (section, second, kind, name) => {
    const first = {
      ...head,
      profiles: { plug },
      devices: { a: { mac: '02:00:00:00:00:01', network: 'things' } },
      rules: { r: { deny: 'both', who: 'any', peer: '192.0.2.1', why: 'Nothing to that host' } },
    }
    const [document, diagnostics] = read(file(first, 'one'), file({ [section]: second }, 'two'))
    expect(document).toBeNull()
    expect(diagnostics).toMatchObject([
      {
        code: 'TW1016',
        message: `two ${kind}s are called "${name}", and they do not say the same`,
        origin: { file: `two#${section}/${name}` },
        related: { file: `one#${section}/${name}` },
      },
    ])
  })
  test('have no name of their own', () => {
    const [, diagnostics] = read(file(head), file({ policy: 'other' }, 'two'))
    expect(diagnostics).toMatchObject([{ code: 'TW1003' }])
  })
})

describe('a rule', () => {
  const withRule = (rule: unknown): readonly Diagnostic[] =>
    read(file({ ...head, rules: { r: rule } }))[1].map(({ code, message, path, value }) => ({
      code,
      message,
      path,
      ...(value !== undefined && { value }),
    })) as never
  test.each([
    [{ who: 'any', to: 'any', service: 'any', why: 'x y' }, 'this rule says neither `allow` nor `deny`'],
    [
      { allow: 'out', deny: 'out', who: 'any', to: 'any', service: 'any', why: 'x' },
      'both `allow` and `deny`',
    ],
    [{ allow: 'sideways', who: 'any', peer: 'any', service: 'any', why: 'x' }, '`direction` is none of'],
    [{ allow: 'out', who: 'any', from: 'any', service: 'any', why: 'x' }, '`from` is no property of this'],
    [{ allow: 'out', who: 'any', to: 'any', why: 'x' }, '`service` is empty'],
    [{ allow: 'out', who: 'any', to: 'any', service: 'any' }, 'nothing says why'],
    [{ allow: 'out', who: 'any', to: 'any', peer: 'any', service: 'any', why: 'x' }, '`peer` is no property'],
    [
      { allow: 'out', who: 'any', to: { label: { a: 'b' }, labels: { a: 'c' } }, service: 'any', why: 'x' },
      'this names no peer',
    ],
    [{ allow: 'out', who: 'any', to: [], service: 'any', why: 'x' }, '`peer` is empty'],
    [7, '`r` is a number where it must be a rule'],
  ])('%j is refused', (rule, message) => {
    expect(
      withRule(rule)
        .map((one) => one.message)
        .join('\n'),
    ).toContain(message)
  })
})

test.each([
  null,
  7,
  'text',
  [],
  [[]],
  { policy: 7 },
  { policy: 'x', networks: [] },
  { tests: 3 },
  { rules: null },
])('%j is no policy', (data) => {
  const [document, diagnostics] = read(file(data))
  expect(document).toBeNull()
  expect(diagnostics.length).toBeGreaterThan(0)
})
