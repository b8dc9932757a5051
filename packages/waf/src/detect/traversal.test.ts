/** Paths that climb or lead to secrets in every spelling, and paths that only are paths. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { traversal } from './traversal.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['../../etc/passwd'],
    ['..\\..\\boot.ini'],
    ['..%2f..%2fetc%2fpasswd'],
    ['..%252f..%252fetc%252fpasswd'],
    ['\xc0\xae\xc0\xae\xc0\xaf\xc0\xae\xc0\xae\xc0\xafsecret'],
    ['%u2216..%u2216..%u2216windows%u2216win.ini'],
    ['..%c0%qf..%c0%qfetc%c0%qfissue'],
    ['0x2e0x2e0x2f0x2e0x2e0x2fetc0x2fhosts'],
    ['....//....//etc/passwd'],
    ['/etc/shadow'],
    ['/x/etc/./passwd;a?b'],
    ['x=/ETC/Pass\u0001wd'],
    [`${'a /x '.repeat(10_000)}C:/boot.ini`],
    ['./id_rsa'],
    ['/var/lib/mysql/x'],
    ['..;/..;/x'],
    ['/a/..../..../x'],
    ['C:\\windows\\system32\\drivers\\etc\\hosts'],
    ['/proc/self/environ'],
    ['shell.php\0.png'],
    ['/static/../../config', { place: 'path', name: '' }],
    ['/.git/config', { place: 'path', name: '' }],
    ['/index.php~', { place: 'path', name: '' }],
    ['/.env', { place: 'path', name: '' }],
    ['/a/index.php.bak', { place: 'path', name: '' }],
    ['/a/index.php~', { place: 'path', name: '' }],
    ['/a/x.sqlite3/y', { place: 'path', name: '' }],
    ['..\\1.exe', { place: 'body', kind: 'file-name' }],
  ])('%s', (...[text, field]) => {
    expect(asked(traversal, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['img/logo.png'],
    ['../logo.png is one up'],
    ['see /usr/share/doc for more'],
    ['edit the file /etc/hosts and reboot'],
    ['well... I do not know'],
    ['1.2.3..1.2.9'],
    ['https://volcano.example/a/b.html'],
    ['import { x } from "../../lib/x.ts"'],
    ['/.well-known/acme-challenge/x', { place: 'path', name: '' }],
    ['/album/QACAAAiAAAAAC~/edit', { place: 'path', name: '' }],
    ['/firmware/v1.2/esp32.bin', { place: 'path', name: '' }],
    ['id_rsa'],
    ['.../...'],
    ['see var/log and proc/1 there'],
    ['/var/lib/mysqld'],
    ['/x/etc2/passwd2'],
    ['/index.bakery', { place: 'path', name: '' }],
    ['text/plain; q=0.5, */*'],
  ])('%s', (...[text, field]) => {
    expect(asked(traversal, text, field)).toBeNull()
  })
})
