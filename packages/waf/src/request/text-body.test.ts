/** Texts of no declared shape: read as what they look like, and as texts where they stop looking so. */
import { expect, test } from 'vitest'
import { defaultLimits } from './limits.ts'
import { Reading } from './reading.ts'
import { textReader } from './text-body.ts'
import { windowLength } from './windows.ts'

function told(text: string): string[] {
  const lines: string[] = []
  const judge = {
    text: ({ part, name, text }: { part: string; name: string; text: string }) => {
      lines.push(`${part} ${name} ${text.slice(0, 30)}`)
      return null
    },
  }
  const reader = textReader(new Reading(judge, defaultLimits))
  reader.write(new TextEncoder().encode(text))
  reader.end()
  return lines
}

test.each<[text: string, lines: string[]]>([
  ['prose', ['value  prose']],
  ['', ['value  ']],
  [' {"a":"b"}', ['name  a', 'value a b']],
  ['["a"', ['value [0] a', 'value  ["a"']],
  ['[a link](to)', ['value  [a link](to)']],
  ['a=b&c=d', ['value  a=b&c=d', 'name a a', 'value a b', 'name c c', 'value c d']],
  ['1 + 1 = 2', ['value  1 + 1 = 2']],
])('%j', (text, lines) => {
  expect(told(text)).toEqual(lines)
})

test('JSON that stops being it is judged as a text from that piece on', () => {
  const lines = told(`["${'x'.repeat(windowLength)}", "y" and prose`)
  expect(lines.at(-1)).toMatch(/^value {2}x+$/)
  expect(lines.filter((line) => line.startsWith('value [0]')).length).toBeGreaterThan(0)
})
