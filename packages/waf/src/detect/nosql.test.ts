/** Operators and keys where names belong, and dollars that are money. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { nosql } from './nosql.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['$ne', { part: 'name', place: 'body' }],
    ['user[$gt]', { part: 'name' }],
    ['__proto__', { part: 'name', place: 'body' }],
    ['constructor.prototype.x', { part: 'name' }],
    ['a[__proto__][b]', { part: 'name' }],
    ['$where', { part: 'name', place: 'body' }],
    ["' || this.password == 'x", {}],
    ["x';sleep(5000);'", {}],
  ])('%s', (...[text, field]) => {
    expect(asked(nosql, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['$ref', { part: 'name', place: 'body' }],
    ['$schema', { part: 'name', place: 'body' }],
    ['price', { part: 'name', place: 'body' }],
    ['$5', { part: 'name', place: 'body' }],
    ['item[0]', { part: 'name' }],
    ['what does __proto__ do in JavaScript?'],
    ['$100 or more'],
    ["it's this || that"],
  ])('%s', (...[text, field]) => {
    expect(asked(nosql, text, field)).toBeNull()
  })
})
