/** `@thingwall/waf`: the application firewall. Only re-exports. */

export { type OakContext, type OakMiddleware, type OakOptions, waf } from './adapt/oak.ts'
export { RequestRefused } from './adapt/refused.ts'
export type {
  ApiBody,
  ApiCaller,
  ApiContent,
  ApiExclusion,
  ApiMode,
  ApiRoute,
  ApiRules,
  ApiSchema,
  ApiSchemaType,
  ApiValue,
  Leaks,
  TextFormat,
  Undeclared,
} from './declare/api.ts'
export type { DeclarationFault, DeclarationFaultKind } from './declare/reading.ts'
export { type Inspected, inspect, inspectPlain, inspectWith } from './inspect.ts'
export type { Answer, Caller, Decision, Finding } from './model/decision.ts'
export type { Detector, Evidence } from './model/detector.ts'
export type { Field, Place, RequestParts } from './model/request.ts'
export {
  type EndedExclusion,
  endedExclusions,
  faultsIn,
  type ParameterOptions,
  type PolicyApi,
  readOptions,
  rulesOf,
  type Settings,
  type WafOptions,
} from './options.ts'
export { type Arriving, BodyRefused, type Received, receive } from './receive.ts'
export type { BodyOptions, Unjudged } from './request/body-options.ts'
export type { Decoder, Decoders } from './request/coding.ts'
export { inspectResponse, ResponseInspector } from './respond/inspect-response.ts'
export { type Asked, judgeResponse } from './respond/judge-response.ts'
export {
  judgeResponseBytes,
  judgeResponseStream,
  type ResponseChunks,
  ResponseRefused,
} from './respond/response-flow.ts'
export { type MemoryOptions, memoryState } from './state/memory.ts'
export type { Rate, State, Taken } from './state/state.ts'
export type { Count, Counters } from './tell/counters.ts'
export { decisionLine } from './tell/decision-line.ts'
