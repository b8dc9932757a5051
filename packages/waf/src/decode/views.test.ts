/** Every decoder alone and in layers; that nothing grows; and that no bytes make any of them throw. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectors } from '../detect/all.ts'
import { judgeWith } from '../judge/judge.ts'
import { viewsOf } from './views.ts'

describe('a view of', () => {
  test.each([
    ['%3Cb%3E', '<b>', ['percent']],
    ['%253Cb%253E', '<b>', ['percent', 'percent']],
    ['%u003cb%u003e', '<b>', ['percent-u']],
    ['%c0%qf', '/', ['percent-sloppy', 'overlong']],
    ['\xc0\xae', '.', ['overlong']],
    ['\xe0\x80\xaf', '/', ['overlong']],
    ['\xc3\xa9', '\u00e9', ['utf-8']],
    ['\uff1cb\uff1e', '<b>', ['folded']],
    ['&#60;b&gt;', '<b>', ['entities']],
    ['&#x3C;b&#62', '<b>', ['entities']],
    ['\\x3cb\\u003e', '<b>', ['escapes']],
    ['\\u{3c}b\\76', '<b>', ['escapes']],
    ['+ADw-b+AD4-', '<b>', ['utf-7']],
    ['s\0cript', 'script', ['controls']],
    ['PHNjcmlwdD4=', '<script>', ['base64']],
    ['UEhOamNtbHdkRDQ9', '<script>', ['base64', 'base64']],
    ['JTNDc2NyaXB0JTNF', '<script>', ['base64', 'percent']],
    ['4oCcPjxzY3JpcHQ-YWxlcnQoMSk', '“><script>alert(1)', ['base64', 'utf-8']],
    ['<script+>alert(1)', '<script >alert(1)', ['plus']],
    ['PGI-PGI_PGI-PGI_', '<b><b?<b><b?', ['base64']],
    ['3c7363726970743e', '<script>', ['hex']],
    ['0x3c7363726970743e', '<script>', ['hex']],
    ['\\3c b\\00003e', '<b>', ['css-escapes']],
    ['ale/*x*/rt/**/(1)', 'alert(1)', ['comments']],
    ["x'+or+1=1", "x' or 1=1", ['plus']],
    ['%2527', "'", ['percent', 'percent']],
    ['%255Cu003c', '<', ['percent', 'percent', 'escapes']],
    ['&amp;lt;', '<', ['entities', 'entities']],
    ['\\74\\150', '<h', ['escapes']],
    ['\xbcb\xbe', '<b>', ['folded']],
  ])('%j is %j', (text, decoded, layers) => {
    expect(viewsOf(text)).toContainEqual({ text: decoded, layers })
  })
})

test('what is plain has no other view', () => {
  for (const text of [
    'vent-01',
    '2026-11-22T10:00:00Z',
    'hello world',
    '21.5',
    'a+b',
    '100%',
    'AT&T',
    'C:\\temp',
    '*/*',
    'e3b0c44298fc1c149afbf4c8996fb924',
    '5 * 3 / 2',
  ]) {
    expect(viewsOf(text)).toEqual([{ text, layers: [] }])
  }
})

test('the plus of base64 in lines is no space, also where its beginning and its end are cut off', () => {
  const line = 'k+LLd0/zsKpt+n3Qsz40E4v0Efbs5qgQC77ichVbavqOPb79mu9bIQ3pkV95YfdJ'
  for (const text of [`${line}\n${line}`, `${line}\r\n${line}\r\nab+c`, `Id+0\n${line}\n${line}\na+b==`])
    expect(viewsOf(text)).toEqual([{ text, layers: [] }])
  for (const text of [`${line}a\n${line}\n${line}`, 'a\ncat+/etc/passwd+x', `${line}\n${line};\n${line}`])
    expect(viewsOf(text)).toContainEqual({ text: text.replaceAll('+', ' '), layers: ['plus'] })
})

test('no view is longer than the text, and there are at most twelve', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      '%',
      '2',
      '5',
      'u',
      '0',
      '3',
      'c',
      '&',
      '#',
      ';',
      'x',
      '\\',
      '{',
      '}',
      '+',
      'A',
      'D',
      'w',
      '-',
      '\xc0',
      '\xaf',
      '\0',
      '\uff1c',
    ),
    maxLength: 60,
  })
  fc.assert(
    fc.property(hostile, (text) => {
      const views = viewsOf(text)
      expect(views.length).toBeLessThanOrEqual(12)
      for (const view of views) {
        expect(view.text.length).toBeLessThanOrEqual(text.length)
        expect(view.layers.length).toBeLessThanOrEqual(5)
      }
    }),
  )
})

test('no text makes a detector throw, and evidence lies inside the text', () => {
  const judge = judgeWith(detectors)
  const pieces = [
    '<',
    'a',
    ' on',
    '="',
    "'",
    '"',
    '(',
    ')',
    ';',
    '|',
    '&',
    '`',
    '$',
    '{',
    '}',
    '../',
    'etc/passwd',
    'select ',
    'union ',
    ' or ',
    '1=1',
    '--',
    '#',
    '\n',
    '\0',
    '\\',
    '%',
    '/*',
    '*/',
    'jndi:',
    'id',
    'script',
    '=',
    '[',
    ']',
    '<!',
    '?',
    'é',
    '\ud800',
    '0x',
    '@',
    ',',
    '.',
  ]
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (text) => {
      const finding = judge({ place: 'query', name: 'q', part: 'value', text })
      if (finding === null) return
      expect(finding.why.length).toBeGreaterThan(5)
      expect(finding.excerpt.length).toBeLessThanOrEqual(80)
      expect(finding.offset).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: Number(process.env['THINGWALL_PROPERTY_RUNS'] ?? 500) },
  )
})
