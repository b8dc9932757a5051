/** JavaScript without markup, and words and code that a page would not run. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { script } from './script.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ["';alert(1)//"],
    ['"-alert(1)-"'],
    ["\\';alert(1)//"],
    ['javascript:alert(1)'],
    ['javascript: var x = alert(1)'],
    ['alert(document.cookie)'],
    ["window['al'+'ert'](1)"],
    ["self[/*x*/'alert'](1)"],
    ["this['\\x61lert'](1)"],
    ['top[/al/.source+/ert/.source](1)'],
    ['confirm?.(1)'],
    ['[][(![]+[])[+[]]+(![]+[])[!+[]+!+[]]][(![]+[])[+[]]]()'],
    ["')};alert(1)//"],
    ["eval(atob('eA=='))"],
    ['setTimeout`alert(1)`'],
    ["x.constructor.constructor('a')()"],
    [`alert(1)${' '.repeat(3000)}//`],
    [`window['al'+/*${'x'.repeat(3000)}*/'ert'](1)`],
    ["it's window['a]l'+'ert'](1)"],
    ["'window['al'+'ert'](1)"],
    ["self [ 'a' + [1] ] ?.(1)"],
    ["(top)['a\\']'+b](1)"],
    ["x='self['+self['al'+'ert'](1)"],
    [`${'window["'.repeat(2000)}; self['a'+'b'](1)`],
    ["parent['loc'+'ation'] = 'x'"],
    ['data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='],
    [' data:text/html,<script>alert(1)</script>'],
  ])('%s', (...[text, field]) => {
    expect(asked(script, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['javascript: the good parts (2008)'],
    ['javascript:void(0)'],
    ['javascript:;'],
    ['data:image/svg+xml;base64,PHN2Zz48L3N2Zz4='],
    ['data:image/png;base64,iVBORw0KGgo='],
    ['data:,hello'],
    ['the data: text or html'],
    ['call alert (1) when done'],
    ['the alert level is 3 (high)'],
    ["an 'alert' was sent (twice)"],
    ['{"alert":"on","level":[1,2]}'],
    ['document the location'],
    ['window [2] of the hall'],
    ['let x = a[0] + b[1]'],
    ['prompt delivery (2 days)'],
    ['I said "stop" (loudly)'],
    ['[1,2,[3]]'],
    ["this['name'] == x[1]"],
    ['my.window["a"+b](1)'],
    [`javascript:void${' '.repeat(3000)}x`],
    [`javascript:${' '.repeat(3000)};`],
  ])('%s', (...[text, field]) => {
    expect(asked(script, text, field)).toBeNull()
  })
})
