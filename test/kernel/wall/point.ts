/** What tests of an enforcement point on a host of a site have in common: the host as its machine, a policy as an artifact. */
import type { Machine } from '@thingwall/gateway'
import type { Site } from '@thingwall/gateway/lab'
import { type Artifact, compileFor, lower, type PolicyDocument, validate } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'

/** A host of a site as the machine that the gateway acts on. */
export function machineOn(site: Site, host: string): Machine {
  return {
    run: async (program, args) => {
      const result = await site.run(host, [program, ...args], { env: { LC_ALL: 'C', TZ: 'UTC' } })
      return { ...result, isMissing: false }
    },
    read: async (path) => {
      const { status, stdout } = await site.run(host, ['cat', path])
      return status === 0 ? stdout : null
    },
    write: async (path, text) => (await site.run(host, ['tee', path], { input: text })).status === 0,
    links: async () => [],
  }
}

/** A policy that has no fault, compiled without bindings. */
export function artifactOf(document: PolicyDocument): Artifact {
  const [valid, invalid] = validate(JSON.parse(JSON.stringify(document)))
  if (valid === null) throw new Error(JSON.stringify(invalid))
  const [ruleset, faults] = lower(valid)
  if (ruleset === null) throw new Error(JSON.stringify(faults))
  const [artifact, refused] = compileFor(nftables, ruleset, {})
  if (artifact === null) throw new Error(JSON.stringify(refused))
  return artifact
}
