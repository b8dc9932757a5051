/**
 * What people and devices write that is no attack, against all detectors together: each line is here because it uses the words
 * or the signs of some language that a detector reads.
 */
import { describe, expect, test } from 'vitest'
import { judgeWith } from '../judge/judge.ts'
import { detectors } from './all.ts'

const judge = judgeWith(detectors)

const prose: readonly string[] = [
  'having friends over is nice',
  "O'Brien, D'Angelo & Sons; est. 1999",
  '1 < 2, 2 > 1',
  'temperature > 21 and humidity < 40 or wind > 10',
  "It's 5 o'clock somewhere -- let's go!",
  'Select all from the list, then drop me a note where you can',
  'What does SELECT name FROM sensors WHERE id = 7 return?',
  'How do I use ORDER BY and GROUP BY together in MySQL?',
  'the union selected a new chair or two',
  'either 1 or 2, and maybe 3',
  'Use `npm install` or **yarn add**, then run `node index.js`.',
  '# Title\n\n- one\n- two\n\n> quote\n\n```js\nconst a = b || c;\n```\n',
  'function f(x) {\n  if (x > 1 && y < 2) {\n    return x;\n  }\n}\n',
  'for (let i = 0; i < n; i++) sum += a[i];',
  'print("hello") prints hello; exec and eval are functions',
  'Die Größe beträgt 5 µm; die Temperatur fiel um 3 °C (siehe Anhang).',
  "L'été dernier, j'ai vu l'Etna; c'était magnifique, n'est-ce pas ?",
  '请选择一个传感器，然后点击“更新”。温度：21℃；湿度：40%',
  'Это датчик; он работает & хорошо',
  'センサーは正常です（温度：２１℃）',
  'mail me: team@volcano.example, or call +1 (808) 555-0100 ext. 12',
  'https://volcano.example/a/b?c=d&e=f#g',
  'see http://volcano.example/select/from?order=by',
  '<https://volcano.example/> and <team@volcano.example>',
  '2026-11-22T10:00:00+01:00 INFO [main] readings: ok=12, bad=0; took 3 ms',
  '[ 12.345678] usb 1-1: new high-speed USB device number 2 using xhci_hcd',
  'E (1001) wifi: connect failed: reason=201 (no AP found), retry in 5 s',
  'Error: timeout\n    at Socket.onTimeout (net.js:1:2)\n    at listOnTimeout (timers.js:3:4)',
  'java.lang.NullPointerException',
  'java.lang.IllegalStateException: not ready',
  'C:\\Users\\ada\\Documents\\report.docx',
  '/usr/share/doc/readme.txt',
  'a;b;c;1;2;3',
  'name=ada; lang=en; theme=dark',
  'R&D | QA | ops',
  '{"op":">=","threshold":5}',
  '{"and":[{"==":[1,1]},{"<":[{"var":"t"},90]}]}',
  '$5 or #2 for $9 (100% wool)',
  'max(temperature), avg(humidity)',
  '${site}/${device}/state',
  '{{ device.name }} is offline',
  'site/+/vent-01/#',
  '*/5 * * * *',
  'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ2ZW50LTAxIn0.c2lnbmF0dXJl',
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7bq',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/',
  'AT+CSQ: 14,99',
  'tea & biscuits; cats | dogs',
  'if it rains, then stay; else go',
  'time to sleep (8 h) or so',
  'I <3 volcanoes',
  '(see a) (see b), f(x)(y), :)(:',
  '\u00bc cup of sugar, \u00be of milk',
  'image.jpg?w=100&h=200',
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit.',
]

describe('passes', () => {
  test.each(prose)('%j', (text) => {
    expect(judge({ place: 'body', name: 'note', part: 'value', text })).toBeNull()
    expect(judge({ place: 'query', name: 'q', part: 'value', text })).toBeNull()
  })
})

test('firmware and CBOR pass as files and in base64', () => {
  let state = 7
  const bytes = Uint8Array.from({ length: 6000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  expect(judge({ place: 'body', name: 'image', part: 'value', text, kind: 'file' })).toBeNull()
  expect(judge({ place: 'body', name: 'data', part: 'value', text: btoa(text) })).toBeNull()
})
