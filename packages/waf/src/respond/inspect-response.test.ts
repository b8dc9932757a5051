/** What must not leave a server, what may, and that pieces and sizes change neither. */
import { describe, expect, test } from 'vitest'
import { inspectResponse, leakIds, ResponseInspector } from './inspect-response.ts'

// Put together here, so that nobody who looks for real ones finds these.
const begin = (what: string): string => `-----${'BEGIN'} ${what}-----`
const end = (what: string): string => `-----${'END'} ${what}-----`
const material = Array.from(
  { length: 6 },
  (_, at) => `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB${at}`,
).join('\n')
const pem = (what: string): string => `${begin(what)}\n${material}\n${end(what)}\n`
const github = `gh${'p_'}${'a1B2'.repeat(9)}`
const node = [
  "TypeError: Cannot read properties of undefined (reading 'id')",
  '    at handler (/srv/app/routes/readings.js:12:34)',
  '    at Layer.handle [as handle_request] (/srv/app/node_modules/express/lib/router/layer.js:95:5)',
].join('\n')

const leaks: readonly (readonly [what: string, id: string, text: string])[] = [
  ['a key', 'private-key', pem('PRIVATE KEY')],
  ['an RSA key in HTML', 'private-key', `<pre>${pem('RSA PRIVATE KEY')}</pre>`],
  [
    'a key in JSON',
    'private-key',
    JSON.stringify({ type: 'service_account', private_key: pem('PRIVATE KEY') }),
  ],
  ['an OpenSSH key', 'private-key', pem('OPENSSH PRIVATE KEY')],
  ['a PGP key', 'private-key', pem('PGP PRIVATE KEY BLOCK')],
  [
    'an encrypted key',
    'private-key',
    `${begin('RSA PRIVATE KEY')}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n${material}\n${end('RSA PRIVATE KEY')}`,
  ],
  [
    'a PuTTY key',
    'private-key',
    `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n${material}`,
  ],
  ['a token', 'token', `{"token":"${github}"}`],
  ['a token at the very end', 'token', `x ${github}`],
  ['a key of Stripe', 'token', `key=${'sk_'}live_${'aB3'.repeat(8)}`],
  ['a token of GitLab', 'token', `${'glp'}at-${'x7_'.repeat(7)}`],
  ['a database', 'connection-string', 'postgres://app:s3cr3t-Pa55@db.internal:5432/prod'],
  ['another', 'connection-string', 'MongoDB connected to mongodb+srv://root:hunter22@cluster0.example/x'],
  ['a broker', 'connection-string', 'amqp://svc:9f8e7d6c@[fd20::5]:5672'],
  ['settings', 'settings', '# production\nNODE_ENV=production\nDB_HOST=10.0.0.5\nDB_PASSWORD="8Jf$kq-21"\n'],
  ['settings, the secret first', 'settings', 'export SECRET_KEY=0a1b2c3d4e5f\nDEBUG=0\n'],
  ['accounts', 'accounts', 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/false'],
  ['accounts in a page', 'accounts', '<html>\nroot:x:0:0:root:/root:/bin/ash\n</html>'],
  ['Node', 'stack-trace', node],
  ['Node in JSON', 'stack-trace', JSON.stringify({ error: node })],
  ['Node in HTML', 'stack-trace', `<pre>${node.replaceAll('\n    ', '<br> &nbsp; &nbsp;')}</pre>`],
  [
    'Node inside',
    'stack-trace',
    'Error: x\n    at node:internal/main/run_main_module:36:49\n    at Module.load (node:internal/modules/cjs/loader:1275:32)',
  ],
  ['Deno', 'stack-trace', 'Error: x\n    at file:///app/main.ts:3:9\n    at async f (file:///app/a.ts:10:3)'],
  ['Windows', 'stack-trace', 'Error\n    at f (C:\\app\\server.js:10:3)\n    at g (C:\\app\\server.js:20:3)'],
  [
    'Java',
    'stack-trace',
    'java.lang.NullPointerException: x\n\tat com.volcano.api.Echo.get(Echo.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:840)',
  ],
  [
    'Java with its heading',
    'stack-trace',
    'Exception in thread "main" java.lang.Error\n\tat a.b.C.d(C.java:1)\n',
  ],
  [
    '.NET',
    'stack-trace',
    '   at Volcano.Api.Echo.Get(String text) in /src/Echo.cs:line 12\n   at System.X.Y(Z z) in C:\\src\\X.cs:line 3',
  ],
  [
    'Python',
    'stack-trace',
    'Traceback (most recent call last):\n  File "/srv/app.py", line 12, in echo\n    return 1/0',
  ],
  [
    'PHP',
    'stack-trace',
    '<br />\n<b>Fatal error</b>:  Uncaught Exception: x in <b>/var/www/html/echo.php</b> on line <b>12</b><br />',
  ],
  [
    'PHP frames',
    'stack-trace',
    'Stack trace:\n#0 /var/www/a.php(12): f()\n#1 /var/www/b.php(3): g()\n#2 {main}',
  ],
  ['Ruby', 'stack-trace', "/srv/app.rb:12:in `echo': x (RuntimeError)\n\tfrom /srv/app.rb:20:in `<main>'"],
  ['Go', 'stack-trace', 'panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:12 +0x1d'],
  ['Rust', 'stack-trace', "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds"],
  [
    'MySQL',
    'database-error',
    "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near ''1''",
  ],
  ['Oracle', 'database-error', 'ORA-00933: SQL command not properly ended'],
  ['PDO', 'database-error', 'SQLSTATE[42000]: Syntax error'],
  ['PostgreSQL', 'database-error', 'ERROR: unterminated quoted string at or near "\'"'],
  ['PHP source', 'source', '<?php\n$db = new PDO($dsn);\n'],
  ['PHP within a page', 'source', '<html><body><?php include "header.php"; ?>'],
  ['JSP', 'source', '<%@ page language="java" import="java.util.*" %>'],
  ['a script', 'source', '#!/usr/bin/env python3\nimport os\n'],
]

const benign: readonly (readonly [what: string, text: string])[] = [
  ['nothing', ''],
  [
    'telemetry',
    JSON.stringify({ device: 'vent-01', samples: [{ t: 1, v: 2.5 }], at: '2026-11-22T22:00:00Z' }),
  ],
  ['a public key', pem('PUBLIC KEY')],
  ['a certificate', pem('CERTIFICATE')],
  ['how to write a key', `Paste your key here:\n${begin('PRIVATE KEY')}\n...\n${end('PRIVATE KEY')}`],
  ['a placeholder of a form', `placeholder="${begin('PRIVATE KEY')}"`],
  [
    'a session token',
    '{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ2ZW50LTAxIn0.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}',
  ],
  [
    'a signed address',
    'https://bucket.example/fw.bin?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261122&X-Amz-Signature=ab12',
  ],
  ['a word that begins like a token', 'ghp_short, npm_install, SG.de, xoxb-1'],
  ['a token inside a longer word', `x${github}`],
  [
    'how to connect',
    'postgres://user:password@localhost/db, mysql://root:<password>@host/db, redis://:${REDIS_PW}@cache',
  ],
  ['an address with a port', 'See mqtt://broker.volcano.example:1883/a@b'],
  ['a time', 'from redis://cache:6379 at 10:00 mail me@volcano.example'],
  ['one setting', 'Set DB_PASSWORD=hunter22 before you start'],
  ['settings of an example', 'DB_HOST=localhost\nDB_PASSWORD=changeme_\n'.replace('changeme_', '********')],
  ['a query', 'GET /login?PASSWORD=secretsecret&NEXT=1'],
  ['prose about root', 'root: the user that may do anything. Log in as root:x'],
  ['one frame', 'It fails at handler (/srv/app/routes/readings.js:12:34), they say'],
  ['one frame on a line', 'See\n    at handler (/srv/app/routes/readings.js:12:34)\nin the log'],
  [
    'frames of a browser',
    'at f (https://volcano.example/app.js:1:2)\nat g (https://volcano.example/app.js:3:4)',
  ],
  ['prose with at', 'We meet at noon\nat the rim (see map.ts: 3:4)\nat the vent'],
  ['a line of code', 'File "readings.csv", line 3 has an error'],
  ['a traceback that is spoken of', 'Python prints "Traceback (most recent call last):" and then the lines'],
  ['SQL that is taught', 'A syntax error means that you have an error in your SQL; ORA- codes are of Oracle'],
  ['PHP that is shown', 'Write <code>&lt;?php $a = 1; ?&gt;</code>'],
  ['PHP in Markdown', 'Write\n\n```php\n<?php\n$a = 1;\n```\n'],
  ['XML', '<?xml version="1.0"?><readings/>'],
  ['a script that is spoken of', 'Begin it with #!/bin/sh and make it executable'],
  ['a template in a page', '<script>var a = "<%= name %>"</script>'],
]

describe('found', () => {
  test.each(leaks)('%s: leak/%s', (_, id, text) => {
    expect(inspectResponse(text)?.rule).toBe(`leak/${id}`)
    // With much around it, and without a line of its own.
    expect(
      inspectResponse(`${'All fine so far. '.repeat(20)}\n${text}\n${'And so on. '.repeat(20)}`)?.rule ??
        null,
    ).toBe(id === 'source' && text.startsWith('#!') ? null : `leak/${id}`)
  })

  test('every rule is tried', () => {
    expect(new Set(leaks.map(([, id]) => `leak/${id}`))).toEqual(new Set(leakIds))
  })
})

test.each(benign)('let through: %s', (_, text) => {
  expect(inspectResponse(text)).toBeNull()
})

describe('in pieces', () => {
  const filler = 'Nothing to see here, move along. '.repeat(2000)
  const inPieces = (text: string, size: number): string | null => {
    const inspector = new ResponseInspector()
    for (let at = 0; at < text.length; at += size) inspector.write(text.slice(at, at + size))
    return inspector.end()?.rule ?? null
  }
  const found = leaks.filter(([what]) => what !== 'a script')
  test.each([1, 7, 4096, 65_536, 1_000_000])('of %d', (size) => {
    for (const [, id, text] of size === 1 ? found.slice(0, 4) : found)
      expect(inPieces(`${filler}\n${text}\n${filler}`, size)).toBe(`leak/${id}`)
  })

  test('wherever a window ends', () => {
    for (let shift = 0; shift < 400; shift += 13) {
      const text = `${'x'.repeat(65_536 - shift)}\n${node}\n${'y'.repeat(70_000)}`
      expect(inPieces(text, 10_000)).toBe('leak/stack-trace')
    }
  })

  test('the place is that in the whole response', () => {
    const before = 'x '.repeat(100_000)
    expect(inspectResponse(`${before}${github}`)).toMatchObject({ offset: before.length, place: 'response' })
  })

  test('what is found stays found, and nothing more is held', () => {
    const inspector = new ResponseInspector()
    inspector.write(`${github} ${filler}`)
    expect(inspector.write(filler)?.rule).toBe('leak/token')
    expect(inspector.end()?.rule).toBe('leak/token')
  })
})

test('no secret goes into the excerpt', () => {
  for (const [, id, text] of leaks) {
    const { excerpt = '' } = inspectResponse(text) ?? {}
    expect(excerpt.length).toBeGreaterThan(0)
    expect(excerpt.length).toBeLessThanOrEqual(81)
    if (id === 'stack-trace' || id === 'source' || id === 'database-error') continue
    for (const secret of [
      'MIIEv',
      'a1B2a1B2',
      'aB3aB3',
      'x7_x7_',
      's3cr3t',
      'hunter22',
      '9f8e',
      '8Jf',
      '0a1b2c',
      ':/root',
    ])
      expect(excerpt).not.toContain(secret)
  }
})

test('rules that are left out find nothing, others do', () => {
  const both = `${node}\n${github}`
  expect(inspectResponse(both, new Set(['leak/token']))?.rule).toBe('leak/stack-trace')
  expect(inspectResponse(both, new Set(leakIds))).toBeNull()
})

test('hostile texts are answered', () => {
  for (const piece of [
    'at ',
    '\n',
    '\\n',
    '<br>',
    'root:',
    'postgres://',
    'a://',
    'A_B=',
    '<?php ',
    '-----BEGIN PRIVATE KEY-----',
    ' on line ',
    '.js:1:1\n',
    'at f (/a',
    '<%@ ',
    'ghp_',
    '#0 /(',
    '\u0000',
    '😀',
  ])
    expect(() => inspectResponse(piece.repeat(Math.ceil(300_000 / piece.length)))).not.toThrow()
})
