/** Identifies bindings by what they say, whatever order they came in: other bindings make another application. */
import { createHash } from 'node:crypto'
import type { Bindings } from '@thingwall/policy'

export function bindingsDigest(bindings: Bindings): string {
  const lines = [...bindings.gateway].map((address) => `gateway ${address}`)
  for (const [address, { device, until }] of bindings.owners)
    lines.push(`owner ${address} ${device} ${until}`)
  for (const [device, names] of bindings.names) {
    for (const [name, answers] of names) {
      for (const { address, until } of answers) lines.push(`name ${device} ${name} ${address} ${until}`)
    }
  }
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 32)
}
