/**
 * Reads nft's own text listings as far as it takes to compare them: which tables there are, their comments, and the
 * body of each object in them. It does not understand rules.
 */

export interface DumpedTable {
  readonly comment: string | null
  /** `chain forward`, `set live` → its body, as printed. */
  readonly objects: ReadonlyMap<string, string>
}

/** Tables by `family name`. */
export function parseDump(text: string): ReadonlyMap<string, DumpedTable> {
  const tables = new Map<string, DumpedTable>()
  let table: { comment: string | null; objects: Map<string, string> } | null = null
  let object: { readonly name: string; readonly lines: string[] } | null = null
  for (const line of text.split('\n')) {
    const opened = /^table (\S+ \S+) \{/.exec(line)
    if (opened !== null) {
      table = { comment: null, objects: new Map() }
      tables.set(opened[1] as string, table)
    } else if (table === null) {
      // Remarks between tables.
    } else if (object !== null) {
      if (line === '\t}') {
        table.objects.set(object.name, object.lines.join('\n'))
        object = null
      } else object.lines.push(line)
    } else if (line === '}') table = null
    else {
      const name = /^\t(\S+ \S+) \{/.exec(line)?.[1]
      const comment = /^\tcomment "(.*)"$/.exec(line)?.[1]
      if (name !== undefined) object = { name, lines: [] }
      else if (comment !== undefined) table.comment = comment
      else if (line.trim() !== '') table.objects.set(`line ${line.trim()}`, '')
    }
  }
  return tables
}

/**
 * The elements of a set's body that stay until somebody removes them, sorted. Those with a timeout come and go by
 * themselves, and a dynamic set is the kernel's own notebook; null for such a set.
 */
export function lastingElements(body: string): readonly string[] | null {
  if (/^\t*flags .*\bdynamic\b/m.test(body)) return null
  const text = /elements = \{\s([\s\S]*?)\s\}/.exec(body)?.[1]
  if (text === undefined) return []
  return text
    .split(/,\s+/)
    .filter((element) => !/ (?:timeout|expires) /.test(element))
    .sort()
}
