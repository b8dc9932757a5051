/**
 * How much of anything a request may hold before it is refused unread. Counts, not times: the same request is judged
 * the same on every machine. It deliberately has one set of defaults for all routes; a route may say less or more.
 */

export interface Limits {
  /** So much of a body is held back until all of it is judged; what is longer is refused where it may not flow on. */
  readonly holdBytes: number
  /** Bodies that flow on are refused above this. */
  readonly flowBytes: number
  /** Codings of a body, one in the other. */
  readonly codings: number
  /** How many times as large a body may get when it is unpacked. */
  readonly unpackRatio: number
  readonly depth: number
  /** Parameters, JSON values, form fields: how many in all. */
  readonly fields: number
  /** Characters of names that have to be remembered at once: the keys of the objects a value stands in. */
  readonly names: number
  readonly parts: number
  readonly headers: number
  readonly headerBytes: number
  readonly targetBytes: number
  /**
   * Steps it may take to judge a request, for each mebibyte of its texts; what is shorter has as many. A step is about a
   * look at a character. Texts that are made to be costly are told by it, and refused.
   */
  readonly work: number
}

export const defaultLimits: Limits = {
  holdBytes: 1_048_576,
  flowBytes: 1_073_741_824,
  codings: 2,
  unpackRatio: 200,
  depth: 64,
  fields: 10_000,
  names: 262_144,
  parts: 200,
  headers: 100,
  headerBytes: 65_536,
  targetBytes: 32_768,
  work: 300_000_000,
}

/** A request that cannot be read in one way only, or that is more than was agreed: refused, not guessed. */
export interface Fault {
  /** What follows `protocol/` in the name of the rule. */
  readonly rule: string
  readonly why: string
  /** What it was found in, for the excerpt. */
  readonly text: string
}
