/** Headers are judged once, what is found is never remembered, and what it takes is counted each time. */
import { describe, expect, test } from 'vitest'
import type { Finding } from '../model/decision.ts'
import type { Field } from '../model/request.ts'
import { Work } from '../model/work.ts'
import type { JudgeField } from './judge.ts'
import { Remembered } from './remembered.ts'

const header = (text: string, more: Partial<Field> = {}): Field => ({
  place: 'header',
  name: 'user-agent',
  part: 'value',
  text,
  ...more,
})
const finding: Finding = {
  rule: 'x',
  place: 'header',
  name: '',
  part: 'value',
  excerpt: '',
  offset: 0,
  layers: [],
  why: '',
}

/** Takes ten steps for each text, finds what is bad, and says what it was asked. */
function listening(): { readonly judge: JudgeField; readonly asked: string[] } {
  const asked: string[] = []
  const judge: JudgeField = ({ text }, work) => {
    asked.push(text)
    work?.spend(10)
    return text === 'bad' ? finding : null
  }
  return { judge, asked }
}

test('once for each name and text', () => {
  const remembered = new Remembered()
  const { judge, asked } = listening()
  for (let round = 0; round < 3; round++)
    for (const field of [header('a'), header('b'), header('a', { name: 'accept' })])
      expect(remembered.judge(judge, field, new Work(1000))).toBeNull()
  expect(asked).toEqual(['a', 'b', 'a'])
})

describe('always', () => {
  test.each<[what: string, field: Field]>([
    ['what is found', header('bad')],
    ['a name', header('a', { part: 'name' })],
    ['a long text', header('a'.repeat(513))],
    ['a value of a query', header('a', { place: 'query' })],
    ['a cookie', header('a', { place: 'cookie' })],
  ])('%s', (_, field) => {
    const remembered = new Remembered()
    const { judge, asked } = listening()
    const first = remembered.judge(judge, field, new Work(1000))
    expect(remembered.judge(judge, field, new Work(1000))).toBe(first)
    expect(asked.length).toBe(2)
  })
})

test('what it takes is counted each time, and judged again where too little is left', () => {
  const remembered = new Remembered()
  const { judge, asked } = listening()
  for (let round = 0; round < 2; round++) {
    const work = new Work(25)
    remembered.judge(judge, header('a'), work)
    expect(work.left).toBe(15)
  }
  expect(asked.length).toBe(1)
  const scarce = new Work(5)
  remembered.judge(judge, header('a'), scarce)
  expect([asked.length, scarce.isOver]).toEqual([2, true])
})

test('many texts that are never seen again displace each other, not the memory of the process', () => {
  const remembered = new Remembered()
  const { judge, asked } = listening()
  for (let at = 0; at < 5000; at++) remembered.judge(judge, header(`agent ${at}`), new Work(1000))
  remembered.judge(judge, header('agent 4999'), new Work(1000))
  expect(asked.length).toBe(5000)
  remembered.judge(judge, header('agent 0'), new Work(1000))
  expect(asked.length).toBe(5001)
})
