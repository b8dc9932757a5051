/** Compiled texts as generations: nothing gets lost, names lead to names of the same generation, foreign text is refused. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GenerationTable, inGeneration, nameIn, rootIn, splitName } from './generation.ts'

const folder = join(import.meta.dirname, 'golden')
const goldens = readdirSync(folder).map((file) => ({
  name: file.replace(/\.txt$/, ''),
  text: readFileSync(join(folder, file), 'utf8').split('-- output --\n')[1] as string,
}))

const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz')
const DECLARED = /^\t(?:chain|set|map|counter) (\S+) \{/gm
const NAMED = /(?:@(?!\w+,)|\b(?:goto|jump) |\bcounter name ")([^\s",]+)/g

function namesIn(tables: readonly GenerationTable[], pattern: RegExp): readonly string[] {
  return tables.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name]) => name as string))
}

describe.each(goldens)('$name', ({ text }) => {
  test('every name is of the generation, and without its letter as it was compiled', () => {
    const [plain, declared] = [inGeneration(text, ''), namesIn(inGeneration(text, ''), DECLARED)]
    fc.assert(
      fc.property(letters, (letter) => {
        const renamed = inGeneration(text, letter)
        expect(namesIn(renamed, DECLARED).map(splitName)).toEqual(declared.map((name) => [letter, name]))
        expect(new Set(namesIn(renamed, NAMED).map((name) => splitName(name)[0]))).toEqual(new Set([letter]))
        const back = renamed.map((table) => ({
          ...table,
          text: table.text.replaceAll(new RegExp(`(?<=[\\s@"])${letter}/`, 'g'), ''),
        }))
        expect(back).toEqual(plain)
      }),
      { numRuns: 5 },
    )
  })
  test('nothing gets lost: base chains and objects are all there are', () => {
    const tables = inGeneration(text, '')
    const all = [...text.matchAll(DECLARED)].map(([, name]) => name)
    const kept = tables.flatMap((table) => [
      ...table.base.map(({ name }) => name),
      ...namesIn([table], DECLARED),
    ])
    expect(kept.sort()).toEqual(all.sort())
  })
  test('whatever a name leads to is declared in its own table', () => {
    for (const table of inGeneration(text, 'q')) {
      const declared = new Set(namesIn([table], DECLARED))
      expect(namesIn([table], NAMED).filter((name) => !declared.has(name))).toEqual([])
      for (const { name } of table.base) expect(declared).toContain(rootIn('q', name))
    }
  })
})

test('there are texts to look at', () => {
  expect(goldens.length).toBeGreaterThan(5)
})

describe('names', () => {
  test.each([
    ['a', 'live', 'a/live'],
    ['', 'live', 'live'],
    ['z', 'root/forward', 'z/root/forward'],
  ])('%j of %j', (generation, name, full) => {
    expect(nameIn(generation, name)).toBe(full)
    expect(splitName(full)).toEqual([generation, name])
  })
  test('those as they were compiled have none, though they hold slashes', () => {
    for (const name of ['rule/a/b', 'bound/lan/4', 'live', 'root/input'])
      expect(splitName(name)).toEqual(['', name])
  })
})

describe('text that this compiler has not written', () => {
  const [{ text: sound }] = goldens as unknown as readonly [{ readonly text: string }]
  test.each([
    ['nothing', ''],
    ['no table', 'add rule inet thingwall forward accept\n'],
    ['a command before the tables', `flush ruleset\n${sound}`],
    ['a command after them', `${sound}\nadd rule inet thingwall forward accept\n`],
    ['a command between', sound.replace('\n}\n', '\n}\nflush ruleset\n')],
    ['an object of another kind', sound.replace('\tchain ', '\tflowtable f {\n\t}\n\tchain ')],
    ['a rule outside of a chain', sound.replace('\n\tchain ', '\n\taccept\n\tchain ')],
    ['a table without an end', sound.slice(0, sound.indexOf('\n}\n'))],
    [
      'an object without an end',
      'table inet thingwall\ndelete table inet thingwall\n\ntable inet thingwall {\n\tchain a {\n}\n',
    ],
    [
      'the deletion of another table',
      sound.replace('delete table inet thingwall', 'delete table inet other'),
    ],
  ])('%s', (_, text) => {
    expect(text).not.toBe(sound)
    expect(() => inGeneration(text, 'a')).toThrow()
  })
})
