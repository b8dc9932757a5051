/** Decisions in a log and in counters: one line each whatever was sent, and no more kinds than are declared. */
import { expect, test } from 'vitest'
import type { Decision, Finding } from '../model/decision.ts'
import { counters } from './counters.ts'
import { decisionLine } from './decision-line.ts'

const finding: Finding = {
  rule: 'xss',
  place: 'query',
  name: 'echo',
  part: 'value',
  excerpt: '<script>',
  offset: 3,
  layers: ['percent'],
  why: 'a script',
}
const refused: Decision = {
  id: 'a1b2',
  verdict: 'refuse',
  finding,
  route: 'GET /echo',
  who: 'vent-01',
  answer: { status: 403, headers: [] },
}
const allowed: Decision = { ...refused, verdict: 'allow', finding: null, answer: null }
const at = Date.parse('2026-11-22T22:00:00Z')

test('a line has everything', () => {
  expect(JSON.parse(decisionLine(refused, at))).toEqual({
    at: '2026-11-22T22:00:00.000Z',
    id: 'a1b2',
    verdict: 'refuse',
    route: 'GET /echo',
    who: 'vent-01',
    status: 403,
    ...finding,
  })
  expect(JSON.parse(decisionLine(allowed, at))).toMatchObject({ verdict: 'allow', rule: null, status: null })
})

test('one line, and nothing hidden, whatever was sent', () => {
  const hostile = [
    '\n{"verdict":"allow"}',
    '\r\n',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u001b[2J\u001b[31m',
    '\u009b31m',
    '\u202e}"wolla":"tcidrev"',
    '\u2066',
    '\ufeff',
    '\u200b',
    '\u0000',
    '\u007f',
    '\ud800',
    '\udfff\ud800',
    '\u{e0001}',
    '"},"verdict":"allow","x":{"',
    '\\',
  ]
  for (const text of hostile) {
    const line = decisionLine(
      { ...refused, who: text, finding: { ...finding, name: text, excerpt: text } },
      at,
    )
    expect(line, JSON.stringify(text)).not.toMatch(/[\p{C}\u2028\u2029]/u)
    const read = JSON.parse(line)
    expect([read.verdict, read.name, read.excerpt, read.who]).toEqual(['refuse', text, text, text])
  }
})

test('what is plain stays readable', () => {
  expect(decisionLine({ ...refused, who: 'Größe 温度 😀' }, at)).toContain('"who":"Größe 温度 😀"')
})

test('counted by route, rule and verdict', () => {
  const all = counters()
  for (const one of [
    refused,
    allowed,
    refused,
    { ...refused, verdict: 'report' as const },
    { ...refused, route: null },
  ])
    all.count(one)
  expect(all.counts()).toEqual([
    { route: 'GET /echo', rule: 'xss', verdict: 'refuse', count: 2 },
    { route: 'GET /echo', rule: 'xss', verdict: 'report', count: 1 },
    { route: 'GET /echo', rule: null, verdict: 'allow', count: 1 },
    { route: null, rule: 'xss', verdict: 'refuse', count: 1 },
  ])
})

test('names that mean something to objects mean nothing here', () => {
  const all = counters()
  all.count({ ...refused, route: '__proto__', finding: { ...finding, rule: 'constructor' } })
  expect(all.counts()).toEqual([{ route: '__proto__', rule: 'constructor', verdict: 'refuse', count: 1 }])
})

test('bounded, and nothing is lost', () => {
  const all = counters()
  for (let at = 0; at < 30_000; at++) all.count({ ...refused, route: `GET /${at}` })
  const counts = all.counts()
  expect(counts.length).toBeLessThanOrEqual(20_001)
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(30_000)
  expect(counts.at(-1)).toMatchObject({ route: null, rule: 'other', count: 10_000 })
})
