/** Tables that fit the page: wide columns shrink and their cells wrap. In a pipe nothing is broken. */
import type { Ink, Page } from '../frame/report.ts'
import { hanging, wrap } from './text.ts'

export interface Column {
  readonly heading: string
  readonly ink?: Ink
  /** Texts that may be broken between words. Names, dates and places are not. */
  readonly wraps?: boolean
}

const GAP = 2
const NARROWEST = 16

/**
 * Rows under headings; columns that are empty in every row are left out. Where the page is too narrow for a table,
 * one block a row. Cells are already safe to print.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], page: Page): string {
  const used = columns.flatMap((_, at) => (rows.some((row) => row[at]) ? [at] : []))
  const shown = used.map((at) => columns[at] as Column)
  const cells = rows.map((row) => used.map((at) => row[at] ?? ''))
  const widths = fit(shown, cells, page.width)
  if (widths === null) return cells.map((row) => block(shown, row, page)).join('\n')
  const head = shown.map(({ heading }) => heading)
  const inks = shown.map(({ ink }) => ink)
  return [
    line(head, widths, (text) => page.ink('dim', text)),
    ...cells.map((row) => line(row, widths, (text, at) => paint(text, inks[at], page))),
  ].join('\n')
}

function fit(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  pageWidth: number,
): readonly number[] | null {
  const widths = columns.map(({ heading }, at) =>
    rows.reduce((widest, row) => Math.max(widest, (row[at] as string).length), heading.length),
  )
  let surplus = widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1)) - pageWidth
  for (; surplus > 0; surplus--) {
    let widest = -1
    for (const [at, width] of widths.entries()) {
      if (columns[at]?.wraps && width > NARROWEST && width > (widths[widest] ?? 0)) widest = at
    }
    if (widest === -1) return null
    widths[widest] = (widths[widest] as number) - 1
  }
  return widths
}

function line(
  row: readonly string[],
  widths: readonly number[],
  ink: (text: string, at: number) => string,
): string {
  const cells = row.map((text, at) => wrap(text, widths[at] as number))
  const height = Math.max(1, ...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, number) =>
    cells
      .map((lines, at) => {
        const text = lines[number] ?? ''
        const padding = ' '.repeat(at === cells.length - 1 ? 0 : (widths[at] as number) + GAP - text.length)
        return ink(text, at) + padding
      })
      .join('')
      .trimEnd(),
  ).join('\n')
}

function block(columns: readonly Column[], row: readonly string[], page: Page): string {
  const term = Math.max(...columns.map(({ heading }) => heading.length)) + GAP
  const [name, ...rest] = row
  const lines = rest.flatMap((text, at) =>
    text === '' ? [] : [hanging(`  ${(columns[at + 1] as Column).heading.padEnd(term)}`, text, page.width)],
  )
  return [paint(name as string, columns[0]?.ink, page), ...lines].join('\n')
}

function paint(text: string, ink: Ink | undefined, page: Page): string {
  return ink === undefined ? text : page.ink(ink, text)
}
