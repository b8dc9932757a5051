/**
 * How files look: kebab-case names that say what is inside, an opening paragraph, a length that one can
 * read, and links in documents that lead somewhere. It deliberately leaves the code itself to biome.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, read, root } from './sources.ts'

const files = filesBelow('')
const typescript = files.filter((path) => /\.(ts|mts|mjs)$/.test(path) && !path.endsWith('.d.ts'))
const markdown = files.filter((path) => path.endsWith('.md') && !path.startsWith('.changeset/'))
const longestLines = 300

test('there are files to look at', () => {
  expect(typescript.length).toBeGreaterThan(10)
  expect(markdown.length).toBeGreaterThan(3)
})

test('every source opens with a comment that says what it is', () => {
  const silent = typescript.filter((path) => openingOf(path).length < 25)
  expect(silent).toEqual([])
})

test(`a source of more than ${longestLines} lines says why at its top`, () => {
  const unexplained = typescript.filter((path) => {
    return (
      read(path).split('\n').length > longestLines &&
      !/\b(long|lines|one file|in one place)\b/i.test(openingOf(path))
    )
  })
  expect(unexplained).toEqual([])
})

test('no merge was left half done', () => {
  const halved = files.filter((path) => /^(?:<{7}|>{7}) /m.test(read(path)))
  expect(halved).toEqual([])
})

test('names are kebab-case', () => {
  const odd = typescript.filter((path) => !path.split('/').every((part) => /^[a-z0-9.-]+$/.test(part)))
  expect(odd).toEqual([])
})

test('no file is a drawer for leftovers', () => {
  const drawers = files.filter((path) =>
    /(^|[/.-])(utils?|helpers?|common|managers?|misc)([/.-]|$)/.test(path),
  )
  expect(drawers).toEqual([])
})

test('relative links in documents lead to files and headings that exist', () => {
  const broken = markdown.flatMap((path) =>
    linksOf(path)
      .filter((link) => !/^[a-z]+:/i.test(link))
      .filter((link) => {
        const [target = '', heading] = link.split('#')
        const file = target === '' ? path : join(dirname(path), decodeURIComponent(target))
        if (!existsSync(join(root, file))) return true
        return heading !== undefined && file.endsWith('.md') && !headingsOf(file).includes(heading)
      })
      .map((link) => `${path}: ${link}`),
  )
  expect(broken).toEqual([])
})

/** The text of the comment a file starts with, after a shebang. */
function openingOf(path: string): string {
  const text = read(path).replace(/^#!.*\n/, '')
  return (/^\s*\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? /^(?:\s*\/\/.*\n)+/.exec(text)?.[0] ?? '')
    .replace(/[\s*/]+/g, ' ')
    .trim()
}

function proseOf(path: string): string {
  return read(path)
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()#]/g, ''))
}

function linksOf(path: string): string[] {
  return [...proseOf(path).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map(([, link]) => link ?? '')
}

/** The anchors that a forge makes of the headings of a document. */
function headingsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+\s+(.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
