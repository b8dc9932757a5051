/**
 * `inspect`: a request in, a decision out. First what is declared and what the detectors find, field by field, then what
 * makes the request unreadable; the first finding decides. Pure but for the id. It deliberately answers nothing and
 * logs nothing.
 */
import { judgeParameter } from './declare/parameter.ts'
import { detectors } from './detect/all.ts'
import { judgeWith } from './judge/judge.ts'
import type { Decision, Finding } from './model/decision.ts'
import type { RequestParts } from './model/request.ts'
import { readOptions, type Settings, type WafOptions } from './options.ts'
import type { BodyValue } from './request/body-reader.ts'
import { decodeEncoding } from './request/encoding.ts'
import { readRequest } from './request/fields.ts'
import type { Fault } from './request/limits.ts'
import type { Judge } from './request/reading.ts'

const judge = judgeWith(detectors)
const byDefault = readOptions({})

export interface Inspected {
  readonly decision: Decision
  /** What the body was read as: hand this to the application, not the bytes again. */
  readonly body: BodyValue
}

/** Judges one request by options. To judge many, read the options once and use `inspectWith`. */
export async function inspect(parts: RequestParts, options?: WafOptions): Promise<Decision> {
  return (await inspectWith(parts, options === undefined ? byDefault : readOptions(options))).decision
}

/** Judges a whole request, its body unpacked first where it is compressed. */
export async function inspectWith(parts: RequestParts, settings: Settings): Promise<Inspected> {
  // No await where nothing is compressed: most requests are not.
  if (!parts.headers.some(([name]) => name.toLowerCase() === 'content-encoding'))
    return inspectPlain(parts, settings)
  const decoded = await decodeEncoding(parts, settings.limits)
  if (decoded.kind === 'decoded') return inspectPlain(decoded.parts, settings)
  // What else is wrong with it is a better reason; without its body, and without what is said of that.
  const headers = parts.headers.filter(([name]) => name.toLowerCase() !== 'content-encoding')
  const read = readRequest({ ...parts, headers, body: null }, judgeBy(settings), settings.limits)
  return decided(read.finding ?? faultFinding(decoded.fault), { kind: 'none' }, settings)
}

/** Judges a whole request whose body is not compressed; one that says it is, is refused. */
export function inspectPlain(parts: RequestParts, settings: Settings): Inspected {
  const { finding, fault, body } = readRequest(parts, judgeBy(settings), settings.limits)
  return decided(finding ?? (fault === null ? null : faultFinding(fault)), body, settings)
}

function decided(finding: Finding | null, body: BodyValue, settings: Settings): Inspected {
  const decision: Decision = {
    id: settings.newId(),
    verdict: finding === null ? 'allow' : settings.mode === 'enforce' ? 'refuse' : 'report',
    finding,
    route: null,
    who: null,
  }
  if (finding !== null) settings.onDecision(decision)
  return { decision, body }
}

/** What is declared, then what the detectors find. */
function judgeBy({ parameters }: Settings): Judge {
  if (parameters.size === 0) return { text: judge }
  return {
    text(field) {
      const judged = field.part === 'value' && (field.place === 'query' || field.place === 'body')
      const declared = judged ? parameters.get(field.name) : undefined
      return (declared === undefined ? null : judgeParameter(field, declared)) ?? judge(field)
    },
  }
}

function faultFinding({ rule, why, text }: Fault): Finding {
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
