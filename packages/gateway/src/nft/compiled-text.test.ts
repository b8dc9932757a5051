/** Sets found by jumps are those that a look at every line finds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compiledSets } from './compiled-text.ts'

const golden = join(import.meta.dirname, '../../../policy/src/compile/nftables/golden')

describe('all sets of', () => {
  test.each(readdirSync(golden))('%s', (name) => {
    const text = readFileSync(join(golden, name), 'utf8').split('-- output --\n')[1] ?? ''
    const wanted: [place: string, body: string][] = []
    let family = ''
    for (const [, table, set, body = ''] of text.matchAll(
      /^table (\w+) \w+ \{$|^\t(?:set|map) (\S+) \{([\s\S]*?)\n\t\}$/gm,
    )) {
      if (table !== undefined) family = table
      else wanted.push([`${family} ${set}`, body])
    }
    expect(wanted.length).toBeGreaterThan(5)
    const found = Array.from(compiledSets(text), ({ place, from, end }) => [
      place,
      text.slice(from + ' {'.length, end),
    ])
    expect(found).toEqual(wanted)
  })
})

test('a text that is none has no sets, and one that is cut ends', () => {
  expect([...compiledSets('')]).toEqual([])
  expect([...compiledSets('\tset a {\n\t\ttype mark')].map(({ place }) => place)).toEqual([' a'])
})
