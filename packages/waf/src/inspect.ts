/**
 * `inspect`: a request in, a decision out. First what is declared, then the protocol, then the detectors; the first
 * finding decides. Pure but for the id. It deliberately answers nothing and logs nothing.
 */
import { judgeParameter } from './declare/parameter.ts'
import { detectors } from './detect/all.ts'
import { judgeWith } from './judge/judge.ts'
import type { Decision, Finding } from './model/decision.ts'
import type { Field, RequestParts } from './model/request.ts'
import { readOptions, type Settings, type WafOptions } from './options.ts'
import type { BodyValue } from './request/body.ts'
import { readRequest } from './request/fields.ts'

const judge = judgeWith(detectors)
const byDefault = readOptions({})

export interface Inspected {
  readonly decision: Decision
  /** What the body was read as: hand this to the application, not the bytes again. */
  readonly body: BodyValue
}

/** Judges one request by options; to judge many, read the options once and use `inspectWith`. */
export function inspect(parts: RequestParts, options?: WafOptions): Decision {
  return inspectWith(parts, options === undefined ? byDefault : readOptions(options)).decision
}

/** Judges a whole request. */
export function inspectWith(parts: RequestParts, settings: Settings): Inspected {
  const read = readRequest(parts, settings.limits)
  const finding =
    firstFinding(read.fields, settings) ?? (read.kind === 'fault' ? faultFinding(read.fault) : null)
  const decision: Decision = {
    id: settings.newId(),
    verdict: finding === null ? 'allow' : settings.mode === 'enforce' ? 'refuse' : 'report',
    finding,
    route: null,
    who: null,
  }
  if (finding !== null) settings.onDecision(decision)
  return { decision, body: read.kind === 'read' ? read.body : { kind: 'none' } }
}

function firstFinding(fields: readonly Field[], { parameters }: Settings): Finding | null {
  for (const field of fields) {
    if (field.part === 'value' && (field.place === 'query' || field.place === 'body')) {
      const declared = parameters.get(field.name)
      const finding = declared === undefined ? null : judgeParameter(field, declared)
      if (finding !== null) return finding
    }
    const finding = judge(field)
    if (finding !== null) return finding
  }
  return null
}

function faultFinding({
  rule,
  why,
  text,
}: {
  readonly rule: string
  readonly why: string
  readonly text: string
}): Finding {
  return {
    rule: `protocol/${rule}`,
    place: 'body',
    name: '',
    part: 'value',
    excerpt: text.slice(0, 80),
    offset: 0,
    layers: [],
    why,
  }
}
