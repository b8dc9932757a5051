/**
 * Identifiers and DNS names, and which of them are let in.
 *
 * Identifiers end up in kernel object names, file names and command lines, so only an allow-list of characters
 * passes; everything else is refused at the edge instead of escaped in ten places.
 */
import { distance } from 'fastest-levenshtein'

/** Longest identifier of a network, device, profile, list or rule. Two and a slash fit a kernel comment (128 bytes). */
export const IDENTIFIER_MAX_LENGTH = 48

/** Words with a meaning of their own, which nothing may be named after. */
export const RESERVED_IDENTIFIERS: readonly string[] = [
  'any',
  'gateway',
  'fixed',
  'default',
  'quarantine',
  'limit',
]

/** A letter or digit, then letters, digits, `.`, `_` and `-`; lower case; at most 48. */
export function isIdentifier(text: string): boolean {
  return text.length <= IDENTIFIER_MAX_LENGTH && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(text)
}

/**
 * Reads a host name or a wildcard (`*.volcano.example`) as lower-case text without its trailing dot; null when it
 * is not one (RFC 1123, RFC 2181: labels of 1–63, 253 in all; underscore allowed as in SRV owners).
 */
export function parseDnsName(text: string): string | null {
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase()
  if (name.length === 0 || name.length > 253) return null
  const labels = name.split('.')
  if (labels[0] === '*') labels.shift()
  if (labels.length === 0 || /^\d+$/.test(labels.at(-1) as string)) return null
  return labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)) ? name : null
}

/** Whether a concrete name is meant by a pattern. `*.a.example` covers every name below `a.example`, not itself. */
export function nameMatches(pattern: string, name: string): boolean {
  return pattern.startsWith('*.')
    ? name.endsWith(pattern.slice(1)) && name.length > pattern.length - 1
    : pattern === name
}

/**
 * The closest of some candidates to a misspelt word, or null when none is within a third of its length. Two neighbours
 * in the wrong order are one mistake.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  if (word.length > 253) return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const steps = isSwapped(word, candidate) ? 1 : distance(word, candidate)
    if (steps < bestDistance) {
      best = candidate
      bestDistance = steps
    }
  }
  return best
}

/** Whether two words differ by two neighbouring letters in the other order, and by nothing else. */
function isSwapped(word: string, other: string): boolean {
  if (word.length !== other.length) return false
  const at = [...word].findIndex((letter, index) => letter !== other[index])
  if (at === -1) return false
  return `${word.slice(0, at)}${word[at + 1] ?? ''}${word[at]}${word.slice(at + 2)}` === other
}
