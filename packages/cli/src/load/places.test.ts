/** Paths of diagnostics, followed through a document to the innermost place that is known. */
import { expect, test } from 'vitest'
import { located, placed } from './places.ts'

const at = (line: number): { file: string; line: number; column: number } => ({
  file: 'a.ts',
  line,
  column: 1,
})
const document = {
  origin: at(1),
  networks: { 'lan.0': { interface: ['lan0'], origin: at(2) } },
  lists: {
    bad: { origin: at(3), entries: { '198.51.100.7': { origin: at(3) }, 'x\n"]y': { origin: at(3) } } },
  },
  rules: { r: { origin: at(4), peer: [] } },
  quarantine: { vent: { why: 'x', origin: at(1) } },
  tests: [{ origin: at(1) }, { origin: at(9) }],
}
const asked: string[] = []
const locator = {
  locate: (origin: { readonly line: number }, keys: readonly (string | number)[]) => {
    asked.push(`${origin.line} ${keys.join(' / ')}`)
    return { file: 'a.ts', line: origin.line, column: 50 }
  },
}

test.each([
  ['networks.lan.0.interface', '2 interface'],
  ['networks["lan.0"].interface[0]', '2 interface / 0'],
  ['lists.bad.entries["198.51.100.7"].expires', '3 entries / 198.51.100.7 / expires'],
  ['lists.bad.entries.198.51.100.7.expires', '3 entries / 198.51.100.7 / expires'],
  ['lists.bad.entries["x\\u{a}"]y"].why', '3 entries / x\n"]y / why'],
  ['rules.r.peer[0].text', '4 peer / 0 / text'],
  ['tests[1].from', '9 from'],
  ['devices.vent.mac', '1 devices / vent / mac'],
])('%s', (path, question) => {
  asked.length = 0
  const diagnostic = { code: 'TW1005', severity: 'error', message: '', path, hint: '', origin: null } as const
  const [found] = located([diagnostic], document, locator)
  expect(asked[0]).toBe(question)
  expect(found?.origin?.column).toBe(50)
})

test('a diagnostic that knows its place better keeps it', () => {
  const origin = { file: 'b.ts', line: 7, column: 7 }
  const diagnostic = {
    code: 'TW1005',
    severity: 'error',
    message: '',
    path: 'rules.r',
    hint: '',
    origin,
  } as const
  expect(located([diagnostic], document, locator)[0]?.origin).toBe(origin)
})

test('entries, quarantined devices and tests get places of their own; what has one keeps it', () => {
  const result = placed(document, locator) as typeof document
  expect(result.lists.bad.entries['198.51.100.7'].origin.column).toBe(50)
  expect(result.quarantine.vent.origin.column).toBe(50)
  expect(result.tests.map(({ origin }) => origin.column)).toEqual([50, 1])
  expect(placed('nonsense', locator)).toBe('nonsense')
})
