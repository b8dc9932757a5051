/** How code ends; a run of closing brackets once took time that doubled with each of them. */
import { describe, expect, test } from 'vitest'
import { code } from './code.ts'
import { asked } from './fixtures/asked.ts'
import { script } from './script.ts'
import { endsAsCode, endsAsScript } from './tail.ts'

describe('code ends', () => {
  test.each(['f(x)', 'f(x);', "f(x)'); //", 'f(x)--marker', 'f(`x`)#', 'f(x)}"]  '])('%j', (text) => {
    expect(endsAsCode(text, 1)).toBe(true)
  })
  test.each(['f(x) is nice', 'f(x', 'f(x). And more', 'f(x)-- a marker of words'])('not %j', (text) => {
    expect(endsAsCode(text, 1)).toBe(false)
  })
})

describe('script ends', () => {
  test.each(['f(x)', 'f(x); }', 'f(x) // and more words', 'f(x)<!-- x'])('%j', (text) => {
    expect(endsAsScript(text, 1)).toBe(true)
  })
  test.each(['f(x) is nice', 'f(x', 'f(x). And more'])('not %j', (text) => {
    expect(endsAsScript(text, 1)).toBe(false)
  })
})

test.each([')', ') ', ';)', ")'"])('many times %j', (piece) => {
  expect(asked(script, `alert(${piece.repeat(20_000)}x y`)).toBeNull()
  expect(asked(code, `print(${piece.repeat(20_000)}x y`)).toBeNull()
})
