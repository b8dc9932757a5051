/** A random policy as the kernel takes it and as `evaluate` reads it. It fails where anything about it is refused. */
import {
  type Address,
  type Bindings,
  compileFor,
  type Flow,
  linkLocalOf,
  lower,
  parseAddress,
  type Ruleset,
  readBindings,
  translate,
  validate,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { expect } from 'vitest'
import { translatedByOthers } from './forwards.ts'
import { LOG_GROUP } from './kernel.ts'
import type { RandomCase } from './policies.ts'
import { ports, shared } from './world.ts'

/** What is in force at an instant (milliseconds since 1970). */
export interface InForce {
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  readonly at: number
  /** For `nft -f`. */
  readonly text: string
}

/** Compiles a case as of now, every verdict logged. */
export function rulesOf(given: RandomCase): InForce {
  const [ruleset, bindings] = prepare(given)
  const at = Date.now()
  const log = { group: LOG_GROUP, verdicts: 'all', perDevice: null } as const
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at, log })
  expect(refused).toEqual([])
  return { ruleset, bindings, at, text: artifact?.text ?? '' }
}

/** A flow as the rules judge it: where ours or somebody else's translations lead it. */
export function translated(flow: Flow, { ruleset, bindings, at }: InForce): Flow {
  // What is sent to everybody is not translated, though Linux takes it for its own.
  const everybody = new Set(shared.map((text) => parseAddress(text)))
  const own = new Set([...bindings.gateway].filter((address) => !everybody.has(address)))
  return translatedByOthers(translate(ruleset, flow, { ...bindings, gateway: own }, at))
}

function prepare(given: RandomCase): readonly [Ruleset, Bindings] {
  const [document, invalid] = validate(JSON.parse(JSON.stringify(given.document)))
  expect(invalid.map((one) => `${one.path}: ${one.message} ${one.value}`)).toEqual([])
  if (document === null) throw new Error('the random policy is not valid')
  const [ruleset, faults] = lower(document)
  expect(faults.map((one) => `${one.path}: ${one.message} ${one.value}`)).toEqual([])
  if (ruleset === null) throw new Error('the random policy does not lower')
  const [bindings, unread] = readBindings(given.bindings, ruleset)
  expect(unread).toEqual([])
  if (bindings === null) throw new Error('the random bindings cannot be read')
  const own = ports.flatMap((port) => [
    ...port.gateway.map((text) => parseAddress(text) as Address),
    linkLocalOf(port.link),
  ])
  own.push(...shared.map((text) => parseAddress(text) as Address))
  return [ruleset, { ...bindings, gateway: new Set(own) }]
}
