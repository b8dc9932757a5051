/** Parameters that change how a request is read behind us, and names that only look so. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { override } from './override.ts'

describe('refused', () => {
  test.each<[text: string, field: Partial<Field>]>([
    ['PUT', { name: '_method' }],
    ['delete', { name: '_METHOD', place: 'body' }],
    ['utf-7', { name: '_charset_', place: 'body' }],
    ['a;b', { name: 'a;b', place: 'body', part: 'name' }],
  ])('%s of %o', (text, field) => {
    expect(asked(override, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field: Partial<Field>]>([
    ['PUT', { name: 'method' }],
    ['utf-8', { name: '_charset_', place: 'body' }],
    ['delete', { name: 'note' }],
    ['items[0].name', { part: 'name', place: 'body' }],
    ['amp;b', { name: 'next?amp;b', part: 'name', place: 'body' }],
    ['First name; please', { part: 'name', place: 'body' }],
  ])('%s of %o', (text, field) => {
    expect(asked(override, text, field)).toBeNull()
  })
})
