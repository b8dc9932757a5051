/**
 * What this machine's gateway knows of the two ends of a question: leases and answers. Nothing where no gateway answers,
 * where it may not be asked, or where another policy is in force than the one that is asked about.
 */
import { type Bindings, noBindings, type Ruleset, readBindings, splitService } from '@thingwall/policy'
import { Failure } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { ask } from './api.ts'

interface SaidOf {
  readonly policy: string | null
  readonly addresses: readonly unknown[]
  readonly names: readonly unknown[]
}

/** What devices were given and told, as far as it is about this flow. */
export async function boundHere(
  host: Host,
  ruleset: Ruleset,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Bindings> {
  const ends = new Set([from, to].map((end) => splitService(end).host))
  const addresses: unknown[] = []
  const names: unknown[] = []
  for (const end of ends) {
    const said = await quietly(host, `/v1/bindings?of=${encodeURIComponent(end)}`)
    if (said === null || said.policy !== ruleset.name) continue
    addresses.push(...said.addresses)
    names.push(...said.names)
  }
  const [bindings] = readBindings({ format: 1, addresses, names }, ruleset)
  return bindings ?? noBindings
}

async function quietly(host: Host, path: string): Promise<SaidOf | null> {
  try {
    return await ask<SaidOf>(host, path)
  } catch (error) {
    if (error instanceof Failure) return null
    throw error
  }
}
