/** Objects that run code while they are read, and data in the same formats. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { deserialise } from './deserialise.ts'
import { asked } from './fixtures/asked.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['rO0ABXNyABdqYXZhLnV0aWw='],
    ['O:8:"stdClass":1:{s:1:"a";i:2;}'],
    ["cos\nsystem\n(S'id'\ntR."],
    ['AAEAAAD/////AQAAAAAAAAAMAgAAAA'],
    ["!!python/object/apply:os.system ['id']"],
    ['java.lang.ProcessBuilder'],
    ['org.apache.commons.collections.functors.InvokerTransformer', { part: 'name', place: 'body' }],
    ['cnVudGltZQ'],
    ['processbuilder.x.invokertransformer'],
    ['aW52b2tlcnRyYW5zZm9ybWVy'],
    [`${' '.repeat(1000)}java.lang.ProcessBuilder ;`],
    [`${'O:1:"'.repeat(300)}";O:8:"stdClass":1:{s:1:"a";i:2;}`],
    [`${'A'.repeat(50_000)}rO0ABXNyABdqYXZhLnV0aWw=`],
    ['ac ed 00 0573720011'],
    ['x: !!python/object/apply:os.system'],
    ['{"$type" : "System.Windows.Data.ObjectDataProvider, PresentationFramework"}'],
  ])('%s', (...[text, field]) => {
    expect(asked(deserialise, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['a:1:{i:0;s:1:"x";}'],
    ['java.util is a package'],
    ['at java.lang.Thread.run(Thread.java:748) in the log'],
    ['org.example.sensor'],
    ['com.example'],
    ['the runtime is 3 hours'],
    ['O: 8 of 10'],
    ['firmware.bin'],
    ['!!! important !!!'],
    ['aced it at 00 05'],
    ['java.lang.IllegalStateException '],
  ])('%s', (...[text, field]) => {
    expect(asked(deserialise, text, field)).toBeNull()
  })
})
