/**
 * A reason that says nothing: `todo`, `test`, `...`, or only the name of what it should explain. That there is a
 * reason at all, the type-checker and `validate` see to.
 */
import type { Check, Written } from './subject.ts'

const empty: ReadonlySet<string> = new Set([
  ...[
    '',
    'todo',
    'tbd',
    'fixme',
    'xxx',
    'test',
    'tmp',
    'temp',
    'temporary',
    'why',
    'reason',
    'because',
    'none',
  ],
  ...[
    'na',
    'n a',
    'rule',
    'allow',
    'deny',
    'asdf',
    'foo',
    'bar',
    'placeholder',
    'needed',
    'required',
    'unknown',
    'see above',
  ],
])

export const reasonCheck: Check<Written> = {
  code: 'TW2001',
  *find({ parts }) {
    for (const { label, path, says, origin } of parts) {
      if (says.why === undefined || !saysNothing(says.why, path)) continue
      yield {
        message: `the reason of ${label} says nothing`,
        path: `${path}.why`,
        value: says.why,
        hint: 'Say what breaks without it, or what it protects: whoever finds it in a year has only this line.',
        origin,
      }
    }
  },
}

function saysNothing(why: string, path: string): boolean {
  const words = why
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  return empty.has(words) || words === path.slice(path.lastIndexOf('.') + 1).replace(/[^\p{L}\p{N}]+/gu, ' ')
}
