/**
 * The parts of a multipart form against the fields that are declared, one by one as they are read: nobody holds them all. A part with a
 * file name is a file, and its name is what is judged of it here. It lives for one request.
 */
import type { Finding } from '../model/decision.ts'
import type { Field } from '../model/request.ts'
import { type Elsewhere, faultFinding, findingOf, NamedValues } from './named.ts'
import type { DeclaredValue } from './value.ts'

export class DeclaredParts {
  readonly #fields: ReadonlyMap<string, DeclaredValue>
  readonly #values: NamedValues

  /** `elsewhere` are further names that may be there; null where any may. */
  constructor(fields: ReadonlyMap<string, DeclaredValue>, elsewhere: Elsewhere | null) {
    this.#fields = fields
    this.#values = new NamedValues('body', fields, elsewhere)
  }

  /** The next text that was read, of whatever kind. */
  text({ place, part, kind, name, text, piece }: Field): Finding | null {
    // What a part carries inside is of no kind of its own.
    if (place !== 'body' || part === 'name' || kind === undefined) return null
    const declared = this.#fields.get(name)
    if (declared === undefined) return this.#values.undeclared(name)
    // A file was counted and judged by its name; what is in it is for the detectors.
    if (kind === 'file') return null
    if (declared.isFile !== (kind === 'file-name')) {
      const why = declared.isFile ? 'a text where a file is declared' : 'a file where none is declared'
      return findingOf('declared/type', place, name, text, why)
    }
    if (piece !== undefined && !declared.inPieces)
      return findingOf('declared/length', place, name, text, 'too long to be judged as what is declared')
    if (piece === undefined || piece.at === 0) return this.#values.value(name, text)
    const fault = declared.judge(text)
    return fault === null ? null : faultFinding(place, name, text, fault)
  }

  /** There are no more. */
  end(): Finding | null {
    return this.#values.end()
  }
}
