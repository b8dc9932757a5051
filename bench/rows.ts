/**
 * What a benchmark or an examination gives back, whether each bar is met, and how that reads: as an aligned
 * table or as JSON. It deliberately measures nothing and prints nothing.
 */

/** A bar to reach: `{ op: '>=', value: 1_000_000 }` reads "at least a million". */
export type Bar = { readonly op: '>=' | '<='; readonly value: number }

/** One measure as a `*.bench.ts` or `*.exam.ts` gives it. */
export type Measured = {
  readonly measure: string
  /** Null when it could not be taken on this machine; `note` then says why. */
  readonly value: number | null
  readonly unit: string
  readonly bar?: Bar | null
  /** Figures of others from this very run, in the same unit, by name. Null: that peer could not be run. */
  readonly peers?: Readonly<Record<string, number | null>>
  readonly note?: string
}

/** One measure, judged. These keys are what `--json` prints. */
export type Row = {
  readonly measure: string
  readonly value: number | null
  readonly unit: string
  readonly bar: Bar | null
  readonly met: boolean | null
  readonly peers: Readonly<Record<string, number | null>>
  readonly note?: string
}

/** How much of it is wanted: `--brief` leaves out what takes long, and bars that only the whole can meet. */
export interface Extent {
  readonly isBrief: boolean
  /** One of the `parts` that the benchmark exports; null for all of it. */
  readonly only: string | null
}

/** The default export of `bench/NAME.bench.ts` and `bench/NAME.exam.ts`. */
export type Benchmark = (
  extent: Extent,
) => Iterable<Measured> | AsyncIterable<Measured> | Promise<Iterable<Measured>>

/**
 * Judges a measure. Without a bar `met` is null; with a bar and no value it is false: what could not be
 * measured is not met. A measure without value and without a reason, or one that is not a number, throws.
 */
export function judge({ measure, value, unit, bar = null, peers = {}, note }: Measured): Row {
  if (value === null && !note) throw new Error(`${measure}: has no value and no note that says why`)
  if (value !== null && !Number.isFinite(value)) throw new Error(`${measure}: ${value} is not a measure`)
  const met =
    bar === null ? null : value !== null && (bar.op === '>=' ? value >= bar.value : value <= bar.value)
  return { measure, value, unit, bar, met, peers, ...(note === undefined ? {} : { note }) }
}

/** `[{ measure, value, unit, bar, met, peers }]`, and a note where there is one. */
export function toJson(rows: readonly Row[]): string {
  return `${JSON.stringify(rows, null, 2)}\n`
}

/** An aligned table: measure, value, bar, met or not, and a column for each peer; notes below their measure. */
export function toTable(rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))]
  const head = ['measure', 'value', 'bar', 'met', ...peers]
  const body = rows.map((row) => [
    row.measure,
    row.value === null ? 'not measured' : `${figure(row.value)} ${row.unit}`.trim(),
    row.bar === null ? '' : `${row.bar.op === '>=' ? '≥' : '≤'} ${figure(row.bar.value)}`,
    row.met === null ? '' : row.met ? 'met' : 'NOT MET',
    ...peers.map((name) => {
      const peer = row.peers[name]
      return peer === undefined ? '' : peer === null ? 'not measured' : figure(peer)
    }),
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 1 || column > 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const lines = [line(head), widths.map((width) => '─'.repeat(width)).join('  ')]
  body.forEach((cells, index) => {
    lines.push(line(cells))
    const note = rows[index]?.note
    if (note !== undefined) lines.push(`  ${note}`)
  })
  return `${lines.join('\n')}\n`
}

/** Four significant digits, thousands apart, no exponent: 1234567 is `1 235 000`, 0.00123 is `0.00123`. */
export function figure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return String(value)
  const [whole = '', fraction = ''] = plain(Number(value.toPrecision(4))).split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, whole.length > 4 ? '\u202f' : '')
  return fraction === '' ? spaced : `${spaced}.${fraction}`
}

function plain(value: number): string {
  return Math.abs(value) >= 1e-6 || value === 0 ? value.toFixed(10).replace(/\.?0+$/, '') : String(value)
}
