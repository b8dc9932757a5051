/** When a bar is met, and how rows read as a table and as JSON. */
import { expect, test } from 'vitest'
import { figure, judge, toJson, toTable } from './rows.ts'

const measured = { measure: 'evaluate', value: 2_000_000, unit: 'flows/s' }

test.each([
  ['no bar, nothing to meet', { ...measured }, null],
  ['at least, above', { ...measured, bar: { op: '>=', value: 1_000_000 } }, true],
  ['at least, exactly', { ...measured, bar: { op: '>=', value: 2_000_000 } }, true],
  ['at least, below', { ...measured, bar: { op: '>=', value: 2_000_001 } }, false],
  ['at most, exactly', { ...measured, bar: { op: '<=', value: 2_000_000 } }, true],
  ['at most, above', { ...measured, bar: { op: '<=', value: 1_999_999 } }, false],
  [
    'not measured is not met',
    { ...measured, value: null, note: 'no KVM', bar: { op: '<=', value: 1 } },
    false,
  ],
  ['not measured without a bar', { ...measured, value: null, note: 'no KVM' }, null],
] as const)('%s', (_story, given, met) => {
  expect(judge(given).met).toBe(met)
})

test('what was not measured says why, and a measure is a number', () => {
  expect(() => judge({ ...measured, value: null })).toThrow('no note')
  expect(() => judge({ ...measured, value: Number.NaN })).toThrow('not a measure')
})

test.each([
  [0, '0'],
  [9999, '9999'],
  [1_234_567, '1\u202f235\u202f000'],
  [12.3456, '12.35'],
  [0.001234567, '0.001235'],
  [-3.5, '-3.5'],
])('%d reads %s', (value, expected) => {
  expect(figure(value)).toBe(expected)
})

test('a table has a column for each peer and the note below its measure', () => {
  const rows = [
    judge({ ...measured, bar: { op: '>=', value: 1_000_000 }, peers: { opa: 120.5, other: null } }),
    judge({
      measure: 'boot',
      value: null,
      unit: 'ms',
      note: 'no KVM on this machine',
      bar: { op: '<=', value: 5 },
    }),
  ]
  expect(toTable(rows).replaceAll('\u202f', ' ')).toBe(
    [
      'measure               value  bar          met        opa         other',
      '────────  ─────────────────  ───────────  ───────  ─────  ────────────',
      'evaluate  2 000 000 flows/s  ≥ 1 000 000  met      120.5  not measured',
      'boot           not measured  ≤ 5          NOT MET',
      '  no KVM on this machine',
      '',
    ].join('\n'),
  )
})

test('JSON has the agreed keys', () => {
  const [row] = JSON.parse(toJson([judge(measured)]))
  expect(row).toEqual({ ...measured, bar: null, met: null, peers: {} })
})
