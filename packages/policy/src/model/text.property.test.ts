/** Text from outside on its way to a terminal, whatever it is. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeText } from './diagnostic.ts'

test('text from outside is as long as asked at most, before it is escaped, and then plain', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.integer({ min: 1, max: 100 }),
      (text, most) => {
        const shown = escapeText(text, most)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
        expect(shown.replace(/\\u\{[0-9a-f]+\}/g, '.').length).toBeLessThanOrEqual(
          Math.max(text.length, most),
        )
      },
    ),
  )
})
