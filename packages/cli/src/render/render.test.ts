/** What people see: tables and texts that fit, carets under the right column, nothing raw from a policy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diagnose } from '@thingwall/policy'
import { afterAll, expect, test } from 'vitest'
import type { Page } from '../frame/report.ts'
import { renderDiagnostics } from './diagnostics.ts'
import { table } from './table.ts'
import { count, hanging, wrap } from './text.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-render-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const page = (width: number): Page => ({ width, cwd: folder, ink: (_, text) => text })

test('words are wrapped, and what is longer than a line is broken', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
  expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
  expect(hanging('why  ', 'one two three four five six', 20)).toBe('why  one two three four\n     five six')
  expect(count(1, 'entry') + count(2, 'entry') + count(0, 'rule')).toBe('1 entry2 entries0 rules')
})

const columns = [{ heading: 'name' }, { heading: 'why', wraps: true }, { heading: 'never' }]

test('a table fits the page by wrapping what may be wrapped', () => {
  const rows = [
    ['vent-01', 'pushes readings to the backend every minute', ''],
    ['vent-02', 'spare', ''],
  ]
  expect(table(columns, rows, page(32))).toBe(
    'name     why\nvent-01  pushes readings to the\n         backend every minute\nvent-02  spare',
  )
  expect(table(columns, rows, page(Number.POSITIVE_INFINITY)).split('\n')).toHaveLength(3)
  for (const line of table(columns, rows, page(40)).split('\n')) expect(line.length).toBeLessThanOrEqual(40)
})

test('where not even that fits, one block a row', () => {
  const rows = [['a-rather-long-device-name-01', 'pushes readings', '']]
  expect(table(columns, rows, page(40))).toBe('a-rather-long-device-name-01\n  why   pushes readings')
})

test('the caret stands under the column, whatever stands before it', () => {
  const file = join(folder, 'a.ts')
  writeFileSync(file, `\tallow({\u001b[31m to: 'x' })\n${'x'.repeat(300)}HERE\n`)
  const at = (line: number, column: number, width: number): readonly string[] => {
    const one = diagnose('TW1005', { message: 'm', path: 'p', hint: 'h', origin: { file, line, column } })
    return renderDiagnostics([one], { project: folder }, page(width)).split('\n')
  }
  const [, place, source, caret] = at(1, 2, 80)
  expect(place).toBe('  a.ts:1:2  p')
  expect(source).toBe("  1 │   allow({\\u{1b}[31m to: 'x' })")
  expect((source as string)[(caret as string).indexOf('^')]).toBe('a')
  const [, , long, under] = at(2, 301, 60)
  expect((long as string).slice((under as string).indexOf('^'))).toMatch(/^HERE/)
  expect((long as string).length).toBeLessThanOrEqual(60)
})

test('a file outside the project is not quoted, by whatever path', () => {
  for (const file of ['/etc/passwd', `${folder}/../../etc/passwd`, `${folder}-other/x`]) {
    const one = diagnose('TW1005', {
      message: 'm',
      path: '',
      hint: 'h',
      origin: { file, line: 1, column: 1 },
    })
    expect(renderDiagnostics([one], { project: folder }, page(80))).not.toMatch('│')
  }
})

test('what a policy says is escaped', () => {
  const one = diagnose('TW1005', {
    message: 'a\u001b[2Jb',
    path: 'x\u0007',
    value: 'v\r\n\u202e',
    hint: 'h\u001b',
    origin: null,
  })
  expect(renderDiagnostics([one], { project: null }, page(80)).replaceAll('\n', '')).not.toMatch(
    /[\p{Cc}\p{Cf}]/u,
  )
})

test('past a hundred, the rest is counted', () => {
  const one = diagnose('TW2001', { message: 'm', path: '', hint: 'h', origin: null })
  const text = renderDiagnostics(
    Array.from({ length: 250 }, () => one),
    { project: null },
    page(80),
  )
  expect(text).toContain('and 150 more; --json has them all')
  expect(text).toMatch(/250 warnings\n$/)
})
