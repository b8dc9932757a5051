/** What readers share: the first stop counts, names are judged once, and values are opened when they are JSON. */
import { describe, expect, test } from 'vitest'
import type { Finding } from '../model/decision.ts'
import type { Field } from '../model/request.ts'
import { mayBeJson } from './carried.ts'
import { defaultLimits } from './limits.ts'
import { type Judge, Reading, Values } from './reading.ts'
import { Windows, windowLength } from './windows.ts'

const found: Finding = {
  rule: 'x',
  place: 'body',
  name: '',
  part: 'value',
  excerpt: '',
  offset: 0,
  layers: [],
  why: '',
}

/** Writes down what is judged; refuses what `bad` says. */
function listening(bad: (field: Field) => boolean = () => false): Judge & { readonly heard: string[] } {
  const heard: string[] = []
  return {
    heard,
    text(field) {
      heard.push(`${field.part} ${field.name} ${field.text.slice(0, 20)}`)
      return bad(field) ? { ...found, name: field.name } : null
    },
    scalar(value, name) {
      heard.push(`scalar ${name()} ${value}`)
      return null
    },
  }
}

test('the first stop is the one that is told', () => {
  const reading = new Reading(
    listening(({ text }) => text === 'bad'),
    defaultLimits,
  )
  expect(reading.name('good', 'a')).toBe(false)
  expect(reading.name('bad', 'b')).toBe(true)
  reading.refuse('late', 'too late')
  expect([reading.finding?.name, reading.fault]).toEqual(['b', null])
})

test('a name is judged once', () => {
  const judge = listening()
  const reading = new Reading(judge, defaultLimits)
  for (const way of ['a', 'b']) reading.name('key', way)
  expect(judge.heard).toEqual(['name a key'])
})

test('names are remembered up to a number, and judged again behind it', () => {
  const judge = listening()
  const reading = new Reading(judge, defaultLimits)
  for (let i = 0; i < 2000; i++) reading.name(`k${i}`, '')
  reading.name('k0', '')
  reading.name('k1999', '')
  expect(judge.heard.length).toBe(2001)
})

describe('what a value carries', () => {
  test('JSON in JSON in a value, three deep and no deeper', () => {
    const judge = listening()
    const nested = [1, 2, 3, 4].reduce(
      (inner, depth) => JSON.stringify({ [`k${depth}`]: inner }),
      '["bottom",7]',
    )
    new Values(new Reading(judge, defaultLimits)).value('q', { text: nested, at: 0, last: true })
    expect(judge.heard.filter((line) => line.startsWith('name'))).toEqual([
      'name q k4',
      'name q.k4 k3',
      'name q.k4.k3 k2',
    ])
  })

  test('a number in it is told with its way', () => {
    const judge = listening()
    new Values(new Reading(judge, defaultLimits)).value('q', {
      text: '{"a":[1,{"b":-2}]}',
      at: 0,
      last: true,
    })
    expect(judge.heard.filter((line) => line.startsWith('scalar'))).toEqual([
      'scalar q.a[0] 1',
      'scalar q.a[1].b -2',
    ])
  })

  test('it is read across the pieces of a long value', () => {
    const judge = listening(({ name }) => name === 'payload.q')
    const reading = new Reading(judge, defaultLimits)
    const values = new Values(reading)
    const windows = new Windows()
    const text = JSON.stringify({ filler: 'é'.repeat(2 * windowLength), q: 'here' })
    for (const piece of [...windows.write(text), windows.end()]) values.value('payload', piece)
    expect(reading.finding?.name).toBe('payload.q')
    expect(judge.heard.at(-1)).toBe('value payload.q here')
  })

  test('prose in brackets is no fault', () => {
    const reading = new Reading(listening(), defaultLimits)
    expect(new Values(reading).value('q', { text: '[a link](to)', at: 0, last: true })).toBe(false)
    expect(reading.fault).toBeNull()
  })

  test('a file is not opened', () => {
    const judge = listening()
    new Values(new Reading(judge, defaultLimits)).value('f', { text: '{"a":"b"}', at: 0, last: true }, 'file')
    expect(judge.heard).toEqual(['value f {"a":"b"}'])
  })

  test.each([
    ['{}', true],
    ['[1', true],
    ['{', false],
    ['a{', false],
    ['', false],
  ])('%j may be JSON: %s', (text, may) => {
    expect(mayBeJson(text)).toBe(may)
  })
})

test('one field too many is a fault', () => {
  const reading = new Reading(listening(), { ...defaultLimits, fields: 2 })
  expect([reading.count(), reading.count(), reading.count()]).toEqual([false, false, true])
  expect(reading.fault?.rule).toBe('limit-fields')
})
