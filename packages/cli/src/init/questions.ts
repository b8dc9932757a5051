/**
 * The six questions of `init`, each with what it suggests and how its answer is read. Every one is also an option of
 * the command, so that a machine can be set up without a terminal.
 */
import { formatAddress, parseAddress } from '@thingwall/policy'
import type { OptionName } from '../frame/options.ts'
import { describe, type Found } from './found.ts'

export interface Answers {
  readonly site: string
  readonly owner: string
  readonly uplink: readonly string[]
  readonly things: readonly string[]
  readonly trusted: readonly string[]
  readonly admin: readonly string[]
}

export interface Question {
  readonly key: keyof Answers
  readonly option: OptionName
  readonly ask: string
  readonly suggestion: (found: Found, given: Partial<Answers>) => string
  /** The answer, or what is wrong with it. */
  readonly read: (text: string, found: Found) => { readonly value: unknown } | { readonly wrong: string }
}

export const questions: readonly Question[] = [
  {
    key: 'site',
    option: 'site',
    ask: 'What is this site called?',
    suggestion: (found) => found.hostName,
    read: (text) =>
      /^[a-z0-9](?:[a-z0-9._-]{0,46}[a-z0-9])?$/.test(text)
        ? { value: text }
        : { wrong: 'lower-case letters, digits, dots and dashes' },
  },
  {
    key: 'owner',
    option: 'owner',
    ask: 'Who answers for its rules? (a person or a team)',
    suggestion: () => '',
    read: (text) =>
      text.length > 0 && text.length <= 128 && !/[\p{Cc}\p{Cf}]/u.test(text)
        ? { value: text }
        : { wrong: 'a name or an address, on one line' },
  },
  {
    key: 'uplink',
    option: 'uplink',
    ask: 'Which interface leads to the internet?',
    suggestion: (found) => found.uplink.join(','),
    read: readInterfaces,
  },
  {
    key: 'things',
    option: 'things',
    ask: 'Which interfaces have your things on them? (cameras, sensors, plugs …)',
    suggestion: (found, { uplink }) => left(found.things, uplink),
    read: readInterfaces,
  },
  {
    key: 'trusted',
    option: 'trusted',
    ask: 'Which have your own computers on them? (what is left becomes a guest network)',
    suggestion: (found, { uplink, things }) =>
      left([...found.trusted, ...found.things], [...(uplink ?? []), ...(things ?? [])]),
    read: readInterfaces,
  },
  {
    key: 'admin',
    option: 'admin',
    ask: 'From which addresses is this gateway administered? (none: from its own keyboard only)',
    suggestion: (found) => (found.admin === null ? '' : formatAddress(found.admin)),
    read: (text) => {
      const words = wordsOf(text)
      const bad = words.find((word) => parseAddress(word) === null)
      return bad === undefined ? { value: words } : { wrong: `${bad} is no address` }
    },
  },
]

function readInterfaces(text: string, found: Found): ReturnType<Question['read']> {
  const words = wordsOf(text)
  const unknown = words.find((word) => !found.interfaces.some(({ name }) => name === word))
  if (unknown === undefined) return { value: words }
  const there = found.interfaces.map(describe).join('; ')
  return { wrong: `${unknown} is no interface here; there is ${there === '' ? 'none' : there}` }
}

function left(suggested: readonly string[], taken: readonly string[] | undefined): string {
  return [...new Set(suggested)].filter((name) => !(taken ?? []).includes(name)).join(',')
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '' && word !== 'none' && word !== '-')
}
