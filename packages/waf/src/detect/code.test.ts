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
    ["@{a} ] @{ [ [1] + system('id') ] }"],
    [`process[${' '.repeat(5000)}'env'`],
    ['shell.php', { place: 'body', kind: 'file-name' }],
    ['photo.php.jpg', { place: 'body', kind: 'file-name' }],
    ['x.jspx', { place: 'body', kind: 'file-name' }],
    ['GIF89a<?php system($_GET[0]);', { place: 'body', kind: 'file' }],
    ['${@phpinfo()}'],
    ['$f(101)'],
    ['strrev( )'],
    ['chroot\t()'],
    ['range /*x*/()'],
    ['pg_connect($x)'],
    ["('sys'.'tem')('id');"],
    ['[system][0](ls);'],
    ['@$f[0](4)'],
    ['$' + "{'_GET'}"],
    ['{php}x{/php}'],
    ['process["env"]'],
    ['photo. php', { place: 'body', kind: 'file-name' }],
    ['1.j\\s\\p', { place: 'body', kind: 'file-name' }],
    ['.htaccess', { place: 'body', kind: 'file-name' }],
    ['sess_d8ew88tqmabdcokhumchy8ht', { place: 'body', kind: 'file-name' }],
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
    ['count(id)'],
    ['console.log(`$' + '{k}=$' + '{v}`);'],
    ['max(temperature)'],
    ['now()'],
    ['(see a) (see b)'],
    ['(x+1)(x-1)'],
    ['date of birth'],
    ['@{[a\n]}'],
    ['a] @{b} c]}'],
    [`process[${' '.repeat(5000)}x`],
    [`system'${' '.repeat(5000)}x`],
    ['firmware-1.2.bin', { place: 'body', kind: 'file-name' }],
    ['install.sh', { place: 'body', kind: 'file-name' }],
    ["O'Brien, 5 = 6.pdf", { place: 'body', kind: 'file-name' }],
    ['config.yml', { place: 'body', kind: 'file-name' }],
  ])('%s', (...[text, field]) => {
    expect(asked(code, text, field)).toBeNull()
  })
})
