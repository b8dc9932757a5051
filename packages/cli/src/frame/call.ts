/** One verb with what it was given. */
import type { OptionValues } from './options.ts'

export interface Call {
  readonly verb: string
  readonly operands: readonly string[]
  readonly options: OptionValues
}
