/**
 * Golden files of every compiler: a story, a policy as its author writes it, and what the target makes of it, in one
 * text file `TARGET/golden/NAME.txt`. `THINGWALL_GOLDEN=write` writes what the targets say now; read the difference.
 *
 * A new target goes into `targets`, and every case must then say what becomes of it there.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as language from '../author/index.ts'
import { readBindings } from '../evaluate/bindings.ts'
import { lowered, NOW } from '../fixtures/site.ts'
import type { Bindings } from '../model/flow.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { compileFor } from './driver.ts'
import { nftables } from './nftables/index.ts'
import type { CompileResult } from './target.ts'

/** Every target, and how it is asked. */
const targets = {
  nftables: (ruleset: Ruleset, bindings: Bindings): CompileResult =>
    compileFor(nftables, ruleset, { bindings, at: NOW, log: null }),
} as const
type TargetName = keyof typeof targets

/** What becomes of a case on a target: a text that is kept, or the features it is refused for. */
type Answer = 'text' | { readonly refused: readonly string[] }

const cases: Readonly<Record<string, Readonly<Record<TargetName, Answer>>>> = {
  smallest: { nftables: 'text' },
  volcano: { nftables: 'text' },
  names: { nftables: 'text' },
  except: { nftables: 'text' },
  schedules: { nftables: 'text' },
  limits: { nftables: 'text' },
  quarantine: { nftables: 'text' },
  'device-to-device': { nftables: 'text' },
  forwards: { nftables: 'text' },
  'gateway-services': { nftables: 'text' },
  'several-uplinks': { nftables: 'text' },
  'identity-ip': { nftables: 'text' },
  'no-ipv6': { nftables: 'text' },
  'lists-that-end': { nftables: 'text' },
  'exceptions-that-end': { nftables: 'text' },
}

const isWriting = process.env.THINGWALL_GOLDEN === 'write'

interface Golden {
  readonly story: string
  readonly policy: string
  /** JSON as `readBindings` reads it; empty for none. */
  readonly bindings: string
  readonly output: string
}

const pathOf = (target: string, name: string): string =>
  join(import.meta.dirname, target, 'golden', `${name}.txt`)

function readGolden(path: string): Golden {
  const [story = '', ...sections] = readFileSync(path, 'utf8').split(/^-- (?=\w+ --\n)/m)
  const section = (name: string): string =>
    sections.find((text) => text.startsWith(`${name} --\n`))?.slice(name.length + 4) ?? ''
  return { story, policy: section('policy'), bindings: section('bindings'), output: section('output') }
}

function write(path: string, golden: Golden): void {
  const bindings = golden.bindings === '' ? '' : `-- bindings --\n${golden.bindings}`
  writeFileSync(
    path,
    `${golden.story}-- policy --\n${golden.policy}${bindings}-- output --\n${golden.output}`,
  )
}

/** Runs a policy file's text with the language as its only import. */
function runPolicy(source: string): PolicyDocument {
  const body = stripTypeScriptTypes(source)
    .replace(/^import (\{[^}]*\}) from 'thingwall'$/m, 'const $1 = language')
    .replace(/^export default /m, 'return ')
  return new Function('language', body)(language) as PolicyDocument
}

function compile(target: TargetName, golden: Golden): CompileResult {
  const ruleset = lowered(runPolicy(golden.policy))
  const given: unknown = golden.bindings === '' ? { format: 1 } : JSON.parse(golden.bindings)
  const [bindings, faults] = readBindings(given, ruleset)
  expect(faults).toEqual([])
  return targets[target](ruleset, bindings as Bindings)
}

describe.each(Object.keys(targets) as TargetName[])('%s', (target) => {
  const texts = Object.keys(cases).filter((name) => cases[name]?.[target] === 'text')

  test('every case has its file, and every file its case', () => {
    const files = readdirSync(join(import.meta.dirname, target, 'golden'))
    expect(files.sort()).toEqual(texts.map((name) => `${name}.txt`).sort())
    expect(texts.length).toBeGreaterThan(0)
  })

  test.each(texts)('%s', (name) => {
    const path = pathOf(target, name)
    const golden = readGolden(path)
    const [artifact, diagnostics] = compile(target, golden)
    expect(diagnostics).toEqual([])
    if (isWriting) write(path, { ...golden, output: artifact?.text ?? '' })
    expect(golden.story.trim().split(/\s+/).length, 'a story').toBeGreaterThan(5)
    expect(artifact?.text).toBe(readGolden(path).output)
  })

  const refusals = Object.entries(cases).flatMap(([name, answers]): [string, readonly string[]][] => {
    const answer: Answer = answers[target]
    return answer === 'text' ? [] : [[name, answer.refused]]
  })
  if (refusals.length > 0) {
    test.each(refusals)('%s is refused for %j', (name, refused) => {
      const other = Object.keys(targets)
        .map((one) => pathOf(one, name))
        .find(existsSync) as string
      const [artifact, diagnostics] = compile(target, readGolden(other))
      expect(artifact).toBeNull()
      expect(diagnostics.map(({ value }) => value).sort()).toEqual([...refused].sort())
    })
  }
})

test('every folder with a compiler in it is a target here', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((one) => one.isDirectory())
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(targets).sort())
})
