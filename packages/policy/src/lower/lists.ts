/** Lowers lists: every entry becomes an address set or a DNS name, with its own reason and its own end. */
import { parseDate } from '../author/time.ts'
import { parsePrefix } from '../model/address.ts'
import { parseDnsName } from '../model/name.ts'
import type { Atom, ListEntry } from '../model/ruleset.ts'
import type { Lowering } from './context.ts'

/** Fills `lowering.lists`. */
export function lowerLists(lowering: Lowering): void {
  for (const [name, document] of Object.entries(lowering.document.lists)) {
    const entries = Object.entries(document.entries).map(([text, entry]): ListEntry => {
      const interval = parsePrefix(text)
      const atom: Atom =
        typeof interval === 'string'
          ? { kind: 'name', pattern: parseDnsName(text) as string }
          : { kind: 'addresses', set: [interval] }
      const expiresAt = entry.expires === undefined ? null : parseDate(entry.expires)
      return { text, atom, expiresAt, lifts: entry.onExpiry === 'lift', document: entry }
    })
    const expiresAt = document.expires === undefined ? null : parseDate(document.expires)
    lowering.lists.set(name, { name, entries, expiresAt, document })
  }
}
