/**
 * The `nft` program: found, new enough, and asked only in ways that 1.0.6 answers cheaply. Terse listings of the whole
 * rule set take milliseconds whatever is in the sets; listings of one table, chain or counter load every element.
 */
import { escapeText } from '@thingwall/policy'
import { ThingwallError } from '../error.ts'
import type { Ended, Machine } from '../machine/machine.ts'
import { notPermitted } from '../machine/rights.ts'

export interface Nft {
  readonly version: string
  /** Loads a file as one transaction: all of it or nothing. */
  readonly load: (file: string) => Promise<void>
  /** Runs a few commands as one transaction, without a file: also where no disk takes one. */
  readonly command: (text: string) => Promise<void>
  /** Asks the kernel whether it would take the file, and changes nothing. */
  readonly check: (file: string) => Promise<void>
  /** Every table of the machine without elements and counters, as text. */
  readonly rules: () => Promise<string>
  /** Every table of the machine without elements but with counters, as nft's JSON objects. */
  readonly objects: () => Promise<readonly NftObject[]>
  /** One table with its elements, as text; empty when there is none. */
  readonly table: (family: string, name: string) => Promise<string>
  /** A small set with how long its elements have left, as text; empty when there is none. */
  readonly timer: (family: string, table: string, name: string) => Promise<string>
  /** One set or map with its elements, as text; empty when there is none. */
  readonly set: (kind: SetKind, family: string, table: string, name: string) => Promise<string>
  /** What large rule sets are less work for than for `load` and `set`; null where there is none. Who asks closes it. */
  readonly filler: () => Promise<Filler | null>
}

/** nft lists each under its own word, and knows the other by none. */
export type SetKind = 'set' | 'map'

export interface Filler {
  /** False where the set is not for this to fill: then some of it may be in the set already. */
  readonly fill: (filling: Filling) => Promise<boolean>
  /** As `Nft` lists one, without a program started for each. */
  readonly set: Nft['set']
  readonly close: () => void
}

/** What a set is to hold that no packet meets yet. */
export interface Filling {
  readonly family: string
  readonly table: string
  readonly set: string
  /** As nft reads them between braces. */
  readonly elements: string
  /** An empty chain of the same table that is there as long as the set is the one that is meant. */
  readonly marker: string
}

/** The same as a command. */
export function writeFilling({ family, table, set, elements }: Filling): string {
  return `add element ${family} ${table} ${set} {${elements}\n}\n`
}

export type NftObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Debian 12's. Older ones print and read sets differently. */
export const OLDEST_NFT = '1.0.6'

/** Throws TW4002 where there is no nft, TW4003 where it is too old. */
export async function openNft(machine: Machine): Promise<Nft> {
  const told = await machine.run('nft', ['--version'])
  if (told.isMissing) {
    throw new ThingwallError('TW4002', 'the program nft is not installed', {
      hint: 'apt-get install nftables (Debian, Ubuntu), dnf install nftables (Fedora), apk add nftables (Alpine), then again',
    })
  }
  const version = /v(\d+(?:\.\d+)+)/.exec(told.stdout)?.[1] ?? '0'
  if (isOlder(version, OLDEST_NFT)) {
    throw new ThingwallError('TW4003', `nft is ${version}; thingwall needs ${OLDEST_NFT} or newer`, {
      hint: 'apt-get install --only-upgrade nftables; Debian 12, Ubuntu 23.04 and what came after have it',
    })
  }
  return nftOn(machine, version)
}

/** The program on a machine where it was found. */
export function nftOn(machine: Machine, version: string): Nft {
  const ask = async (...args: readonly string[]): Promise<string> => {
    const ended = await machine.run('nft', args)
    if (ended.status === 0) return ended.stdout
    if (/No such file or directory/.test(ended.stderr)) return ''
    throw refusal(ended, 'nft did not answer')
  }
  const give = async (args: readonly string[]): Promise<void> => {
    const ended = await machine.run('nft', args)
    if (ended.status !== 0) throw refusal(ended, 'the kernel did not take the rule set')
  }
  return {
    version,
    load: (file) => give(['-f', file]),
    command: (text) => give([text]),
    check: (file) => give(['-c', '-f', file]),
    rules: () => ask('-t', '-s', 'list', 'ruleset'),
    objects: async () => {
      const text = await ask('-j', '-t', 'list', 'ruleset')
      return (JSON.parse(text) as { readonly nftables: readonly NftObject[] }).nftables
    },
    table: (family, name) => ask('-s', 'list', 'table', family, name),
    timer: (family, table, name) => ask('list', 'set', family, table, name),
    set: (kind, family, table, name) => ask('-s', 'list', kind, family, table, name),
    filler: async () => null,
  }
}

/** Compares dotted versions by their numbers. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number))
  for (const [at, wanted] of (right as number[]).entries()) {
    const has = left?.[at] ?? 0
    if (has !== wanted) return has < wanted
  }
  return false
}

function refusal(ended: Ended, what: string): ThingwallError {
  return refusalOf(ended.stderr || `nft ended with ${ended.status ?? 'a signal'}`, what)
}

/** What nft said no to, in its own words. */
export function refusalOf(words: string, what: string): ThingwallError {
  if (/Operation not permitted/.test(words)) return notPermitted('thingwall …', words)
  const said = escapeText(words.trim().split('\n').slice(0, 2).join(': '), 300)
  return new ThingwallError('TW4007', `${what}: ${said}`, {
    hint: 'what was in force still is; see what nft says with: thingwall export nftables | nft -c -f -',
    cause: words,
  })
}
