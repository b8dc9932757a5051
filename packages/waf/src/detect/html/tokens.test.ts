/**
 * The tokenizer against html5lib's conformance tests, of which those concern us that begin in the data state and say
 * nothing of character references (references are entities.test.ts). The data lies beside the checkout; where it does not,
 * the cases written here are all there is, and the test says so.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tokensOf } from './tokens.ts'

type Expected = readonly [kind: string, ...rest: unknown[]]

/** As html5lib writes tokens: attributes as an object, the first of a name wins, texts joined. */
function read(input: string): Expected[] {
  const text = input.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const tokens: Expected[] = []
  for (const token of tokensOf(text)) {
    if (token.kind === 'text') tokens.push(['Character', text.slice(token.at, token.end)])
    else if (token.kind === 'comment') {
      if (!text.startsWith('</>', token.at)) tokens.push(['Comment', token.text.replaceAll('\0', '\ufffd')])
    } else if (token.kind === 'doctype') tokens.push(['DOCTYPE'])
    else if (!token.closed) continue
    else if (token.kind === 'end') tokens.push(['EndTag', replaced(token.name)])
    else {
      const attributes: Record<string, string> = {}
      for (const { name, value } of token.attributes) {
        if (!Object.hasOwn(attributes, replaced(name))) attributes[replaced(name)] = replaced(value ?? '')
      }
      tokens.push(['StartTag', replaced(token.name), attributes, ...(token.selfClosing ? [true] : [])])
    }
  }
  return joined(tokens)
}

const replaced = (text: string): string => text.replaceAll('\0', '\ufffd')

function joined(tokens: readonly Expected[]): Expected[] {
  const out: Expected[] = []
  for (const token of tokens) {
    const last = out.at(-1)
    if (token[0] === 'Character' && last?.[0] === 'Character')
      out[out.length - 1] = ['Character', `${last[1]}${token[1]}`]
    else out.push(token[0] === 'DOCTYPE' ? ['DOCTYPE'] : token)
  }
  return out
}

describe('by hand', () => {
  test.each<readonly [string, Expected[]]>([
    [
      '<a href=x>y</a>',
      [
        ['StartTag', 'a', { href: 'x' }],
        ['Character', 'y'],
        ['EndTag', 'a'],
      ],
    ],
    ['1 < 2 > 0', [['Character', '1 < 2 > 0']]],
    ['<IMG/SRC="a>b"/>', [['StartTag', 'img', { src: 'a>b' }, true]]],
    ['<a b=c/>', [['StartTag', 'a', { b: 'c/' }]]],
    [
      '<!--a--!>b',
      [
        ['Comment', 'a'],
        ['Character', 'b'],
      ],
    ],
    ['<a b', []],
    ['</>x', [['Character', 'x']]],
  ])('%j', (text, tokens) => {
    expect(read(text)).toEqual(tokens)
  })
})

const folder = join(
  process.env['THINGWALL_DATA'] ?? join(import.meta.dirname, '../../../../../../shared/data'),
  'html5lib-tokenizer',
)
const files = [
  'test1',
  'test2',
  'test3',
  'test4',
  'domjs',
  'contentModelFlags',
  'escapeFlag',
  'pendingSpecChanges',
  'unicodeChars',
  'unicodeCharsProblematic',
]

type Case = {
  readonly description: string
  readonly input: string
  readonly output: Expected[]
  readonly initialStates?: string[]
  readonly doubleEscaped?: boolean
}

function casesOf(file: string): Case[] {
  return (JSON.parse(readFileSync(join(folder, `${file}.test`), 'utf8')) as { tests: Case[] }).tests
}

describe.skipIf(!existsSync(folder))(`html5lib (${folder})`, () => {
  test('all cases that concern us', () => {
    const all = files.flatMap(casesOf)
    const ours = all.filter(
      ({ initialStates, input, doubleEscaped }) =>
        (initialStates ?? ['Data state']).includes('Data state') &&
        !input.includes('&') &&
        doubleEscaped !== true,
    )
    const wrong = ours.flatMap(({ description, input, output }) => {
      const got = JSON.stringify(read(input))
      const wanted = JSON.stringify(joined(output.map((token) => [...token])))
      return got === wanted ? [] : [`${description} ${JSON.stringify(input)}: ${got} instead of ${wanted}`]
    })
    expect(wrong).toEqual([])
    expect(ours.length).toBeGreaterThanOrEqual(1200)
  })
})
