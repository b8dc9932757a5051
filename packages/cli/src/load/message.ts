/** What the child that evaluated a policy sends back, as one JSON text on file descriptor 3. */

/** The first place where two loads of one policy differ. */
export interface Difference {
  /** `rules.readings.why` */
  readonly path: string
  readonly first: string
  readonly second: string
}

export type Message =
  | {
      readonly kind: 'policy'
      readonly document: unknown
      readonly difference: Difference | null
      /** Path → text of the policy's TypeScript modules, types stripped in place: for finding places only. */
      readonly sources: Readonly<Record<string, string>>
    }
  /** The module threw, did not parse, or imported what is not there. */
  | { readonly kind: 'threw'; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly kind: 'no-default' }
  /** The default export cannot be written as JSON. */
  | { readonly kind: 'not-data'; readonly message: string }
