/**
 * `api`: an HTTP backend that devices call, for the application firewall.
 *
 * Its routes say what each takes and from whom. At run time it judges nothing: `validate` does, and the application
 * firewall when it is made.
 */
import type { ApiRules } from '../model/api.ts'
import type { ApiDocument } from '../model/policy.ts'
import { propertiesOf } from './given.ts'
import { originOfCaller } from './origin.ts'

export interface ApiOptions extends ApiRules {
  readonly why?: string
  readonly owner?: string
  /** The DNS name it is called by. */
  readonly host: string
}

/**
 * Describes an API.
 *
 * @example
 * api({ host: 'api.volcano.example', routes: { 'GET /echo': { query: { echo: { maxLength: 64, disallowTags: true } } } } })
 */
export function api(options: ApiOptions): ApiDocument {
  return { ...propertiesOf(options), origin: originOfCaller(api) }
}
