/** Arguments as people give them: right, misspelt, missing, twice. */
import { expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { parse } from './parse.ts'

async function fault(...argv: readonly string[]): Promise<string> {
  const failure = await parse(argv).then(
    () => null,
    (error: unknown) => error,
  )
  if (!(failure instanceof Failure)) throw new Error('was accepted')
  expect(failure.exit).toBe(2)
  return `${failure.message} | ${failure.hint}`
}

test('a call with its options and operands', async () => {
  const request = await parse(['list', 'rules', '--match=ssh', '-p', 'a.ts', '--json'])
  expect(request).toMatchObject({
    kind: 'call',
    call: { verb: 'list', operands: ['rules'], options: { match: 'ssh', policy: 'a.ts', json: true } },
  })
})

test.each([
  [['--help'], { kind: 'help', verb: null }],
  [['help', 'check'], { kind: 'help', verb: 'check' }],
  [['check', '-h'], { kind: 'help', verb: 'check' }],
  [['--version'], { kind: 'version' }],
])('%j', async (argv, request) => {
  expect(await parse(argv)).toEqual(request)
})

test.each([
  [['chekc'], "there is no command 'chekc' | did you mean 'thingwall check'?"],
  [['exp'], "there is no command 'exp' | did you mean 'thingwall explain'?"],
  [['qqqqqq'], "there is no command 'qqqqqq' | thingwall --help lists them"],
  [['help', 'lsit'], "there is no command 'lsit' | did you mean 'thingwall list'?"],
  [[], 'no command is given | thingwall --help lists them'],
  [['check', '--polcy', 'x'], "'check' has no option --polcy | did you mean --policy?"],
  [['check', '--from', 'x'], "'check' has no option --from | thingwall check --help lists them"],
  [['check', '-x'], "'check' has no option -x | thingwall check --help lists them"],
  [['check', '--at'], '--at needs a value | write it as --at DATE'],
  [['explain', '--from', '--to', 'x'], '--from needs a value | write it as --from WHO'],
  [['check', '--json=1'], '--json takes no value | write it as --json'],
  [['check', '--at', '2026-01-01', '--at', '2026-01-02'], '--at is given twice | leave one of them out'],
  [
    ['export'],
    "'export' needs TARGET | TARGET is one of: nftables, yaml, json or schema (the JSON Schema of policies as data)",
  ],
  [['check', 'this.ts'], "'check' does not know what to do with 'this.ts' | thingwall check --help"],
])('%j', async (argv, words) => {
  expect(await fault(...argv)).toBe(words)
})
