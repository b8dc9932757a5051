/**
 * Character references against html5lib's cases, as far as they concern us: all that are numeric, and the names that stand
 * for ASCII. The data lies beside the checkout; where it does not, only what is written here runs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEntities } from './entities.ts'

test.each([
  ['&lt;b&gt;', '<b>'],
  ['&LT&#60&#x3c;', '<<<'],
  ['&ltx', '<x'],
  ['&nosuch;', '&nosuch;'],
  ['AT&T, R&D', 'AT&T, R&D'],
  ['&#0;&#xd800;&#x110000;', '\ufffd\ufffd\ufffd'],
  ['&#128;', '\u20ac'],
  ['&colon;&lpar;&Tab;', ':(\t'],
])('%j is %j in a text', (text, decoded) => {
  expect(decodeEntities(text, 'data')).toBe(decoded)
})

test('in an attribute a name without a semicolon is a name', () => {
  expect(decodeEntities('?a=b&lt=c&lt;', 'attribute')).toBe('?a=b&lt=c<')
})

const folder = join(
  process.env['THINGWALL_DATA'] ?? join(import.meta.dirname, '../../../../../shared/data'),
  'html5lib-tokenizer',
)

interface Case {
  readonly description: string
  readonly input: string
  readonly output: readonly (readonly [kind: string, ...rest: unknown[]])[]
  readonly initialStates?: readonly string[]
  readonly doubleEscaped?: boolean
}

describe.skipIf(!existsSync(folder))(`html5lib (${folder})`, () => {
  test('all references that concern us', () => {
    const files = ['entities', 'namedEntities', 'numericEntities']
    const all = files.flatMap(
      (file) => (JSON.parse(readFileSync(join(folder, `${file}.test`), 'utf8')) as { tests: Case[] }).tests,
    )
    const ours = all.filter(
      ({ input, output, initialStates, doubleEscaped }) =>
        doubleEscaped !== true &&
        (initialStates ?? ['Data state']).includes('Data state') &&
        output.every(([kind]) => kind === 'Character') &&
        (/^&#/.test(input) || isAscii(output.map(([, text]) => text).join(''))),
    )
    const wrong = ours.flatMap(({ description, input, output }) => {
      const [got, wanted] = [decodeEntities(input, 'data'), output.map(([, text]) => text).join('')]
      return got === wanted ? [] : [`${description} ${JSON.stringify(input)}: ${JSON.stringify(got)}`]
    })
    expect(wrong).toEqual([])
    expect(ours.length).toBeGreaterThanOrEqual(400)
  })
})

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false
  return true
}
