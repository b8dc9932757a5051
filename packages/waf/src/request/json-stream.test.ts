/** JSON in pieces: what is told and when, the way to it, the value that is built, and where it stops. */
import { describe, expect, test } from 'vitest'
import { Building } from './building.ts'
import { type JsonEvents, JsonStream } from './json-stream.ts'
import { windowLength } from './windows.ts'

const limits = { depth: 64, fields: 10_000, names: 262_144 }

/** What is told of a document, and the stream. */
function read(pieces: readonly string[], { builds = true, stopAt = '' } = {}) {
  const told: string[] = []
  const tell = (line: string): boolean => told.push(line) > 0 && line === stopAt
  const events: JsonEvents = {
    key: (text, way) => tell(`key ${way.name()} ${text}`),
    text: ({ text, at, last }, way) =>
      tell(`text ${way.name()} ${text.length > 40 ? `${at}${last ? ' last' : ''}` : text}`),
    scalar: (value, way) => tell(`scalar ${way.name()} ${value}`),
  }
  const building = new Building()
  const stream = new JsonStream(limits, builds ? building.json(events) : events)
  for (const piece of pieces) stream.write(piece)
  stream.end()
  const value = building.value()
  return { told, stream, value: value.kind === 'json' ? value.value : undefined }
}

test('keys, values and the way to them, in order', () => {
  expect(read(['{"a":{"b":[1,"x",{"c":null}]},"d":true}']).told).toEqual([
    'key  a',
    'key a b',
    'scalar a.b[0] 1',
    'text a.b[1] x',
    'key a.b[2] c',
    'scalar a.b[2].c null',
    'key  d',
    'scalar d true',
  ])
})

test('a value is told as soon as it is complete', () => {
  expect(read(['["a","b', '"'], {}).told).toEqual(['text [0] a', 'text [1] b'])
})

test('escapes that are cut', () => {
  const { value } = read(['"\\', 'n\\u00', 'e9\\ud83d', '\\ude00"'])
  expect(value).toBe('\né😀')
})

test('without building a key twice is a fault all the same', () => {
  for (const count of [2, 40]) {
    const keys = Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')
    expect(read([`{${keys}}`], { builds: false }).stream.fault).toBeNull()
    expect(read([`{${keys},"k1":1}`], { builds: false }).stream.fault?.why).toBe('a key is there twice')
  }
})

test('a stop ends it, and is no fault', () => {
  const { told, stream } = read(['["a","b","c"] and more'], { stopAt: 'text [1] b' })
  expect([told.length, stream.stopped, stream.fault]).toEqual([2, true, null])
})

test('a long text comes in pieces, before it is over where nothing is built', () => {
  const long = 'x'.repeat(windowLength + 10)
  expect(read([`["${long}`], { builds: false }).told).toEqual(['text [0] 0'])
  expect(read([`["${long}"]`]).told).toEqual(['text [0] 0', `text [0] ${windowLength - 16_384} last`])
  expect(read([`["${long}"]`]).value).toEqual([long])
})

describe('faults are where they are, whatever comes before them in the same piece', () => {
  test.each([
    ['["a" "b"]', '"," or "]" was expected', ['text [0] a']],
    ['{"a":1 "b"}', '"," or "}" was expected', ['key  a', 'scalar a 1']],
    ['{"a" 1}', '":" was expected', ['key  a']],
    ['{1:2}', 'a key was expected', []],
    ['["a",', 'it ends before it is complete', ['text [0] a']],
    ['["a', 'a string does not end', []],
    ['12x', 'a value was expected', []],
    [`[${'1'.repeat(1001)}]`, 'a value was expected', []],
  ])('%s', (text, why, told) => {
    for (const pieces of [[text], [...text]]) {
      const { stream, told: now } = read(pieces)
      expect([stream.fault?.why, now]).toEqual([why, told])
    }
  })
})
