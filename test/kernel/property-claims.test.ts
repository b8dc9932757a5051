/**
 * The property of claims: ARP and neighbour discovery put no address into the gateway's neighbour cache but at the link
 * address that `evaluate` takes packets from there for. Random policies, random claims; the kernel tells by which rule.
 *
 * Knobs as in `property.test.ts`; what is found is kept in `property/found-claims`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  claimBytes,
  fateOfClaim,
  isPoison,
  type Neighbour,
  type RandomClaim,
  randomClaims,
} from './property/claims.ts'
import { expectFate } from './property/fate.ts'
import { type Kernel, type Observation, startKernel } from './property/kernel.ts'
import { type RandomCase, randomCases } from './property/policies.ts'
import { rulesOf } from './property/rules.ts'

const runs = Number(process.env['THINGWALL_PROPERTY_RUNS'] ?? 200)
const seed = Number(process.env['THINGWALL_PROPERTY_SEED'] ?? Date.now() % 2 ** 31)

let kernel: Kernel
beforeAll(async () => {
  kernel = await startKernel('on')
})
afterAll(() => kernel.close())

/** Cases that were found once, kept for ever: a policy, bindings and claims. */
const found = new URL('./property/found-claims/', import.meta.url)
const foundNames = readdirSync(found).filter((name) => name.endsWith('.json'))

test('claims found before are there', () => {
  expect(foundNames.length).toBeGreaterThanOrEqual(7)
})

test.each(foundNames)('found before: %s', async (name) => {
  const { claims, ...given }: RandomCase & { readonly claims: readonly RandomClaim[] } = JSON.parse(
    readFileSync(new URL(name, found), 'utf8'),
  )
  expect(await judge(given, claims)).toHaveLength(claims.length)
})

test('the kernel believes no claim that evaluate would not', { timeout: 0 }, async () => {
  const met = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(randomCases(Date.now()), randomClaims, async (given, claims) => {
      for (const what of await judge(given, claims)) met.set(what, (met.get(what) ?? 0) + 1)
    }),
    { numRuns: runs, seed, endOnFailure: process.env['THINGWALL_PROPERTY_SHRINK'] === 'no' },
  )
  const told = [...met].map(([what, times]) => `${what}: ${times}`).sort()
  console.info(`claims over ${runs} policies (seed ${seed})\n${told.join('\n')}`)
  if (runs < 200) return
  for (const kind of ['arp-request', 'arp-reply', 'solicitation', 'advertisement', 'router-solicitation'])
    for (const verdict of ['allow', 'deny fixed/spoofed'])
      expect({ kind, verdict, often: (met.get(`${kind}: ${verdict}`) ?? 0) > 100 }).toEqual({
        kind,
        verdict,
        often: true,
      })
})

/** Loads a policy, sends claims, and tells what became of each. */
async function judge(given: RandomCase, claims: readonly RandomClaim[]): Promise<readonly string[]> {
  const rules = rulesOf(given)
  kernel.load(rules.text)
  await kernel.ask(['ip', 'neigh', 'flush', 'all'])
  const seen = await kernel.observe(claims, claimBytes, () => ({
    arrival: rules.bindings.gateway.values().next().value as never,
    isDecided: true,
    isDelivered: false,
  }))
  for (const [at, claim] of claims.entries())
    expectFate(claim, [fateOfClaim(claim, rules)], false, seen[at] as Observation)
  const cache: readonly Neighbour[] = JSON.parse(await kernel.ask(['ip', '-json', 'neigh', 'show']))
  expect(cache.filter((one) => isPoison(one, rules))).toEqual([])
  return claims.map(({ kind }, at) => {
    const { verdict, rule } = seen[at] as Observation
    return verdict === 'allow' ? `${kind}: allow` : `${kind}: deny ${rule}`
  })
}
