/**
 * What a check looks at, what it is, and how it reports. Checks read; they change nothing and know no clock.
 */
import type { Code } from '../model/codes.ts'
import { type Diagnostic, diagnose, type Fault } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Rule, Ruleset } from '../model/ruleset.ts'
import type { Part } from './parts.ts'

/** A policy as written, whether or not it lowers. */
export interface Written {
  readonly document: PolicyDocument
  /** The instant to judge at, milliseconds since 1970. */
  readonly at: number
  /** Everything in the document that carries reasons and dates. */
  readonly parts: readonly Part[]
}

export interface Subject extends Written {
  readonly ruleset: Ruleset
  /** The path in the document of each rule its author wrote, by rule id. */
  readonly paths: ReadonlyMap<string, string>
}

/** One kind of fault: its code, and how to find every case of it. */
export interface Check<About = Subject> {
  readonly code: Code
  readonly find: (subject: About) => Iterable<Fault>
}

/** A fault of a rule, at the place where it was written. `property` is what of it is wrong, where that has a name. */
export function faultOf(
  { paths }: Subject,
  rule: Rule,
  words: Pick<Fault, 'message' | 'hint' | 'value'>,
  property?: string,
): Fault {
  const path = paths.get(rule.id) ?? `rules.${rule.id}`
  return { ...words, path: property === undefined ? path : `${path}.${property}`, origin: rule.origin }
}

export function diagnosticsOf<About>(check: Check<About>, subject: About): Diagnostic[] {
  return [...check.find(subject)].map((fault) => diagnose(check.code, fault))
}
