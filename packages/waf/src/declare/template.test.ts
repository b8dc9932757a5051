/** Paths as they are declared, and what two of them have to do with each other. */
import { expect, test } from 'vitest'
import { compareTemplates, readTemplate, type Template } from './template.ts'

const read = (key: string): Template => {
  const template = readTemplate(key)
  if (typeof template === 'string') throw new Error(template)
  return template
}

test('a method and segments', () => {
  expect(read('GET /v1/devices/{id}/files/{path*}')).toEqual({
    method: 'GET',
    segments: [
      { kind: 'literal', text: 'v1' },
      { kind: 'literal', text: 'devices' },
      { kind: 'value', name: 'id' },
      { kind: 'literal', text: 'files' },
      { kind: 'rest', name: 'path' },
    ],
  })
  expect(read('GET /').segments).toEqual([{ kind: 'literal', text: '' }])
})

test.each<[key: string, says: string]>([
  ['/echo', 'a method in capitals'],
  ['get /echo', 'a method in capitals'],
  ['GET echo', 'a method in capitals'],
  ['GET  /echo', 'a method in capitals'],
  ['GET /a/{id}/b/{id}', 'twice'],
  ['GET /{path*}/a', 'only stand at its end'],
  ['GET /v{n}', 'a whole segment'],
  ['GET /{}', 'a whole segment'],
  ['GET /a?b', 'declared under `query`'],
  ['GET /a#b', 'declared under `query`'],
  ['GET /a//b', 'empty segment'],
  ['GET /a/../b', 'no client sends'],
  ['GET /a%2fb', 'without `%`'],
  ['GET /a b', 'space'],
  ['GET /a\\b', 'space'],
  ['GET /a\u0000', 'space'],
  ['GET /\u0085\u2028', 'space'],
  [`GET ${'/a'.repeat(100)}`, 'more than 64'],
  [`GET /${'{'.repeat(10_000)}`, 'a whole segment'],
])('%j is none: %s', (key, says) => {
  expect(readTemplate(key)).toContain(says)
})

test.each<[one: string, other: string, relation: string, back: string]>([
  ['GET /a', 'GET /a', 'same', 'same'],
  ['GET /a', 'GET /b', 'apart', 'apart'],
  ['GET /a', 'GET /a/b', 'apart', 'apart'],
  ['GET /a/', 'GET /a', 'apart', 'apart'],
  ['GET /a/', 'GET /a/{x}', 'apart', 'apart'],
  ['GET /a/', 'GET /a/{x*}', 'apart', 'apart'],
  ['GET /{x}', 'GET /{y}', 'same', 'same'],
  ['GET /a', 'GET /{x}', 'narrower', 'wider'],
  ['GET /a/{x}', 'GET /{y}/{z}', 'narrower', 'wider'],
  ['GET /{x}/c', 'GET /b/{y}', 'crossing', 'crossing'],
  ['GET /{x}/c', 'GET /b/d', 'apart', 'apart'],
  ['GET /a/{x}', 'GET /{y*}', 'narrower', 'wider'],
  ['GET /a/{x*}', 'GET /{y*}', 'narrower', 'wider'],
  ['GET /{x}/{y*}', 'GET /a/{z*}', 'wider', 'narrower'],
  ['GET /{x}/c', 'GET /a/{y*}', 'crossing', 'crossing'],
  ['GET /a', 'GET /a/{x*}', 'apart', 'apart'],
  ['GET /{x*}', 'GET /{y*}', 'same', 'same'],
])('%s and %s: %s, and back %s', (one, other, relation, back) => {
  expect(compareTemplates(read(one), read(other))).toBe(relation)
  expect(compareTemplates(read(other), read(one))).toBe(back)
})
