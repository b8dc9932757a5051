/**
 * Turns what went wrong while a policy file was evaluated into a diagnostic: the place in the policy's own source,
 * and what to do. Stack traces stay inside; a person gets one sentence and a line.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as language from '@thingwall/policy'
import { type Diagnostic, diagnose, didYouMean, type Origin } from '@thingwall/policy'
import type { Message } from './message.ts'
import type { Bounds, Outcome } from './sandbox.ts'
import { syntaxFaultOf } from './syntax.ts'

type Threw = Extract<Message, { kind: 'threw' }>

/** The policy's code threw, or is no code. */
export function faultOfThrown(path: string, threw: Threw): Diagnostic {
  if (threw.name === 'SyntaxError' && threw.message.includes('<eof>')) {
    const file = placeInSnippet(threw.stack)?.file ?? path
    const hint = 'A bracket, a quote or a comment was opened and never closed.'
    return loadFault('the file ends in the middle of something', endOf(file), hint)
  }
  const place = placeInSnippet(threw.stack) ?? placeOfImport(threw) ?? placeInFrames(threw.stack)
  if (threw.name === 'SyntaxError' && place === null) {
    const fault = syntaxFaultOf(path)
    if (fault !== null) return loadFault(fault.message, fault.origin, 'Mend the syntax, then run this again.')
  }
  const origin = place ?? { file: path, line: 1, column: 1 }
  const [message, hint] = wordsFor(threw)
  return loadFault(message, origin, hint)
}

/** The child was ended, or ended without a word. */
export function faultOfEnd(
  path: string,
  outcome: Extract<Outcome, { kind: 'ended' }>,
  bounds: Bounds,
): Diagnostic {
  const origin = { file: path, line: 1, column: 1 }
  switch (outcome.why) {
    case 'time':
      return loadFault(
        `the policy was still being evaluated after ${bounds.timeMs / 1000} s`,
        origin,
        'Look for a loop that does not end, or an await that nothing answers.',
      )
    case 'memory':
      return loadFault(
        `evaluating the policy took more than ${bounds.memoryMegabytes} MB of memory`,
        origin,
        'Look for a loop that does not end.',
      )
    case 'output':
      return loadFault(
        `the policy is larger than ${bounds.outputBytes >> 20} MB`,
        origin,
        'Split the policy, or shorten what its entries say.',
      )
    case 'printed':
      return loadFault('the policy printed more than 8 MB', origin, 'Take its console.log calls out.')
    case 'silent':
      return loadFault(
        'the policy ended its process before it was evaluated',
        origin,
        outcome.detail === ''
          ? 'Look for an await that nothing answers.'
          : outcome.detail.slice(0, 300).trim(),
      )
    default:
      return outcome.why satisfies never
  }
}

/** A fault of loading. */
export function loadFault(message: string, origin: Origin | null, hint: string): Diagnostic {
  return diagnose('TW1022', { message, path: '', hint, origin })
}

function wordsFor({ name, message, stack }: Threw): readonly [message: string, hint: string] {
  if (stack.includes('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')) {
    return [message, 'Policy files run by stripping their types: no enum, namespace or parameter property.']
  }
  const missing = /module '(.+)' does not provide an export named '(.+)'$/.exec(message)
  if (missing !== null) return wordsForMissing(missing[1] as string, missing[2] as string)
  if (name === 'SyntaxError') return [message, 'Mend the syntax, then run this again.']
  const what = /^Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1]
  if (what !== undefined) {
    return [
      `there is no module '${what}'`,
      'Imports of own files are written with their ending: ./devices.ts',
    ]
  }
  if (stack.includes('ERR_ACCESS_DENIED') || message.startsWith('Access to this API has been restricted')) {
    return [
      'the policy tried to do what a policy may not: read outside its project, write, or start a process',
      'A policy reads only below the nearest folder with package.json or .git, or else its own folder.',
    ]
  }
  if (message.startsWith('a policy file may not import'))
    return [message, 'Read what it needs from a file beside it.']
  if (message.startsWith('a policy may not ')) {
    return [
      message,
      'A policy reads only below the nearest folder with package.json or .git, or else its own folder; nothing hidden, and nothing more private than itself.',
    ]
  }
  return [`the policy threw ${name}: ${message}`, 'The place is where it was thrown.']
}

/** An import of something that the module does not have. */
function wordsForMissing(module: string, what: string): readonly [message: string, hint: string] {
  const message = `'${module}' has no '${what}'`
  if (module !== 'thingwall') return [message, 'Export it there, or import what is.']
  const near = didYouMean(what, Object.keys(language))
  return [
    message,
    near === null
      ? 'A policy is written with policy, network, profile, device, list, allow, deny, api and test.'
      : `Did you mean ${near}?`,
  ]
}

/** Node's own picture of a syntax error: `FILE:LINE`, some lines of source, a line of carets. */
function placeInSnippet(stack: string): Origin | null {
  const head = /^([^\n]*?):(\d+)\n((?:[^\n]*\n)*?)([ \t]*)\^+[ \t]*(?:\n|$)/.exec(stack)
  if (head !== null) return at(head[1] as string, Number(head[2]), (head[4] as string).length + 1)
  // At the very end of a file there is nothing to put carets under.
  const bare = /^((?:file:\/\/)?\/[^\n]*?):(\d+)\n/.exec(stack)
  return bare === null ? null : at(bare[1] as string, Number(bare[2]), 1)
}

/** `Cannot find module X imported from FILE`: the line that names it. */
function placeOfImport({ message }: Threw): Origin | null {
  const parts = /^Cannot find (?:module|package) '([^']+)' imported from (.+)$/.exec(message)
  if (parts === null) return null
  const [, what, importer] = parts as unknown as [string, string, string]
  const file = fileOf(importer)
  const lines = readLines(file)
  const line = lines.findIndex(
    (text) => /\b(?:import|from|export)\b/.test(text) && text.includes(basename(what)),
  )
  return line === -1
    ? at(file, 1, 1)
    : at(file, line + 1, (lines[line] as string).indexOf(basename(what)) + 1)
}

/** The innermost frame in a file that is not ours. */
function placeInFrames(stack: string): Origin | null {
  for (const frame of stack.matchAll(/\(?(file:\/\/[^\s)]+):(\d+):(\d+)\)?$/gm)) {
    const file = fileOf(frame[1] as string)
    if (!isOurs(file)) return at(file, Number(frame[2]), Number(frame[3]))
  }
  return null
}

function isOurs(file: string): boolean {
  return /[/\\](?:packages|node_modules)[/\\](?:cli|thingwall|policy|@thingwall[/\\]policy)[/\\](?:src|dist)[/\\]/.test(
    file,
  )
}

function fileOf(location: string): string {
  return location.startsWith('file://') ? fileURLToPath(location.replace(/[?#].*$/, '')) : location
}

function at(file: string, line: number, column: number): Origin {
  return { file: fileOf(file), line, column }
}

/** Just behind the last thing that stands in a file. */
function endOf(file: string): Origin {
  const lines = readLines(file)
  const last = lines.findLastIndex((line) => line.trim() !== '')
  return at(file, Math.max(0, last) + 1, (lines[last] ?? '').trimEnd().length + 1)
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
