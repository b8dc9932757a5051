/** Multipart forms against their fields: texts, files, how many, and nothing that is not declared. */
import { expect, test } from 'vitest'
import {
  type ApiRules,
  type ApiValue,
  type Decision,
  inspect,
  type RequestParts,
  readOptions,
} from '../index.ts'

const rulesOf = (fields: Readonly<Record<string, ApiValue>>, more: object = {}): ApiRules => ({
  routes: { 'POST /upload': { body: { content: { 'multipart/form-data': { fields } } }, ...more } },
})
type Part = readonly [name: string, text: string, file?: string]
const request = (...parts: readonly Part[]): RequestParts => ({
  method: 'POST',
  target: '/upload',
  headers: [
    ['host', 'api.volcano.example'],
    ['content-type', 'multipart/form-data; boundary=x'],
  ],
  body: new TextEncoder().encode(
    `${parts
      .map(
        ([name, text, file]) =>
          `--x\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"\r\nContent-Type: application/octet-stream`}\r\n\r\n${text}\r\n`,
      )
      .join('')}--x--\r\n`,
  ),
})
const told = ({ finding }: Decision): string =>
  finding === null ? 'allow' : `${finding.rule} ${finding.name}${finding.part === 'name' ? ' (name)' : ''}`

const rules = rulesOf({
  device: { required: true, pattern: '^[a-z0-9-]{1,32}$' },
  note: { maxLength: 20, disallowTags: true },
  tag: { maxItems: 2 },
  channels: { type: 'integer', separator: ',', maxItems: 3 },
  firmware: { type: 'file', required: true, pattern: '\\.bin$', maxLength: 32 },
  log: { type: 'file', maxItems: 2, minItems: 2 },
})
const device: Part = ['device', 'vent-01']
const firmware: Part = ['firmware', '\u0000\u0001\u0002', 'fw-1.2.bin']

test.each<[parts: readonly Part[], says: string]>([
  [[device, firmware], 'allow'],
  [[firmware, device, ['note', 'all fine'], ['tag', 'a'], ['tag', 'b'], ['channels', '1,2,3']], 'allow'],
  [[device, firmware, ['log', 'a', 'a.log'], ['log', 'b', 'b.log']], 'allow'],
  [[firmware], 'declared/required device'],
  [[device], 'declared/required firmware'],
  [[['device', 'Vent 01'], firmware], 'declared/pattern device'],
  [[device, device, firmware], 'declared/maxItems device'],
  [[device, firmware, firmware], 'declared/maxItems firmware'],
  [[device, firmware, ['log', 'a', 'a.log']], 'declared/minItems log'],
  [[device, firmware, ['tag', 'a'], ['tag', 'b'], ['tag', 'c']], 'declared/maxItems tag'],
  [[device, firmware, ['channels', '1,x']], 'declared/type channels'],
  [[device, firmware, ['channels', '1,2,3,4']], 'declared/maxItems channels'],
  [[device, firmware, ['note', '<b']], 'declared/disallowTags note'],
  [[device, firmware, ['note', 'x'.repeat(200_000)]], 'declared/length note'],
  [[device, ['firmware', 'text']], 'declared/type firmware'],
  [[['device', 'vent-01', 'a.txt'], firmware], 'declared/type device'],
  [[device, ['firmware', 'x', 'fw.exe']], 'declared/pattern firmware'],
  [[device, ['firmware', 'x', `${'x'.repeat(40)}.bin`]], 'declared/maxLength firmware'],
  [[device, firmware, ['admin', 'true']], 'routes/undeclared admin (name)'],
  [[device, firmware, ['__proto__', 'x']], 'nosql __proto__ (name)'],
  [[device, firmware, ['more', 'x', 'more.bin']], 'routes/undeclared more (name)'],
  // What a text carries inside is not a part of the form.
  [[device, firmware, ['note', '{"a":{"b":"c"}}']], 'allow'],
  // The content of a file of any size.
  [[device, ['firmware', 'x'.repeat(500_000), 'fw.bin']], 'allow'],
])('%j: %s', async (parts, says) => {
  expect(told(await inspect(request(...parts), rules))).toBe(says)
})

test('an open route takes what is not declared', async () => {
  const open = rulesOf({ device: { required: true } }, { undeclared: 'allow' })
  expect(told(await inspect(request(device, ['admin', 'true'], firmware), open))).toBe('allow')
  expect(told(await inspect(request(firmware), open))).toBe('declared/required device')
})

test('many parts', async () => {
  const many = Array.from({ length: 150 }, (): Part => ['tag', 'a'])
  expect(told(await inspect(request(device, firmware, ...many), rules))).toBe('declared/maxItems tag')
})

test('one request knows nothing of another', async () => {
  for (let time = 0; time < 3; time++)
    expect(told(await inspect(request(device, firmware), rules))).toBe('allow')
})

test.each<[what: string, rules: unknown, says: RegExp]>([
  [
    'a file in the query',
    { routes: { 'GET /': { query: { a: { type: 'file' } } } } },
    /a file outside a form/,
  ],
  [
    'a file among pairs',
    {
      routes: {
        'POST /': {
          body: { content: { 'application/x-www-form-urlencoded': { fields: { a: { type: 'file' } } } } },
        },
      },
    },
    /a file in a form of pairs/,
  ],
  ['a range of a file', rulesOf({ a: { type: 'file', maximum: 1 } }), /no number/],
])('refused: %s', (_, wrong, says) => {
  expect(() => readOptions(wrong as ApiRules)).toThrow(says)
})

test('a parameter of all routes is no file', () => {
  expect(() => readOptions({ parameters: [{ name: 'a', type: 'file' }] })).toThrow(/file/)
})
