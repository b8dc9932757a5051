/**
 * `api`: an HTTP backend that devices call, for the application firewall.
 *
 * Carried, not judged: what may stand in `routes` is the application firewall's to say.
 */
import type { ApiDocument } from '../model/policy.ts'
import { propertiesOf } from './given.ts'
import { originOfCaller } from './origin.ts'

export interface ApiOptions {
  readonly why?: string
  readonly owner?: string
  /** The DNS name it is called by. */
  readonly host: string
  /** By method and path, `'GET /echo'`. */
  readonly routes: Readonly<Record<string, unknown>>
}

/** Describes an API. */
export function api(options: ApiOptions): ApiDocument {
  return { ...propertiesOf(options), origin: originOfCaller(api) }
}
