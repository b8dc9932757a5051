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

describe('large sets', () => {
  const [{ text: sound }] = goldens as unknown as readonly [{ readonly text: string }]
  const elements = Array.from({ length: 160_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`)
  /** The text with one set more. */
  const withSet = (type: string, held: readonly string[]): string =>
    sound.replace(
      '\n\tchain ',
      `\n\tset more {\n\t\t${type}\n\t\tsize 120000\n\t\telements = {\n\t\t\t${held.join(',\n\t\t\t')}\n\t\t}\n\t}\n\n\tchain `,
    )
  const moreIn = (text: string): readonly [declared: string, large: readonly string[]] => {
    const [inet] = inGeneration(text, 'b')
    const declared = /\tset b\/more \{\n([\s\S]*?)\n\t\}/.exec(inet?.text ?? '')?.[1] ?? ''
    return [
      declared,
      inet?.large.map(({ name, elements: held }) => `${name}: ${held.split(',').length}`) ?? [],
    ]
  }

  test('are declared in the text, and what they hold is apart', () => {
    const [inet, arp] = inGeneration(withSet('type ipv4_addr', elements), 'b')
    expect(moreIn(withSet('type ipv4_addr', elements))[0]).toBe('\t\ttype ipv4_addr\n\t\tsize 120000')
    expect(inet?.large.map(({ name }) => name)).toEqual(['b/more'])
    expect(inet?.large[0]?.elements.trim().split(/,\s+/)).toEqual(elements)
    expect(arp?.large).toEqual([])
  })
  test('hold what they hold where they are declared, if they are small, intervals or verdicts', () => {
    for (const [type, held] of [
      ['type ipv4_addr', elements.slice(0, 1000)],
      ['type ipv4_addr\n\t\tflags interval', elements],
      ['type ipv4_addr\n\t\tflags timeout,interval', elements],
      ['type ipv4_addr : verdict', elements.map((one) => `${one} : goto more`)],
    ] as const) {
      const [declared, large] = moreIn(withSet(type, held))
      expect(large).toEqual([])
      expect(declared.split(',\n').length).toBe(held.length)
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
