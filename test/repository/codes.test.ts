/**
 * Diagnostic codes and their documents, both ways: each code of the one table has `docs/errors/CODE.md` and
 * is used somewhere, each document has a code, and no source uses a code that the table lacks. It
 * deliberately does not judge the wording.
 */
import { describe, expect, test } from 'vitest'
import { codes } from '../../packages/policy/src/model/codes.ts'
import { filesBelow, packageSources, read } from './sources.ts'

const table = 'packages/policy/src/model/codes.ts'
const documents = filesBelow('docs/errors').filter((path) => /\/TW\d+\.md$/.test(path))
const listed: readonly (readonly [string, { readonly title: string; readonly severity: string }])[] =
  Object.entries(codes)
const sections = ['What it means', 'Example', 'How to mend it']

test('there are codes', () => {
  expect(listed.length).toBeGreaterThan(0)
})

test('every document belongs to a code', () => {
  const known = listed.map(([code]) => `docs/errors/${code}.md`)
  expect(documents.filter((path) => !known.includes(path))).toEqual([])
})

test('every code that a source names is in the table', () => {
  const unknown = packageSources().flatMap((path) =>
    [...read(path).matchAll(/\bTW\d{4}\b/g)]
      .map(([code]) => code)
      .filter((code) => !Object.hasOwn(codes, code))
      .map((code) => `${path}: ${code}`),
  )
  expect(unknown).toEqual([])
})

test('every code is used by a source', () => {
  const used = new Set(
    packageSources()
      .filter((path) => path !== table)
      .flatMap((path) => [...read(path).matchAll(/\bTW\d{4}\b/g)].map(([code]) => code)),
  )
  expect(listed.map(([code]) => code).filter((code) => !used.has(code))).toEqual([])
})

test('no two codes have the same title', () => {
  const titles = listed.map(([, { title }]) => title)
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([])
})

describe('each code is documented', () => {
  test.each(listed)('%s', (code, { title, severity }) => {
    expect(documents, `docs/errors/${code}.md is missing`).toContain(`docs/errors/${code}.md`)
    expect(['error', 'warning', 'info']).toContain(severity)
    const text = read(`docs/errors/${code}.md`)
    expect(text.split('\n')[0]).toBe(`# ${code}: ${title}`)
    const parts = text.split(/^## /m).slice(1)
    expect(parts.map((part) => part.split('\n')[0])).toEqual(sections)
    for (const part of parts) expect(part.length, part).toBeGreaterThan(40)
    expect(parts[1], 'the example is a code block').toContain('```')
  })
})
