/**
 * `receive`: a request whose body is still coming. It is held until it is judged, up to `holdBytes`; what is longer is
 * refused, or flows on behind the judge where that is chosen. Whatever is handed on is what was judged: the bytes without
 * their codings. It deliberately answers nobody; adapters do.
 */
import { type Begun, begin, type DecideHow, type Inspected, take } from './inspect.ts'
import type { Caller, Decision } from './model/decision.ts'
import type { RequestParts } from './model/request.ts'
import type { Settings } from './options.ts'
import { type BodyInspector, bodyInspector, type Stop } from './request/body.ts'
import type { BodyValue } from './request/body-reader.ts'
import { Building } from './request/building.ts'
import { type Codings, codingsOf, decoded } from './request/coding.ts'
import type { ContentType } from './request/content-type.ts'
import { aroundNothing, withoutCoding } from './request/encoding.ts'
import { type ReadRequest, readHead, tooLarge } from './request/fields.ts'
import { type FlowEnd, flowOn, hold, type Longish } from './request/flow.ts'
import type { Fault } from './request/limits.ts'
import { type Chunks, Source } from './request/source.ts'
import type { Taken } from './state/state.ts'

/** A request as it arrives. */
export interface Arriving extends Omit<RequestParts, 'body'> {
  readonly body: Chunks | null
}

/** What reading a body fails with that was broken off while it flowed on. */
export class BodyRefused extends Error {
  readonly decision: Decision
  constructor(decision: Decision) {
    super(`Refused by the application firewall. Reason id: ${decision.id}`)
    this.name = 'BodyRefused'
    this.decision = decision
  }
}

export type Received =
  /** It is decided. Where it is let through, `bytes` is the body, and `headers` are those that are true of it. */
  | {
      readonly kind: 'whole'
      readonly decision: Decision
      readonly value: BodyValue
      readonly bytes: Uint8Array | null
      readonly headers: RequestParts['headers']
    }
  /** Let through as far as it is read. The stream fails with `BodyRefused` where something is found later. */
  | {
      readonly kind: 'flowing'
      readonly stream: ReadableStream<Uint8Array>
      readonly headers: RequestParts['headers']
      /** What is decided so far: it is let through, or was told and is let through. */
      readonly soFar: Decision
      /** Known when the body is over, under the same id. */
      readonly decision: Promise<Decision>
    }

const nothing: ReadRequest = { finding: null, fault: null, body: { kind: 'none' } }

/** Judges a request as it arrives. Rejects only with what reading its body fails with. */
export async function receive(
  request: Arriving,
  settings: Settings,
  caller: Caller | null = null,
): Promise<Received> {
  const asked = take(request, settings, caller)
  const taken = asked instanceof Promise ? await asked : asked
  const source = request.body === null ? null : new Source(request.body)
  const first = source === null ? null : await source.first()
  if (source === null || first === null) return empty(request, settings, caller, taken)
  const receiving = new Receiving(request, source, first, settings, { caller, taken })
  return receiving.head()
}

function empty(request: Arriving, settings: Settings, caller: Caller | null, taken: Taken | null): Received {
  const parts = { ...request, body: null }
  const begun = begin(parts, settings, caller, { unread: null, taken })
  const { decision } = begun.early ?? begun.decide(readWith(parts, begun, settings))
  return { kind: 'whole', decision, value: { kind: 'none' }, bytes: null, headers: request.headers }
}

function readWith(parts: RequestParts, begun: Begun, { limits }: Settings): ReadRequest {
  const head = readHead(parts, begun.judge, limits)
  switch (head.kind) {
    case 'finding':
      return { ...nothing, finding: head.finding }
    case 'fault':
      return { ...nothing, fault: head.fault }
    case 'read':
      return nothing
    default:
      return head satisfies never
  }
}

/** One request with a body. */
class Receiving {
  readonly #source: Source
  readonly #settings: Settings
  readonly #codings: Codings
  readonly #begun: Begun
  readonly #who: string | null
  /** As it came, and as it is handed on. */
  readonly #headers: RequestParts['headers']
  readonly #parts: RequestParts

  constructor(
    request: Arriving,
    source: Source,
    first: Uint8Array,
    settings: Settings,
    { caller, taken }: { readonly caller: Caller | null; readonly taken: Taken | null },
  ) {
    this.#source = source
    this.#settings = settings
    this.#headers = request.headers
    this.#codings = codingsOf(request.headers, settings.limits, settings.bodies.decoders)
    // Its coding is judged here; its length is the one that came.
    const headers = request.headers.filter(([name]) => name.toLowerCase() !== 'content-encoding')
    this.#parts = { ...request, headers, body: first }
    const unread =
      this.#codings.kind === 'fault' ||
      (this.#codings.kind === 'unread' && settings.bodies.onUnread === 'refuse')
        ? this.#codings.fault
        : null
    this.#begun = begin(this.#parts, settings, caller, { unread, taken })
    this.#who = caller?.id ?? null
  }

  async head(): Promise<Received> {
    if (this.#begun.early !== null) return this.#refused(this.#begun.early)
    const { limits, bodies } = this.#settings
    const head = readHead(this.#parts, this.#begun.judge, limits)
    if (head.kind !== 'read') return this.#stopped(head)
    if (this.#codings.kind === 'fault') return this.#stopped({ kind: 'fault', fault: this.#codings.fault })
    if (this.#codings.kind === 'unread') return this.#unjudged(this.#codings.fault, bodies.onUnread)
    if ('rule' in head.type) return this.#stopped({ kind: 'fault', fault: head.type })
    return this.#body(head.type, this.#codings.decoders)
  }

  async #body(type: ContentType, decoders: Parameters<typeof decoded>[1]): Promise<Received> {
    const { limits } = this.#settings
    const { content, route } = this.#begun
    // A value that is declared is judged when all of it is there.
    const flows = this.#settings.bodies.flows(route) && declaresNoValue(content)
    const inspector = bodyInspector(type, this.#begun.judge, limits, flows ? null : new Building())
    const body = decoders.length === 0 ? this.#source : decoded(this.#source, decoders, limits)
    const most = content?.maxBytes ?? Infinity
    const held = await hold(body, inspector, limits)
    switch (held.kind) {
      case 'stopped':
        return this.#stopped(held.stop)
      case 'longer':
        if (held.size > most) return this.#stopped({ kind: 'fault', fault: tooLarge(most) })
        return flows
          ? this.#flowing(held, inspector, Math.min(most, limits.flowBytes))
          : this.#unjudged(tooLarge(limits.holdBytes), this.#settings.bodies.onOverflow)
      case 'whole': {
        if (held.bytes.length === 0) return this.#stopped({ kind: 'fault', fault: aroundNothing })
        if (held.end.kind !== 'read') return this.#stopped(held.end)
        if (held.bytes.length > most) return this.#stopped({ kind: 'fault', fault: tooLarge(most) })
        const { decision } = this.#begun.decide({ ...nothing, body: held.end.value })
        if (decision.verdict === 'refuse') return this.#refused({ decision, body: held.end.value })
        const headers = this.#headersNow()
        return { kind: 'whole', decision, value: held.end.value, bytes: held.bytes, headers }
      }
      default:
        return held satisfies never
    }
  }

  /** The headers that are true of the body that is handed on. */
  #headersNow(): RequestParts['headers'] {
    const { decoders } = this.#codings.kind === 'codings' ? this.#codings : { decoders: [] }
    return decoders.length === 0 ? this.#headers : withoutCoding(this.#headers)
  }

  async #refused({ decision }: Inspected): Promise<Received> {
    await this.#source.close()
    return { kind: 'whole', decision, value: { kind: 'none' }, bytes: null, headers: this.#headers }
  }

  /** Refused, or where that is only told, handed on as it came. */
  async #stopped(stop: Stop): Promise<Received> {
    const inspected = this.#begun.decide(readOf(stop))
    return inspected.decision.verdict === 'refuse'
      ? this.#refused(inspected)
      : this.#asItCame(inspected.decision)
  }

  #asItCame(decision: Decision): Received {
    return {
      kind: 'flowing',
      stream: this.#source.asItCame(),
      headers: this.#headers,
      soFar: decision,
      decision: Promise.resolve(decision),
    }
  }

  #unjudged(fault: Fault, answer: 'refuse' | 'report' | 'pass'): Promise<Received> | Received {
    if (answer === 'refuse') return this.#stopped({ kind: 'fault', fault })
    const read = answer === 'report' ? { ...nothing, fault } : nothing
    return this.#asItCame(this.#begun.decide(read, { tell: true }).decision)
  }

  #flowing(held: Longish, inspector: BodyInspector, flowBytes: number): Received {
    this.#source.forget()
    const soFar: Decision = {
      id: this.#settings.newId(),
      verdict: 'allow',
      finding: null,
      route: this.#begun.route,
      who: this.#who,
      answer: null,
    }
    const decide = ({ stop, passedBytes }: FlowEnd): Decision => {
      const how: DecideHow = { passedBytes, id: soFar.id }
      return this.#begun.decide(stop === null ? nothing : readOf(stop), how).decision
    }
    const { stream, decision } = flowOn(held, inspector, {
      flowBytes,
      decide,
      // What is only reported breaks nothing off.
      failure: (decided) => (decided.verdict === 'refuse' ? new BodyRefused(decided) : null),
      close: () => this.#source.close(),
    })
    return { kind: 'flowing', stream, headers: this.#headersNow(), soFar, decision }
  }
}

function readOf(stop: Stop): ReadRequest {
  return stop.kind === 'finding' ? { ...nothing, finding: stop.finding } : { ...nothing, fault: stop.fault }
}

/** Whatever may be declared of a body besides its size needs all of it. */
function declaresNoValue(content: object | null): boolean {
  return (
    content === null ||
    Object.entries(content).every(([name, value]) => name === 'maxBytes' || value === null)
  )
}
