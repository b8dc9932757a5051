/** Filters closed and opened again, and brackets of other kinds. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { ldap } from './ldap.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['*)(uid=*))(|(uid=*'],
    ['admin)(&)'],
    ['x)(cn=*'],
    ['*)(objectClass=*'],
    ['a))(|(b=c'],
  ])('%s', (...[text, field]) => {
    expect(asked(ldap, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['f(x)(y)'],
    [':)(:'],
    ['(see a) (see b)'],
    ['(a=b)'],
    ['call (1) or (2)'],
    ['O(n) (worst)'],
  ])('%s', (...[text, field]) => {
    expect(asked(ldap, text, field)).toBeNull()
  })
})
