/** What a comparison of meanings finds: one flow that stands for many, and what becomes of them. Data only. */
import type { Decision, Flow, Said } from '../../model/flow.ts'
import type { Moment } from './moments.ts'
import type { ServiceClass } from './service-classes.ts'
import type { Tags } from './told.ts'

/** A flow that the two policies judge differently, and all that is needed to judge it again. */
export interface Witness {
  readonly flow: Flow
  /** What devices were given and told, to be bound for either rule set. */
  readonly said: Said
  /** Milliseconds since 1970. */
  readonly at: number
  readonly before: Decision
  readonly after: Decision
}

/** Between two ends, for one class of services: what becomes of it, and when. */
export interface Found {
  /** Indexes into `Ends.all`. */
  readonly from: number
  readonly to: number
  /** Names that the end outside is the answer to. */
  readonly tags: Tags
  readonly service: ServiceClass
  /** Of the gateway's, where the flow was translated; null where it was not. */
  readonly addressed: ServiceClass | null
  readonly becomes: 'allowed' | 'blocked'
  readonly moments: readonly Moment[]
  readonly witness: Witness
}
