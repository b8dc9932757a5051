/** Whatever pattern and text chance makes: what runs says what the runtime's own engine says, and nothing breaks it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { engineSays } from './fixtures/engine.ts'
import { readPattern } from './pattern.ts'

test('any pattern of the language, any text', () => {
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', 'b', '-', '.', '\\d', '\\w', '\\s', '[ab]', '[^a]', '[a-c_]', '\\u{1F600}', 'é'),
      fc.constantFrom('^', '$', '\\b', '\\B', ''),
      fc.tuple(tie('tree'), tie('tree')).map(([one, other]) => one + other),
      fc.tuple(tie('tree'), tie('tree')).map(([one, other]) => `(?:${one}|${other})`),
      fc
        .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?'))
        .map(([one, times]) => `(?:${one})${times}`),
    ),
  }))
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '-', '_', '1', ' ', '\n', '😀', 'é', '\ud83d'), {
    maxLength: 8,
  })
  let ran = 0
  fc.assert(
    fc.property(tree, fc.array(text, { minLength: 1, maxLength: 10 }), (source, samples) => {
      const test = readPattern(source)
      // Too many states is an answer too; it must stay the exception.
      if (typeof test === 'string') return
      ran++
      for (const sample of samples.map((chars) => chars.join('')))
        expect(test(sample)).toBe(engineSays(source, sample))
    }),
    { numRuns: 1000 },
  )
  expect(ran).toBeGreaterThan(950)
})

test('nothing that it is given breaks it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      (source, text) => {
        const test = readPattern(source)
        if (typeof test !== 'string') expect(test(text)).toBe(engineSays(source, text))
      },
    ),
    { numRuns: 1000 },
  )
})
