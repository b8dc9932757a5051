/**
 * How the work of each detector, and of all decoders together, grows while the worst texts for it double from 16 KiB to 1 MiB.
 *
 * Every hostile text is tried at 32 KiB; the slowest of a detector, and those that grew most from 8 KiB, go through all
 * doublings. Told is the growth for one doubling, over all from the size on that takes five milliseconds: 2 is linear,
 * 4 quadratic, and what takes less for a mebibyte does not count. The
 * texts are given to the detectors whole, though the firewall gives them in pieces of 128 KiB.
 */
import { viewsOf } from '../../packages/waf/src/decode/views.ts'
import { detectors } from '../../packages/waf/src/detect/all.ts'
import { Work } from '../../packages/waf/src/model/work.ts'
import type { Measured } from '../rows.ts'
import { best } from './growth.ts'
import { hostilePieces } from './hostile.ts'
import { hostileFillers, hostileHeads, otherPieces } from './openings.ts'

interface Shape {
  readonly head: string
  readonly piece: string
}

const shapes: readonly Shape[] = [
  ...[...hostilePieces, ...otherPieces].map((piece) => ({ head: '', piece })),
  ...hostileHeads.flatMap((head) => hostileFillers.map((piece) => ({ head, piece }))),
]
const tried = 32_768
const sizes: readonly number[] = [16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576]
const followed = 4
const leastMs = 5

/** A row for each detector, and one for the decoders. */
export function* growthOfDetectors(): Generator<Measured> {
  for (const { id, detect } of detectors) {
    const work = (text: string): unknown =>
      detect(text, { place: 'body', name: 'x', part: 'value', text }, new Work(Number.POSITIVE_INFINITY))
    yield growthOf(`growth of ${id} when the worst text doubles`, work)
  }
  yield growthOf('growth of the decoders when the worst text doubles', viewsOf)
}

interface Grown extends Shape {
  readonly ratio: number
  /** For a text of 1 MiB. */
  readonly ms: number
}

function growthOf(measure: string, work: (text: string) => unknown): Measured {
  // Warm, so that the first texts are not the slowest.
  for (const shape of shapes) work(textOf(shape, 4096))
  const first = shapes.map((shape) => {
    const ms = timeOf(shape, tried, work, 1)
    return { shape, ms, ratio: ms / Math.max(0.1, timeOf(shape, tried / 4, work, 1)) }
  })
  const slowest = first.toSorted((a, b) => b.ms - a.ms).slice(0, followed)
  const steepest = first.toSorted((a, b) => b.ratio - a.ratio).slice(0, followed)
  const grown = [...new Set([...slowest, ...steepest].map(({ shape }) => shape))].map((shape) =>
    grownOf(shape, work),
  )
  const worst = grown.toSorted((a, b) => b.ratio - a.ratio)
  const most = grown.toSorted((a, b) => b.ms - a.ms)[0]
  return {
    measure,
    value: worst[0]?.ratio ?? null,
    unit: '×',
    bar: { op: '<=', value: 2.3 },
    note: `of ${shapes.length} texts ${said(worst[0])}; 1 MiB takes at most ${most?.ms.toFixed(0)} ms, of ${said(most)}`,
  }
}

function grownOf(shape: Shape, work: (text: string) => unknown): Grown {
  const times = sizes.map((size) => timeOf(shape, size, work, 3))
  const from = Math.min(
    times.findIndex((ms) => ms >= leastMs),
    times.length - 2,
  )
  const ms = times.at(-1) ?? 0
  // What takes no time at a whole mebibyte does not grow.
  const ratio = from < 0 ? 1 : (ms / (times[from] ?? ms)) ** (1 / (times.length - 1 - from))
  return { ...shape, ratio, ms }
}

function said(shape: Shape | undefined): string {
  return shape === undefined ? '' : JSON.stringify(shape.head + shape.piece)
}

function textOf({ head, piece }: Shape, length: number): string {
  // As texts come from a decoder: in one piece.
  const text = Buffer.from(head + piece.repeat(Math.ceil(length / piece.length)), 'utf16le')
  return text.toString('utf16le').slice(0, length)
}

/** CPU milliseconds, the best of some runs. */
function timeOf(shape: Shape, length: number, work: (text: string) => unknown, runs: number): number {
  const text = textOf(shape, length)
  return best(runs, () => work(text))
}
