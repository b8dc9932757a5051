/** URLs that lead inward, in every spelling, and URLs that lead where URLs do. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { ssrf } from './ssrf.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['http://127.0.0.1/admin'],
    ['http://localhost:8080/'],
    ['http://2130706433/'],
    ['http://0x7f.1/'],
    ['http://0177.0.0.1/'],
    ['http://[::1]/'],
    ['http://[::ffff:169.254.169.254]/'],
    ['http://169.254.169.254/latest/meta-data/'],
    ['http://metadata.google.internal/'],
    ['file:///etc/hosts'],
    ['gopher://x:70/_'],
    ['php://filter/convert.base64-encode/resource=x'],
    ['jar:http://evil.example/a!/b'],
    ['dict://x:11211/'],
    ['//127.0.0.1/x'],
    ['http://0/'],
    ['sd://127.0.0.1/'],
    ['http://169.254.169.254/', { place: 'path', name: 'segment' }],
    ['http://169.254.169.254/', { place: 'header', name: 'user-agent' }],
    ['http://user@127.0.0.1/'],
    ['phar://x.phar'],
    [`http://127.0.0.1/${'a'.repeat(100_000)}`],
    [`${' '.repeat(100_000)}url:url: file:///etc/hosts`],
    [`http://${'a.'.repeat(60)}localhost/`],
    ['http://evil.example/shell.txt?', { name: 'page' }],
    ['https://evil.example/a/cmd.gif?\0', { name: 'template' }],
    ['http://203.0.113.7/crash.php', { name: 'src' }],
  ])('%s', (...[text, field]) => {
    expect(asked(ssrf, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['https://volcano.example/a?b=http'],
    ['http://192.168.1.20/stream'],
    ['mailto:team@volcano.example'],
    ['127.0.0.1'],
    ['127.0.0.1:8081'],
    ['data:image/png;base64,AAAA'],
    ['10:30'],
    ['https://cdn.example/1.2.3.4/x.js'],
    ['see http://localhost in the manual'],
    ['tel:+123'],
    ['sd://0/log/2026-11-22.csv'],
    ['//127.0.0.1/x', { place: 'path', name: '' }],
    ['Bot/1.0 (+http://localhost/)', { place: 'header', name: 'user-agent' }],
    ['coap: a protocol'],
    ['https://volcano.example/search?'],
    ['https://volcano.example/a.php?id=1'],
    ['https://volcano.example/index.php?', { name: 'redirect_url' }],
    ['is it http://volcano.example/a.txt?'],
    ['http://192.168.1.20/index.php'],
    ['http://203.0.113.7/firmware.bin'],
    ['http://localhost:3000/', { place: 'header', name: 'referer' }],
  ])('%s', (...[text, field]) => {
    expect(asked(ssrf, text, field)).toBeNull()
  })
})
