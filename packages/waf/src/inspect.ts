/**
 * `inspect`: a request in, a decision out. First what is declared and what the detectors find, field by field, then what
 * makes the request unreadable; the first finding decides. Pure but for the id. It deliberately answers nothing and
 * logs nothing.
 */

import type { DeclaredContent } from './declare/body.ts'
import { excludedAt } from './declare/exclusion.ts'
import {
  answerOf,
  contentOf,
  judgeBody,
  judgeCaller,
  judgeContent,
  judgeHead,
  judgeRate,
  judgeRoute,
  matchRoute,
} from './declare/judge.ts'
import { mayOverride, type Overridden } from './declare/method-override.ts'
import { faultFinding as declaredFinding } from './declare/named.ts'
import { DeclaredParts } from './declare/parts.ts'
import { detectors } from './detect/all.ts'
import { fixationOf } from './detect/fixation.ts'
import { override } from './detect/override.ts'
import { type JudgeField, judgeWith, workRule } from './judge/judge.ts'
import type { Caller, Decision, Finding } from './model/decision.ts'
import type { Field, RequestParts } from './model/request.ts'
import { Work } from './model/work.ts'
import { readOptions, type Settings, type WafOptions } from './options.ts'
import type { BodyValue } from './request/body-reader.ts'
import { Building } from './request/building.ts'
import { decodeEncoding } from './request/encoding.ts'
import { type ReadRequest, readRequest } from './request/fields.ts'
import type { Fault } from './request/limits.ts'
import type { Judge } from './request/reading.ts'
import { askerOf } from './state/asker.ts'
import type { Taken } from './state/state.ts'

const judge = judgeWith(detectors)

export interface Inspected {
  readonly decision: Decision
  /** What the body was read as: hand this to the application, not the bytes again. */
  readonly body: BodyValue
}

/** Judges one request by options. To judge many, read the options once and use `inspectWith`. */
export async function inspect(
  parts: RequestParts,
  options?: WafOptions,
  caller: Caller | null = null,
): Promise<Decision> {
  return (await inspectWith(parts, readOptions(options ?? {}), caller)).decision
}

/** Judges a whole request, its body unpacked first where it is compressed. `caller` is null where nobody knows who calls. */
export async function inspectWith(
  parts: RequestParts,
  settings: Settings,
  caller: Caller | null = null,
): Promise<Inspected> {
  const asked = take(parts, settings, caller)
  // No await where there is nothing to wait for: most requests are not compressed, and most memories are near.
  const taken = asked instanceof Promise ? await asked : asked
  if (!parts.headers.some(([name]) => name.toLowerCase() === 'content-encoding'))
    return inspectTaken(parts, settings, caller, taken)
  const decoded = await decodeEncoding(parts, settings.limits, settings.bodies.decoders)
  if (decoded.kind === 'decoded') return inspectTaken(decoded.parts, settings, caller, taken)
  // What else is wrong with it is a better reason; without its body, and without what is said of that.
  const headers = parts.headers.filter(([name]) => name.toLowerCase() !== 'content-encoding')
  const begun = begin({ ...parts, headers, body: null }, settings, caller, { unread: decoded.fault, taken })
  return (
    begun.early ?? begun.decide(readRequest({ ...parts, headers, body: null }, begun.judge, settings.limits))
  )
}

/**
 * Judges a whole request whose body is not compressed; one that says it is, is refused. Throws a TypeError where routes have
 * rates and the memory of them answers later: that is for `inspectWith`.
 */
export function inspectPlain(
  parts: RequestParts,
  settings: Settings,
  caller: Caller | null = null,
): Inspected {
  const taken = take(parts, settings, caller)
  if (taken instanceof Promise) throw new TypeError('waf: this state answers later: use inspectWith')
  return inspectTaken(parts, settings, caller, taken)
}

function inspectTaken(
  parts: RequestParts,
  settings: Settings,
  caller: Caller | null,
  taken: Taken | null,
): Inspected {
  const begun = begin(parts, settings, caller, { unread: null, taken })
  return begun.early ?? begun.decide(readRequest(parts, begun.judge, settings.limits, new Building()))
}

/** A request of which everything but the body is known. */
export interface Begun {
  /** Not null: it is decided, and nothing more needs to be read. */
  readonly early: Inspected | null
  readonly judge: Judge
  /** What is declared of the body. */
  readonly content: DeclaredContent | null
  /** As it is declared, or null. */
  readonly route: string | null
  /** Whether what is found is only told. */
  readonly reports: boolean
  decide(read: ReadRequest, how?: DecideHow): Inspected
}

export interface DecideHow {
  /** What is found is told and nothing more, whatever the mode. */
  readonly tell?: boolean
  readonly passedBytes?: number
  /** The id, where one was told already. */
  readonly id?: string
}

/** Takes one from the allowance of who asks, where its route has a rate. */
export function take(
  parts: Omit<RequestParts, 'body'>,
  { declared, state }: Settings,
  caller: Caller | null,
): Taken | null | Promise<Taken> {
  if (!declared.hasRates) return null
  const match = matchRoute(declared, parts)
  const route = match?.kind === 'route' ? match.route : null
  if (route === null || route.rate === null) return null
  return state.take(`${route.key}\n${askerOf(caller, parts.address)}`, route.rate)
}

/** What is known beside the request itself. */
export interface Circumstances {
  /** Why the body could not be had, where it could not. */
  readonly unread: Fault | null
  /** Of the allowance; null where the route has no rate. */
  readonly taken: Taken | null
}

/** What is declared of the request's head. */
export function begin(
  parts: RequestParts,
  settings: Settings,
  caller: Caller | null,
  { unread, taken }: Circumstances,
): Begun {
  const { declared, parameters } = settings
  const match = matchRoute(declared, parts)
  const route = match?.kind === 'route' ? match : null
  const enforced = (route === null ? declared.mode : route.route.mode) === 'enforce'
  const decided = (finding: Finding | null, body: BodyValue, how: DecideHow = {}): Inspected => {
    const tells =
      !enforced || how.tell === true || (finding?.rule === workRule && settings.bodies.onWork === 'report')
    const verdict = finding === null ? 'allow' : tells ? 'report' : 'refuse'
    const decision: Decision = {
      id: how.id ?? settings.newId(),
      verdict,
      finding,
      route: route === null ? null : route.route.key,
      who: caller === null ? null : caller.id,
      answer: finding === null || verdict !== 'refuse' ? null : answerOf(finding, match, taken),
      ...(how.passedBytes !== undefined && { passedBytes: how.passedBytes }),
    }
    settings.counters.count(decision)
    if (finding !== null) settings.onDecision(decision)
    return { decision, body }
  }

  const own = route === null ? null : route.route
  const content = own === null ? null : contentOf(own, parts.headers)
  const early =
    match === null
      ? null
      : (judgeRoute(match, declared, parts) ??
        (route === null
          ? null
          : (judgeCaller(route.route, caller) ??
            judgeRate(route.route, taken, caller) ??
            judgeHead(route.route, route.values, parts, parameters) ??
            // A body that could not be had is told as what it is, not as missing.
            (unread === null ? judgeContent(route.route, parts, content) : null))))
  const key = own === null ? null : own.key
  const fields =
    content?.form === 'parts' && content.fields !== null
      ? new DeclaredParts(content.fields, own?.strict === true ? parameters : null)
      : null
  const judging = judgeBy(settings, parts, {
    method: parts.method,
    route: own,
    content,
    elsewhere: parameters,
  })
  return {
    // One that is only told is told when all is read.
    early: early !== null && enforced ? decided(early, { kind: 'none' }) : null,
    judge:
      fields === null ? judging : { ...judging, text: (field) => fields.text(field) ?? judging.text(field) },
    content,
    route: key,
    reports: !enforced,
    decide: (read, how) => {
      const fault = unread ?? read.fault
      const found =
        early ??
        read.finding ??
        (fault !== null ? faultFinding(fault) : null) ??
        (own === null ? null : (fields?.end() ?? judgeBody(own, content, read.body, parameters)))
      return decided(found, read.body, how)
    },
  }
}

const secondMethods: ReadonlySet<string> = new Set([override.id])

/** What is declared of parameters wherever they stand, then what the detectors find. */
function judgeBy(settings: Settings, { headers }: RequestParts, overridden: Overridden): Judge {
  const { parameters, declared } = settings
  const fixed = fixationOf(headers)
  const work = new Work(settings.limits.work)
  const passes = settings.bodies.onWork === 'pass'
  const within = (found: Finding | null): Finding | null =>
    passes && found !== null && found.rule === workRule ? null : found
  const judgeMethod: JudgeField = (field) => {
    const finding = within(settings.remembered.judge(judge, field, work))
    return finding?.rule === override.id && mayOverride(field, overridden)
      ? within(settings.judgeWithout(secondMethods)(field, work))
      : finding
  }
  const judgeFirst: JudgeField = fixed === null ? judgeMethod : (field) => fixed(field) ?? judgeMethod(field)
  const route = overridden.route === null ? null : overridden.route.key
  const judgeAll =
    declared.exclusions.length === 0 ? judgeFirst : judgeUnlessExcluded(judgeFirst, settings, route, work)
  if (parameters.size === 0) return { text: judgeAll }
  const judgeDeclared = ({ place, name, part, text, piece }: Field): Finding | null => {
    if (part === 'name' || (place !== 'query' && place !== 'body')) return null
    const parameter = parameters.get(name)
    const fault =
      parameter === undefined
        ? null
        : piece !== undefined && !parameter.inPieces
          ? { rule: 'length', why: 'too long to be judged as what is declared' }
          : parameter.judge(text)
    if (fault === null) return null
    return { ...declaredFinding(place, name, text, fault), rule: `parameters/${name}/${fault.rule}` }
  }
  return {
    text: (field) => judgeDeclared(field) ?? judgeAll(field),
    scalar: (value, name) =>
      judgeDeclared({ place: 'body', name: name(), part: 'value', text: String(value) }),
  }
}

/** What one detector may find there, the others still look for. */
function judgeUnlessExcluded(
  judgeFirst: JudgeField,
  settings: Settings,
  route: string | null,
  work: Work,
): JudgeField {
  const nowMs = settings.now()
  const {
    declared: { exclusions },
    judgeWithout,
  } = settings
  return (field) => {
    const finding = judgeFirst(field)
    if (finding === null) return null
    const excluded = excludedAt(exclusions, field, route, nowMs)
    if (excluded === null || !excluded.has(finding.rule)) return finding
    return judgeWithout(excluded)(field, work)
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
