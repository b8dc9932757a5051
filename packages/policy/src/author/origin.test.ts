/** Frames of stack traces, and the places they name. */
import { expect, test } from 'vitest'
import { device } from './index.ts'
import { originOfStack } from './origin.ts'

const frames: readonly [frame: string, file: string | null, line?: number, column?: number][] = [
  ['file:///site/thingwall.policy.ts:12:7', '/site/thingwall.policy.ts', 12, 7],
  ['Object.<anonymous> (/site/thingwall.policy.ts:12:7)', '/site/thingwall.policy.ts', 12, 7],
  ['async file:///site/a.ts:1:2', '/site/a.ts', 1, 2],
  ['make (file:///site/my%20site/a.ts?v=2:3:4)', '/site/my site/a.ts', 3, 4],
  ['make (/site/odd (name)/a.ts:3:4)', '/site/odd (name)/a.ts', 3, 4],
  ['file:///C:/site/a.ts:3:4', 'C:/site/a.ts', 3, 4],
  ['node:internal/modules/run_main:1:2', null],
  ['eval (eval at <anonymous> (/site/a.ts:1:1), <anonymous>:1:1)', null],
  ['native', null],
]

test.each(frames)('%s', (frame, file, line, column) => {
  expect(originOfStack(`Error\n    at ${frame}`)).toEqual(file === null ? null : { file, line, column })
})

test('another engine has no origin', () => {
  expect(originOfStack('device@file:///site/a.ts:1:2')).toBeNull()
})

test('the origin is that of the call, not of what it calls', () => {
  const { origin } = device({ mac: '02:00:00:00:00:01' })().document
  expect(origin?.file).toMatch(/origin\.test\.ts$/)
  expect(origin?.line).toBe(27)
})
