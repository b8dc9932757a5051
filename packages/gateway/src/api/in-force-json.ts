/**
 * What is in force and what was, as programs are told it, and read back by the command line: what a command says is the
 * same whether it looked itself or asked the daemon. Instants as people write them.
 */

import type { Surroundings } from '../enforce/nftables.ts'
import type { ApplicationRecord, Fate, InForce, Past } from '../enforce/point.ts'

type Timed<T> = Omit<T, 'at' | 'until'> &
  (T extends { readonly at: number } ? { readonly at: string } : unknown) &
  (T extends { readonly until: number } ? { readonly until: string } : unknown)
type EachTimed<T> = T extends unknown ? Timed<T> : never

export type RecordJson = Timed<ApplicationRecord>

export interface PastJson {
  readonly application: RecordJson
  readonly confirmed: { readonly by: string; readonly at: string } | null
  readonly fate: EachTimed<Fate>
}

export interface InForceJson extends Pick<InForce, 'digest' | 'integrity' | 'isTimeless'> {
  readonly application: RecordJson | null
  readonly trial: {
    readonly leftMs: number
    readonly until: string
    readonly returnsTo: { readonly digest: string | null; readonly application: RecordJson | null }
  } | null
  readonly over: PastJson | null
  readonly last: RecordJson | null
}

/** A look at a machine. */
export interface LookJson extends Surroundings {
  /** The state folder. */
  readonly state: string
  readonly inForce: InForceJson
  /** What was said by hand for what is in force, as the text of a bindings file; null for nothing. */
  readonly told: string | null
}

export interface HistoryJson {
  readonly state: string
  readonly applications: readonly PastJson[]
}

export function inForceJson({
  digest,
  record,
  integrity,
  isTimeless,
  trial,
  over,
  last,
}: InForce): InForceJson {
  return {
    digest,
    application: record === null ? null : recordJson(record),
    integrity,
    isTimeless,
    trial:
      trial === null
        ? null
        : {
            leftMs: Math.round(trial.leftMs),
            until: instant(trial.until),
            returnsTo: {
              digest: trial.returnsTo.digest,
              application: trial.returnsTo.record === null ? null : recordJson(trial.returnsTo.record),
            },
          },
    over: over === null ? null : pastJson(over),
    last: last === null ? null : recordJson(last),
  }
}

export function pastJson({ record, confirmed, fate }: Past): PastJson {
  return {
    application: recordJson(record),
    confirmed: confirmed === null ? null : { by: confirmed.by, at: instant(confirmed.at) },
    fate: {
      ...fate,
      ...('at' in fate ? { at: instant(fate.at) } : {}),
      ...('until' in fate ? { until: instant(fate.until) } : {}),
    } as PastJson['fate'],
  }
}

/** The other way round. Throws where it is not of that shape. */
export function inForceOf(json: InForceJson): InForce {
  const { digest, application, integrity, isTimeless, trial, over, last } = json
  if (typeof integrity.kind !== 'string' || typeof isTimeless !== 'boolean') throw new TypeError('no look')
  return {
    digest,
    record: application === null ? null : recordOf(application),
    integrity,
    isTimeless,
    trial:
      trial === null
        ? null
        : {
            leftMs: trial.leftMs,
            until: read(trial.until),
            returnsTo: {
              digest: trial.returnsTo.digest,
              record: trial.returnsTo.application === null ? null : recordOf(trial.returnsTo.application),
            },
          },
    over: over === null ? null : pastOf(over),
    last: last === null ? null : recordOf(last),
  }
}

/** The other way round. Throws where it is not of that shape. */
export function pastOf({ application, confirmed, fate }: PastJson): Past {
  return {
    record: recordOf(application),
    confirmed: confirmed === null ? null : { by: confirmed.by, at: read(confirmed.at) },
    fate: {
      ...fate,
      ...('at' in fate ? { at: read(fate.at) } : {}),
      ...('until' in fate ? { until: read(fate.until) } : {}),
    } as Fate,
  }
}

function recordJson(record: ApplicationRecord): RecordJson {
  return { ...record, at: instant(record.at) }
}

function recordOf(json: RecordJson): ApplicationRecord {
  if (typeof json.policy.name !== 'string') throw new TypeError('no application')
  return { ...json, at: read(json.at) }
}

function instant(at: number): string {
  return new Date(at).toISOString()
}

function read(text: string): number {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new TypeError('no instant')
  return at
}
