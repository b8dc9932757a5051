/**
 * Every detector looks at each character a bounded number of times, whatever the text: held to steps, not to time. The texts
 * are what a detector begins something at, over and over, once as long as four times. THINGWALL_PROPERTY_RUNS for more of them.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Detector } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { Work } from '../model/work.ts'
import { detectors } from './all.ts'
import { stepsOf } from './fixtures/counted.ts'

const numRuns = Number(process.env.THINGWALL_PROPERTY_RUNS ?? 60)
const seed = Number(process.env.THINGWALL_PROPERTY_SEED ?? 4)
const short = 1500
const long = 4 * short
/** What a detector may do however short the text is: a few windows of some hundred characters. */
const apart = 40_000
const most = 5

const signs = ' \t\n\r()[]{}<>\'"`;:,.|&!?@#$%^*+-=~/\\_aA0\0é不'
const fields: readonly Omit<Field, 'text'>[] = [
  { place: 'body', name: 'note', part: 'value' },
  { place: 'body', name: 'note', part: 'name' },
  { place: 'path', name: '', part: 'value' },
  { place: 'header', name: 'user-agent', part: 'value' },
  { place: 'body', name: 'file', part: 'value', kind: 'file' },
  { place: 'body', name: 'file', part: 'value', kind: 'file-name' },
]

/** Words that detectors read on from, beside their triggers. */
const words: readonly string[] = [
  ...['select ', ' or ', "' or ", '1=1', 'case when ', '; cat ', '| id', '<a ', ' on', '="', '<!--', '-->'],
  ...['${', '}', '::-', 'lower:', 'a=b', '(a=b)', '(&', "self['", '\\', 'system', 'O:1:"', 'GET /', 'HTTP/1'],
  ...[
    '$ne',
    "'||",
    '__proto__',
    'http://',
    'url:',
    '0x2e',
    '..',
    '<a:Envelope',
    '@{[',
    ']}',
    '1*1',
    'Set-Cookie:',
  ],
]

const pieces = ({ triggers }: Detector): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constantFrom(...triggers), fc.constantFrom(...signs), fc.constantFrom(...words)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((all) => all.join(''))

const filled = (head: string, piece: string, length: number): string =>
  head + piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

describe.each(detectors.map((detector) => [detector.id, detector] as const))('%s', (_, detector) => {
  test('takes no more than five times the steps for four times the text', () => {
    const steps = (text: string, field: Omit<Field, 'text'>): number =>
      stepsOf(() => detector.detect(text, { ...field, text }, new Work(Number.POSITIVE_INFINITY)))
    let looked = 0
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(''), pieces(detector)),
        pieces(detector),
        fc.constantFrom(...fields),
        (head, piece, field) => {
          const [once, more] = [filled(head, piece, short), filled(head, piece, long)].map((text) =>
            steps(text, field),
          ) as [number, number]
          looked += more
          expect(more, JSON.stringify([head, piece])).toBeLessThanOrEqual(most * once + apart)
        },
      ),
      { numRuns, seed },
    )
    // That it is counted at all.
    expect(looked).toBeGreaterThan(0)
  })
})

test('counts what is done over and over', () => {
  const text = '['.repeat(300)
  const again = (): void => {
    for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) text.indexOf(']', at)
  }
  expect(stepsOf(again)).toBeGreaterThan((300 * 300) / 2)
  expect(stepsOf(() => /a*b/.exec('a'.repeat(100)))).toBeGreaterThanOrEqual(100)
  expect(stepsOf(() => null)).toBe(0)
})
