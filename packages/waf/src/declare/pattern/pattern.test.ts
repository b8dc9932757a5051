/**
 * Patterns: what runs says what the runtime's own engine says; what cannot be run in one pass is refused by
 * name; and what would be a catastrophe there is one pass here.
 */
import { describe, expect, test } from 'vitest'
import { engineSays } from './fixtures/engine.ts'
import { readPattern, type TestPattern } from './pattern.ts'

const compiled = (source: string): TestPattern => {
  const test = readPattern(source)
  if (typeof test === 'string') throw new Error(`${source}: ${test}`)
  return test
}

const texts = [
  '',
  'a',
  'b',
  'ab',
  'aab',
  'abc',
  'aaaa',
  'vent-01',
  'a b',
  ' a',
  'a_1 b',
  '2026-11-22',
  'x2026-11-22y',
  '😀',
  'a😀b',
  '\ud83d',
  'é',
  'ß\n',
  'line\nline',
  '\u2028',
  '\t-]^\\',
  'A-Z',
  '{}',
  'aXbX',
  'ac',
  'bc',
  'abab',
]

test.each([
  '',
  'a',
  '^a$',
  '^$',
  '$',
  '^',
  'a|b',
  '^(?:a|b|)$',
  'a*',
  '^a*$',
  '^a+b?$',
  '^a{2}$',
  '^a{2,}$',
  '^a{1,3}$',
  '^a{0,0}b$',
  '^(?:ab){2}$',
  '^[a-z0-9-]{1,32}$',
  '^\\d{4}-\\d{2}-\\d{2}$',
  '\\d{4}-\\d{2}-\\d{2}',
  '^.$',
  '^..$',
  '^[^]$',
  '[]',
  '^[^a]$',
  '^[\\w-]+$',
  '^[-\\w]+$',
  '^[\\s\\S]*$',
  '^\\S+$',
  '\\bb',
  'b\\b',
  '\\Bb',
  'b\\B',
  '^\\b',
  '\\b$',
  '\\B',
  '^\\u{1F600}$',
  '^\\ud83d\\ude00$',
  '^\\ud83d$',
  '^[\\u{1F600}-\\u{1F64F}a]+',
  '^\\x61\\u0062$',
  '^\\cI',
  '^[\\b\\t]',
  '^\\0',
  '^[\\]\\^\\\\\\-]',
  '^\\p{L}+$',
  '^\\P{L}+$',
  '^[\\p{Lu}\\p{Nd}-]+$',
  '(?<year>\\d+)',
  '^(a+)+$',
  '^(a*)*$',
  '^(?:a|a)*$',
  '^(a?){3}a{3}$',
  '(a|b)*c|X$',
  'a*?b',
  '^(?:(?:a|^b)|c)$',
  '(?:^|a)b',
  'a(?:$|b)',
  '(?:)*',
  '(?:a*b*)*$',
  '(?:^)*a',
  'é|ß',
])('/%s/ says what the runtime says', (source) => {
  const test = compiled(source)
  expect(texts.filter((text) => test(text) !== engineSays(source, text))).toEqual([])
})

describe('refused', () => {
  test.each<[source: string, says: RegExp]>([
    ['(a)\\1', /refers back/],
    ['(?<n>a)\\k<n>', /refers back/],
    ['(?=a)', /looks ahead/],
    ['(?!a)', /looks ahead/],
    ['(?<=a)b', /looks behind/],
    ['(?<!a)b', /looks behind/],
    ['(?i:a)', /flags/],
    ['(?i)a', /flags/],
    ['(a', /does not end/],
    ['a)', /closes nothing/],
    ['[a', /does not end/],
    ['a]', /closes nothing/],
    ['a}', /closes nothing/],
    ['{', /nothing before/],
    ['a{', /begins no repetition/],
    ['a{,3}', /begins no repetition/],
    ['a{3,2}', /at least 3 and at most 2/],
    ['*a', /nothing before/],
    ['a**', /repetition of a repetition/],
    ['^*', /no length/],
    ['\\', /at the end/],
    ['\\a', /no escape/],
    ['\\z', /no escape/],
    ['\\u12', /no escape/],
    ['\\u{110000}', /no escape/],
    ['\\x1', /no escape/],
    ['\\01', /no escape/],
    ['\\c1', /no escape/],
    ['[z-a]', /ends before it begins/],
    ['[\\w-z]', /one end is a class/],
    ['\\p{Nothing}', /no property/],
    ['\\p{L', /no property/],
    ['\\p', /no property/],
    ['(?<1>a)', /name is none/],
    ['(?<n', /name is none/],
    // What cannot be held in a bounded table.
    ['a.{20}b', /too many states/],
    ['(a|b)*a(a|b){14}$', /too many states/],
    ['^a{30000}$', /more than 20000 steps/],
    ['^(?:a{1000}){1000}$', /more than 20000 steps/],
    ['(?:a{0,999999}){0,999999}', /more than 20000 steps/],
    ['('.repeat(200) + ')'.repeat(200), /nested deeper/],
    ['a'.repeat(5000), /longer than/],
  ])('/%s/: %s', (source, says) => {
    expect(readPattern(source)).toMatch(says)
  })
})

test('what engines that go back choke on is one pass', () => {
  for (const source of [
    '^(a+)+$',
    '^(a|aa)+$',
    '^([a-z0-9]+)*@',
    '^(.*)*(.*)*x$',
    '(x+x+)+y',
    '^(?:a?){50}a{50}$',
  ]) {
    const test = compiled(source)
    const text = `${'a'.repeat(200_000)}!`
    expect(test(text)).toBe(false)
    expect(test('x'.repeat(200_000))).toBe(source === '^(.*)*(.*)*x$')
  }
})

test('the largest that are made at all', () => {
  for (const source of [
    '^.{0,4000}$',
    '^[\\u0020-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]{0,2048}$',
    '^(?:[0-9a-f]{2}:){63}[0-9a-f]{2}$',
  ])
    expect(typeof readPattern(source)).toBe('function')
})
