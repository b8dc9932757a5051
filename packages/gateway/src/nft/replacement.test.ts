/** How an artifact becomes a change of what is there: what stays, what goes, what is made anew. */
import { expect, test } from 'vitest'
import { asChange, digestOfMarker } from './replacement.ts'

const table = (family: string, body: string): string =>
  `table ${family} thingwall\ndelete table ${family} thingwall\n\ntable ${family} thingwall {\n\tcomment "thingwall 12"\n${body}}\n`
const text = `${table('inet', '\n\tset live {\n\t}\n\n\tmap decide {\n\t}\n\n\tchain forward {\n\t}\n')}\n${table('arp', '\n\tset claimed {\n\t}\n')}`

test('sets of open flows are refilled, what is numbered is made anew, what is not wanted goes', () => {
  const present = [
    'inet counter rule/gone',
    'inet set live',
    'inet set bound/gone/4',
    'inet map decide',
    'inet chain forward',
    'inet chain allow/gone',
    'inet chain digest/11',
    'arp set claimed',
  ]
  const change = asChange(text, '12', present, 'set live {\n}') ?? ''
  const commands = change.split('\n').filter((line) => /^(?:flush|delete|add)/.test(line))
  expect(commands).toEqual([
    'flush table inet thingwall',
    'flush set inet thingwall live',
    'delete set inet thingwall bound/gone/4',
    'delete map inet thingwall decide',
    'delete counter inet thingwall rule/gone',
    'delete chain inet thingwall allow/gone',
    'delete chain inet thingwall digest/11',
    'flush table arp thingwall',
    'flush set arp thingwall claimed',
    'add chain inet thingwall digest/12',
    'add chain arp thingwall digest/12',
  ])
})

test('numbers that go stay for a moment, for packets on their way', () => {
  const live = (numbers: string): string =>
    `\n\tset live {\n\t\ttype mark\n\t\telements = {\n\t\t\t${numbers}\n\t\t}\n\t}\n`
  const next = `${table('inet', live('0x01000001,\n\t\t\t0x01000002 timeout 5s'))}\n${table('arp', '')}`
  const now =
    'set live { elements = { 0x01000002 timeout 9s expires 8s, 0x01000003, 0x01000004 timeout 1d } }'
  const change = asChange(next, '12', ['inet set live', 'arp set claimed'], now) ?? ''
  expect(change.split('\n').filter((line) => line.startsWith('add element'))).toEqual([
    'add element inet thingwall live { 0x01000003 timeout 20ms, 0x01000004 timeout 20ms }',
  ])
})

test('a table that is not there cannot be changed', () => {
  expect(asChange(text, '12', ['inet set live'], '')).toBeNull()
  expect(asChange(text, '12', [], '')).toBeNull()
})

test('the marker says the digest', () => {
  expect(digestOfMarker(['set live', 'chain digest/12'])).toBe('12')
  expect(digestOfMarker(['set live', 'chain forward'])).toBeUndefined()
})
