/** `@thingwall/policy`: the language, its meaning, its analysis. Only re-exports. */
export { type CheckOptions, check, checkWritten } from './analyse/check.ts'
export {
  type ChangedKind,
  compareDocuments,
  type DocumentChange,
  type PropertyChange,
} from './analyse/difference/document.ts'
export type { Witness } from './analyse/difference/finding.ts'
export { compareMeaning, type Meaning, type MeaningOptions } from './analyse/difference/meaning.ts'
export type { Span } from './analyse/difference/moments.ts'
export {
  cutFlows,
  type Recorded,
  type RecordedCut,
  type RecordedFlow,
  type RecordedOptions,
} from './analyse/difference/recorded.ts'
export type { MeaningChange } from './analyse/difference/tell.ts'
export * from './author/index.ts'
export { compileFor, type DriverOptions, featuresOf } from './compile/driver.ts'
export {
  type Artifact,
  type CompileResult,
  type Feature,
  features,
  type Support,
  type Target,
} from './compile/target.ts'
export { bind, noBindings } from './evaluate/bind.ts'
export { readBindings } from './evaluate/bindings.ts'
export { type BindingsJson, bindingsJson } from './evaluate/bindings-json.ts'
export { evaluate } from './evaluate/evaluate.ts'
export { type ExplainedEnd, type Explanation, explain, type Question } from './evaluate/explain.ts'
export { judgeTest, type TestOutcome } from './evaluate/judge-test.ts'
export { splitService } from './evaluate/question.ts'
export { translate } from './evaluate/translate.ts'
export { placeOf } from './evaluate/words.ts'
export { faultsBeside } from './lower/beside.ts'
export { CONSOLE_PORT, DEFAULT_DENY } from './lower/default-tier.ts'
export { NO_FORWARD } from './lower/forwards.ts'
export { type LowerContext, lower } from './lower/lower.ts'
export { withoutClock } from './lower/without-clock.ts'
export * from './model/address.ts'
export * from './model/api.ts'
export * from './model/codes.ts'
export * from './model/diagnostic.ts'
export * from './model/flow.ts'
export * from './model/interval.ts'
export * from './model/name.ts'
export * from './model/policy.ts'
export * from './model/ruleset.ts'
export * from './model/service.ts'
