/** The words of a schema that are about numbers: ranges, multiples, formats. Exact: 0.3 is a multiple of 0.1. */
import { numberAt, type Reading, refuse, under } from '../reading.ts'
import type { JudgeNumber } from './model.ts'

type Given = Readonly<Record<string, unknown>>

/** The widest range of each format; `double` and `int64` are what JSON numbers are read as. */
const ranges: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-2_147_483_648, 2_147_483_647],
  int64: [-(2 ** 63), 2 ** 63],
  float: [-3.402_823_466_385_288_6e38, 3.402_823_466_385_288_6e38],
  double: [-Number.MAX_VALUE, Number.MAX_VALUE],
}

/** Reads them; `format` is one that is of numbers, or undefined. */
export function readNumbers(at: Reading, given: Given, format: string | undefined): readonly JudgeNumber[] {
  const judges: JudgeNumber[] = []
  const [minimum, above] = boundAt(at, given, 'minimum', 'exclusiveMinimum')
  const [maximum, below] = boundAt(at, given, 'maximum', 'exclusiveMaximum')
  const multipleOf = numberAt(at, given, 'multipleOf')
  const least = Math.max(minimum ?? Number.NEGATIVE_INFINITY, above ?? Number.NEGATIVE_INFINITY)
  const most = Math.min(maximum ?? Infinity, below ?? Infinity)
  if (least > most || (least === most && (above === least || below === most)))
    refuse(at, 'contradiction', 'no number is in this range', 'correct `minimum` or `maximum`')
  if (minimum !== undefined)
    judges.push((value) => (value >= minimum ? null : { rule: 'minimum', why: `less than ${minimum}` }))
  if (above !== undefined)
    judges.push((value) =>
      value > above ? null : { rule: 'exclusiveMinimum', why: `not more than ${above}` },
    )
  if (maximum !== undefined)
    judges.push((value) => (value <= maximum ? null : { rule: 'maximum', why: `more than ${maximum}` }))
  if (below !== undefined)
    judges.push((value) =>
      value < below ? null : { rule: 'exclusiveMaximum', why: `not less than ${below}` },
    )
  const range = format === undefined ? undefined : ranges[format]
  if (range !== undefined) {
    const [first, last] = range
    const isWhole = format === 'int32' || format === 'int64'
    judges.push((value) =>
      value >= first && value <= last && (!isWhole || Number.isInteger(value))
        ? null
        : { rule: 'format', why: `not of the format ${format}` },
    )
  }
  if (multipleOf !== undefined) {
    if (multipleOf <= 0)
      under(at, 'multipleOf', () =>
        refuse(at, 'contradiction', 'nothing is a multiple of that', 'write a number above 0', multipleOf),
      )
    else
      judges.push((value) =>
        isMultiple(value, multipleOf) ? null : { rule: 'multipleOf', why: `not a multiple of ${multipleOf}` },
      )
  }
  return judges
}

/** The bound itself, and the one that is left out; OpenAPI 3.0 says the latter with a flag. */
function boundAt(
  at: Reading,
  given: Given,
  key: 'minimum' | 'maximum',
  exclusive: 'exclusiveMinimum' | 'exclusiveMaximum',
): readonly [bound: number | undefined, without: number | undefined] {
  const bound = numberAt(at, given, key)
  if (typeof given[exclusive] !== 'boolean') return [bound, numberAt(at, given, exclusive)]
  if (given[exclusive] && bound === undefined)
    under(at, exclusive, () =>
      refuse(
        at,
        'contradiction',
        `\`${exclusive}: true\` without \`${key}\``,
        `write the number: ${exclusive}: 0`,
      ),
    )
  return given[exclusive] === true ? [undefined, bound] : [bound, undefined]
}

function isMultiple(value: number, of: number): boolean {
  if (Number.isInteger(value) && Number.isInteger(of)) return value % of === 0
  const [one, other] = [decimalOf(value), decimalOf(of)]
  const scale = Math.max(one.scale, other.scale)
  return (
    (one.digits * 10n ** BigInt(scale - one.scale)) % (other.digits * 10n ** BigInt(scale - other.scale)) ===
    0n
  )
}

/** A number as it is written: `digits` with `scale` of them behind the point. */
function decimalOf(value: number): { readonly digits: bigint; readonly scale: number } {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}
