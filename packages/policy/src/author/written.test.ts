/** Files that are parts of one policy, and what is told of what they hold. */
import { describe, expect, test } from 'vitest'
import { file, read } from '../fixtures/written.ts'
import type { Diagnostic } from '../model/diagnostic.ts'

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
