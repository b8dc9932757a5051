/** Options that cannot be meant: each throws when the firewall is made, and says what it is. */
import { expect, test } from 'vitest'
import { endedExclusions, readOptions, type WafOptions } from './index.ts'

test.each<[what: string, options: unknown, says: RegExp]>([
  ['a misspelt option', { route: {} }, /no option "route"/],
  ['no route', { routes: { echo: {} } }, /method in capitals/],
  ['a misspelt property', { routes: { 'GET /': { querry: {} } } }, /"querry" is no property.*query/],
  [
    'a misspelt value',
    { routes: { 'GET /': { query: { a: { maxlength: 1 } } } } },
    /"maxlength" is no property/,
  ],
  ['no value', { routes: { 'GET /': { query: { a: 'string' } } } }, /not a value/],
  ['no count', { routes: { 'GET /': { query: { a: { maxLength: -1 } } } } }, /no count/],
  [
    'no range',
    { routes: { 'GET /': { query: { a: { minLength: 2, maxLength: 1 } } } } },
    /no text could be both/,
  ],
  ['a range of no number', { routes: { 'GET /': { query: { a: { maximum: 1 } } } } }, /no number/],
  [
    'an unknown format',
    { routes: { 'GET /': { query: { a: { format: 'datetime' } } } } },
    /none of.*date-time/,
  ],
  ['an unknown template', { routes: { 'GET /{a}': { path: { b: {} } } } }, /no such template/],
  ['one route twice', { routes: { 'GET /{a}': {}, 'GET /{b}': {} } }, /once more/],
  ['routes that cross', { routes: { 'GET /a/{b}': {}, 'GET /{a}/b': {} } }, /neither says more/],
  ['a header twice', { routes: { 'GET /': { headers: { A: {}, a: {} } } } }, /declared twice/],
  ['nobody', { routes: { 'GET /': { who: [] } } }, /who may call/],
  ['a misspelt caller', { routes: { 'GET /': { who: [{ profil: 'a' }] } } }, /names no caller/],
  [
    'two callers in one',
    { routes: { 'GET /': { who: [{ profile: 'a', device: 'b' }] } } },
    /names no caller/,
  ],
  ['no content type', { routes: { 'POST /': { body: { content: { json: {} } } } } }, /no content type/],
  ['an empty body', { routes: { 'POST /': { body: { content: {} } } } }, /no content type/],
  [
    'fields of JSON',
    { routes: { 'POST /': { body: { content: { 'application/json': { fields: {} } } } } } },
    /no form/,
  ],
  ['a misspelt mode', { mode: 'enforced' }, /none of "enforce"/],
  ['an empty enumeration', { routes: { 'GET /': { query: { a: { enum: [] } } } } }, /list of values/],
])('wrong options: %s', (_, options, says) => {
  expect(() => readOptions(options as WafOptions)).toThrow(says)
})

test('all faults at once', () => {
  const options = {
    routes: { 'GET /a': { query: { b: { type: 'txt' } } }, nothing: {}, 'GET /c': { mode: 'off' } },
  }
  expect(() => readOptions(options as never)).toThrow(/txt.*\n.*nothing.*\n.*mode/s)
})

test('exclusions that are over are told', () => {
  const one = { rule: 'sqli', route: '*', field: 'query.q', why: 'Seen' }
  const exclusions = {
    over: { ...one, expires: '2026-11-22' },
    lasts: { ...one, expires: '2026-11-23' },
    second: { ...one, expires: '2026-11-22T22:00:00Z' },
    wrong: { ...one, expires: 'never' },
  }
  const now = Date.parse('2026-11-22T22:00:00Z')
  expect(endedExclusions({ exclusions }, now).map(({ name }) => name)).toEqual(['over', 'second', 'wrong'])
  expect(endedExclusions({}, now)).toEqual([])
})
