/** Whose transaction it was, from the bytes of the kernel's messages. */
import { expect, test } from 'vitest'
import { attribute, bigEndian, message } from '../netlink/message.ts'
import { changeReader } from './rule-changes.ts'

const RULE_ADDED = (10 << 8) | 6
const TRANSACTION_ENDS = (10 << 8) | 15
const family = Uint8Array.of(1, 0, 0, 0)
const text = (words: string): Uint8Array => Buffer.from(`${words}\0`)
const rule = (table: string): Uint8Array => message(RULE_ADDED, [family, attribute(1, text(table))])
const end = (pid: number, name: string): Uint8Array =>
  message(TRANSACTION_ENDS, [
    family,
    attribute(1, bigEndian(4, 7)),
    attribute(2, bigEndian(4, pid)),
    attribute(3, text(name)),
  ])
const together = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

test('a transaction is ours where any part of it is about our table', () => {
  const read = changeReader()
  expect(read(together(rule('docker'), rule('thingwall'), end(42, 'nft')))).toEqual({
    ours: 1,
    by: { pid: 42, name: 'nft' },
  })
  expect(read(together(rule('docker'), rule('thingwall2'), end(43, 'dockerd')))).toEqual({
    ours: 0,
    by: null,
  })
})

test('it may come in two datagrams, and two in one', () => {
  const read = changeReader()
  expect(read(rule('thingwall'))).toEqual({ ours: 0, by: null })
  const rest = together(end(1, 'a'), rule('thingwall'), end(2, 'b'))
  expect(read(rest)).toEqual({ ours: 2, by: { pid: 2, name: 'b' } })
})

test('what is cut or of another kind says nothing, and breaks nothing', () => {
  const read = changeReader()
  expect(read(new Uint8Array(3))).toEqual({ ours: 0, by: null })
  expect(read(message(0x0103, [family, attribute(1, text('thingwall'))]))).toEqual({ ours: 0, by: null })
  expect(read(together(rule('thingwall'), message(TRANSACTION_ENDS, [family])))).toEqual({
    ours: 1,
    by: null,
  })
})
