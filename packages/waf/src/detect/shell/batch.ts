/**
 * Conditions and loops of cmd: `if exist x del x`, `if "%1" == "" (`, `for /f … %a in (…) do`. They are read word by word
 * from each `if` and `for`; what makes them cmd's own are its percent signs, its options and its words for comparisons.
 * It deliberately passes `if (a == b)` of C and "if x == y then".
 */

import type { Work } from '../../model/work.ts'

/** As much of a condition as is looked at. */
const longest = 200
const commands =
  /^@?(?:goto|echo|cmd|set|exit|call|del|erase|start|copy|type|dir|cd|ping|net|powershell|md|rd|ren|move|pause)\b/i

/** For each condition and each loop. */
const steps = 500

/** Where a condition or a loop of cmd begins, or -1. */
export function batchAt(text: string, work: Work): number {
  // Code of another language: lines, or a block.
  const last = text.trimEnd().at(-1)
  if (last === ';' || last === '{' || text.includes('\n')) return -1
  const word = /\b(?:if|for)(?=\s)/gi
  for (let found = word.exec(text); found !== null; found = word.exec(text)) {
    if (!work.spend(steps)) return -1
    const piece = text.slice(found.index, found.index + longest)
    if (found[0].toLowerCase() === 'for' ? isLoop(piece) : isCondition(piece)) return found.index
  }
  return -1
}

/** `for [/option …] %a in (`: the variable may be any character. */
function isLoop(piece: string): boolean {
  const percent = piece.indexOf('%')
  return (
    percent > 0 &&
    /^for\s+(?:\/[dflr]\s)?/i.test(piece) &&
    (/^\s*$/.test(piece.slice(3, percent)) || /^\s+\/[dflr]\s/i.test(piece.slice(3))) &&
    /^%{1,2}\S{0,20}\s+in\s*\(/i.test(piece.slice(percent))
  )
}

function isCondition(piece: string): boolean {
  let rest = piece.slice(2).trimStart()
  const insensitive = /^\/i\s+/i.exec(rest)?.[0] ?? ''
  rest = rest.slice(insensitive.length)
  rest = rest.slice((/^not\s+/i.exec(rest)?.[0] ?? '').length)
  const asked =
    /^(?:exist\s+\S+|exist\s*\([^)]*\)|defined\s+\S+|(?:errorlevel|cmdextversion)\s+\d+)\s+/i.exec(rest)?.[0]
  if (asked !== undefined) {
    const path = /[\\:.*%]/.test(asked) || /^(?:defined|errorlevel|cmdext)/i.test(asked)
    const then = rest.slice(asked.length)
    return path || then.startsWith('(') ? /^[(@\w]/.test(then) : commands.test(then)
  }
  const compared =
    /^(\S{1,60}?|"[^"]{0,60}"|\([^()\s]{0,60}\))\s*(==|\s(?:equ|neq|lss|leq|gtr|geq)\s)\s*("[^"]{0,60}"|\S{1,60})(?:\s+|(?=\())(.*)/i.exec(
      rest,
    )
  if (compared === null) return false
  const [, left = '', operator = '', right = '', then = ''] = compared
  if (insensitive !== '') return then !== ''
  if (left.includes('%') || right.includes('%')) return true
  const quoted = left.startsWith('"') && right.startsWith('"')
  return (
    (quoted && then.startsWith('(')) ||
    ((quoted || operator.trim() !== '==' || !left.startsWith('(') || right.startsWith('(')) &&
      commands.test(then))
  )
}
