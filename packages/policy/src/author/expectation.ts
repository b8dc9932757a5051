/**
 * The policy's own tests: flows and what must become of them, checked by `thingwall check`.
 *
 * `test.allows('vent-01', 'api.volcano.example:443/tcp')` or the same as a plain object. They only state;
 * `evaluate` judges.
 */
import type { TestDocument } from '../model/policy.ts'
import { propertiesOf } from './given.ts'
import type { Dotted, Word } from './names.ts'
import { type Author, originOfCaller } from './origin.ts'

/** Who opens: a device, `gateway` or an address. */
export type TestFrom<Name extends string> = Name | 'gateway' | Dotted

/** Where to, with the service: `vent-01:22/tcp`, `10.30.0.5:22/tcp`, `[fd30::5]:22/tcp`, `10.30.0.5 ping`. */
export type TestTo = string

export interface TestDetails {
  readonly name?: string
  /** The rule that must decide: `seismometer/readings`. */
  readonly rule?: string
  /** The instant to judge at; by default that of the check. */
  readonly at?: string
}

export interface TestOptions<Name extends string = string> extends TestDetails {
  readonly from: TestFrom<Name>
  readonly to: TestTo
  readonly expect: 'allow' | 'deny'
}

/** A test as a value; `uses` is for the type-checker only. */
export interface Test<out Used extends string = string> {
  readonly kind: 'test'
  readonly document: TestDocument
  readonly uses?: Used | undefined
}

export interface Tests {
  /** The flow is let through. */
  allows<const Name extends string>(from: Name, to: TestTo, details?: TestDetails): Test<Word<Name>>
  /** The flow is refused. */
  denies<const Name extends string>(from: Name, to: TestTo, details?: TestDetails): Test<Word<Name>>
}

/** States what must become of a flow: `test.denies('vent-01', '10.30.0.5:22/tcp')`. */
export const test: Tests = {
  allows: (from, to, details) => testOf({ ...details, from, to, expect: 'allow' }, test.allows),
  denies: (from, to, details) => testOf({ ...details, from, to, expect: 'deny' }, test.denies),
}

/** The document of a plain object: its origin is that of the policy, and its name what it says. */
export function testDocumentOf(options: TestOptions, origin: TestDocument['origin']): TestDocument {
  const given = propertiesOf(options)
  const verb = given.expect === 'allow' ? 'reaches' : 'does not reach'
  return { name: `${given.from} ${verb} ${given.to}`, ...given, origin }
}

function testOf(options: TestOptions, author: Author): Test<never> {
  return { kind: 'test', document: testDocumentOf(options, originOfCaller(author)) }
}
