/**
 * What the child that evaluates a policy and the process that started it say to each other, as frames on file
 * descriptor 3. The child asks and waits; it opens no file itself.
 */

/** Where the packages a policy file imports by name live. */
export interface Packages {
  /** Specifier → URL of the module that it means, from wherever it is imported. */
  readonly urls: Readonly<Record<string, string>>
  /** URL prefixes of our own packages, whose modules are evaluated once. */
  readonly own: readonly string[]
}

/** The first place where two loads of one policy differ. */
export interface Difference {
  /** `rules.readings.why` */
  readonly path: string
  readonly first: string
  readonly second: string
}

/** What came of the evaluation. */
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

/** What the child is to do, once it is ready. */
export interface Order {
  /** URL of the policy file. */
  readonly file: string
  readonly packages: Packages
  /** Milliseconds since 1970: the clock of the first load. */
  readonly nowMs: number
  /** The user and group that it becomes; null where it stays who it is. */
  readonly becomeId: number | null
  /** After this it ends itself, should nobody be left to end it. */
  readonly endAfterMs: number
}

/** How a module names another: `import`, or `require()` in a CommonJS package. */
export type Manner = 'import' | 'require'

export type Ask =
  /** Our own modules are loaded; no foreign code has run. */
  | { readonly kind: 'ready' }
  /** It kept rights that it must not have; nothing was evaluated. */
  | { readonly kind: 'stuck'; readonly why: string }
  | {
      readonly kind: 'resolve'
      readonly specifier: string
      readonly importer: string
      readonly manner: Manner
    }
  | { readonly kind: 'read'; readonly path: string; readonly manner: Manner }
  | { readonly kind: 'look'; readonly path: string }
  | { readonly kind: 'list'; readonly path: string }
  /** The body is the `Message`. */
  | { readonly kind: 'result' }

export type Answer =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'resolved'; readonly url: string }
  /** The body is the file; `format` is how Node names what a module is, null where the file is none. */
  | { readonly kind: 'file'; readonly format: string | null }
  | {
      readonly kind: 'look'
      readonly path: string
      readonly what: 'file' | 'folder'
      readonly sizeBytes: number
    }
  | { readonly kind: 'list'; readonly entries: readonly (readonly [name: string, what: 'file' | 'folder'])[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
