/** Code for interpreters on the server, and text about it. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { code } from './code.ts'
import { asked } from './fixtures/asked.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ["<?php system('id'); ?>"],
    ['<?= `id` ?>'],
    ['<? echo 1; ?>'],
    [';phpinfo();'],
    ["');system('id');//"],
    ["system('id')"],
    ["shell_exec('ls')"],
    ["$_GET['x']"],
    ["eval(base64_decode('x'))"],
    ["__import__('os').popen('id')"],
    ["require('child_process').exec('id')"],
    ["@{[system 'id']}"],
    ['shell.php', { place: 'body', kind: 'file-name' }],
    ['photo.php.jpg', { place: 'body', kind: 'file-name' }],
    ['x.jspx', { place: 'body', kind: 'file-name' }],
    ['GIF89a<?php system($_GET[0]);', { place: 'body', kind: 'file' }],
    ['${@phpinfo()}'],
    ['$f(101)'],
  ])('%s', (...[text, field]) => {
    expect(asked(code, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['<?xml version="1.0"?>'],
    ['the system (see below) is fine'],
    ['please include (if any) the date'],
    ['print (see page 3)'],
    ['evaluate f(x)'],
    ['a system failure'],
    ['photo.jpg', { place: 'body', kind: 'file-name' }],
    ['report.pdf', { place: 'body', kind: 'file-name' }],
    ['php.txt', { place: 'body', kind: 'file-name' }],
    ['costs $5 (five)'],
    ['mail (at) volcano.example'],
    ['how does exec work in PHP?'],
  ])('%s', (...[text, field]) => {
    expect(asked(code, text, field)).toBeNull()
  })
})
