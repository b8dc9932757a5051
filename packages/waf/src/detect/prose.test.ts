/**
 * What people and devices write that is no attack, against all detectors together: each line is here because it uses the words
 * or the signs of some language that a detector reads.
 */
import { describe, expect, test } from 'vitest'
import { judgeWith } from '../judge/judge.ts'
import { detectors } from './all.ts'
import { prose } from './fixtures/prose.ts'

const judge = judgeWith(detectors)

describe('passes', () => {
  test.each(prose)('%j', (text) => {
    expect(judge({ place: 'body', name: 'note', part: 'value', text })).toBeNull()
    expect(judge({ place: 'query', name: 'q', part: 'value', text })).toBeNull()
  })
})

test('firmware and CBOR pass as files and in base64', () => {
  let state = 7
  const bytes = Uint8Array.from({ length: 6000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  expect(judge({ place: 'body', name: 'image', part: 'value', text, kind: 'file' })).toBeNull()
  expect(judge({ place: 'body', name: 'data', part: 'value', text: btoa(text) })).toBeNull()
})
