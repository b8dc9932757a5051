/** Places of keys inside calls: written out, spread, declared elsewhere, computed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { locatorFor } from './locate.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-locate-'))
const file = join(folder, 'site.policy.ts')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const source = `import { list, network, policy } from 'thingwall'
const why: string = 'x'
const more = { '192.0.2.1': { why } } as const
const key = '192.0.2.2'
export const bad = list('bad', {
  why,
  entries: {
    '198.51.100.7': { why },
    ...more,
    [key]: { why },
    'a.example': { why },
  },
})
const tests = [
  { from: 'a', to: 'b', expect: 'deny' },
  ...[],
  { from: 'c', to: 'd', expect: 'deny' },
]
export default policy('site', { networks: { lan: network({ role: 'trusted', interface: 'lan0' }) }, tests })
`
writeFileSync(file, source)

const locator = locatorFor(() => true, {})
const at = (line: number, column: number, keys: readonly (string | number)[]): string => {
  const found = locator.locate({ file, line, column }, keys)
  return `${found.line}:${found.column}`
}

test.each([
  ['a key', ['entries', '198.51.100.7'], '8:5'],
  ['a property of an entry', ['entries', '198.51.100.7', 'why'], '8:23'],
  ['a key of a spread constant', ['entries', '192.0.2.1'], '3:16'],
  ['a computed key keeps the place of what encloses it', ['entries', '192.0.2.2'], '7:3'],
  ['a key that is not there likewise', ['entries', '192.0.2.9'], '7:3'],
  ['nothing on the way', ['nothing'], '5:20'],
] as const)('%s', (_, keys, place) => {
  expect(at(5, 20, keys)).toBe(place)
})

test('items of a list declared elsewhere, up to the first spread', () => {
  expect(at(19, 16, ['tests', 0])).toBe('15:3')
  expect(at(19, 16, ['tests', 2])).toBe('19:101')
})

test('a property of a call on the same line', () => {
  const line = source.split('\n')[18] as string
  const call = line.indexOf('network(') + 1
  expect(at(19, call, ['interface'])).toBe(`19:${line.indexOf('interface') + 1}`)
})

test('a place without a call, and a file that may not be read, stay what they are', () => {
  expect(at(2, 1, ['why'])).toBe('2:1')
  const closed = locatorFor(() => false, {})
  expect(closed.locate({ file, line: 5, column: 20 }, ['entries'])).toEqual({ file, line: 5, column: 20 })
})
