/**
 * A value that is a command line as a whole: a command with what only a shell would get, a program by its path, a pattern
 * that finds one, a command behind one that runs it, a brace list. It deliberately passes a lone word: `whoami` by
 * itself may be what somebody looks for.
 */
import type { Evidence } from '../../model/detector.ts'
import { isDoubtful, isSure, readers, runners, subcommands, unmistakable } from '../words.ts'
import { argument } from './argument.ts'
import { evidence } from './command.ts'
import { isGlob, type Words, wordsAt } from './words.ts'

/** What is looked at: no command needs more to be told. */
const longest = 400

/** Where a text begins with one. */
export function aloneAt(text: string): Evidence | null {
  const from = text.length - text.trimStart().length
  const piece = text.slice(from, from + longest)
  const why = pathOf(piece) ?? braces(piece) ?? variable(piece) ?? commandLine(piece)
  return why === null ? null : evidence(from, text, why)
}

/** `/bin/sh`, `bin/chef`, `/???/c?t`, `/etc/pas[s]wd`. */
function pathOf(piece: string): string | null {
  const first = piece.split(/\s/, 1)[0] ?? ''
  const words = wordsAt(piece, 0)
  if (words !== null && /^\/?(?:usr\/)?(?:local\/)?s?bin\//.test(first) && isKnown(words))
    return `the command ${words.command}`
  const glob = isGlob(first)
  if (glob && /[?*[][^\s]*\//.test(first) && /[a-z]/.test(first) && !/^\/[^?*[]*\?[^/]*=/.test(first))
    return 'a pattern that finds a command'
  return glob &&
    /^\/(?:etc|s?bin|usr|proc|root|home|var)\//.test(first) &&
    /\[[^\]]+\]|\?[a-z]/.test(first) &&
    !first.includes('=')
    ? 'a pattern that finds a file'
    : null
}

const isKnown = ({ command }: Words): boolean => isSure(command) || isDoubtful(command)

/** `{cat,/etc/hosts}`, `{,id}`: words of a command, in a list that has none of the commas of prose and numbers. */
function braces(piece: string): string | null {
  if (!piece.startsWith('{')) return null
  const close = piece.indexOf('}')
  const inside = piece.slice(1, close)
  if (close < 0 || !inside.includes(',') || /[\s":;]/.test(inside)) return null
  const items = inside.split(',').map((item) => item.replace(/[$'"\\]/g, ''))
  const known = items.some(
    (item) => isSure(item) || isDoubtful(item) || (item.startsWith('/') && isGlob(item)),
  )
  return known && items.some((item) => item === '' || /^[-/]/.test(item))
    ? 'a brace list that is a command'
    : null
}

/** `$SHELL -c …`, and expansions that cut a command out of a variable: `${PATH:0:1}`, `${PATH#…}`. */
function variable(piece: string): string | null {
  if (!piece.startsWith('$')) return null
  if (/^\$(?:\{[A-Za-z_]\w{0,40}\}|[A-Za-z_0]\w{0,40})\s+-c\s/.test(piece))
    return 'a variable that names a shell'
  return /^\$\{[A-Z_]{2,40}(?:[#%^]|,,|:\d|:-\d|\/\/)/.test(piece) ? 'a piece of a variable' : null
}

function commandLine(piece: string): string | null {
  const words = wordsAt(piece, 0)
  if (words === null) return null
  const { command, rest } = words
  // A comma and a word behind it: a shell would take the comma for a part of the name.
  if (/^, [A-Za-z]/.test(rest)) return null
  const why = `the command ${command.slice(0, 20)} and what it is to do`
  const [sure, known] = [isSure(command), isKnown(words)]
  if (!known) return null
  if (unmistakable.has(command) && /^\s*(?:$|[;|&])/.test(rest)) return why
  const given = argument(words)
  if (words.broken && (given !== 'prose' || sure)) return why
  if (subcommands.get(command)?.test(rest.trimStart()) === true && /^\s/.test(rest)) return why
  if (
    runners.has(command) &&
    /^\s/.test(rest) &&
    (runs(rest, sure) || commandLine(rest.trimStart()) !== null)
  )
    return why
  if (sure)
    return given === 'certain' || (given === 'likely' && (command.includes('-') || /[|;&>`]|\$\(/.test(rest)))
      ? why
      : null
  if (given !== 'certain') return null
  if (readers.has(command) && /^\s+\/\S{0,80}[/[*?]\S+\s*$/.test(rest)) return why
  const whole = /^\s+--[a-z][a-z-]{2,20}\s*$/.test(rest)
  return whole ||
    /^\s+(?:[^\s]+\s+)*(?:\/(?:etc|bin|tmp|dev|var|home|root|usr|proc)\b|-[ce]\s+\S)/.test(rest) ||
    /[|;&>`]|\$\(/.test(rest)
    ? why
    : null
}

/** `nohup ifconfig`, `flock -u / whoami`: what a runner runs, behind its options and their values. */
function runs(rest: string, always: boolean): boolean {
  const words = rest.trim().split(/\s+/, 8)
  const last = words.at(-1) ?? ''
  const first = words.find((word) => !/^[-+/\d]/.test(word)) ?? ''
  if (always && words.length === 1 && isDoubtful(first)) return true
  return isSure(first) || (isSure(last) && words.length > 1 && /^[-/\d]/.test(words[0] ?? ''))
}
