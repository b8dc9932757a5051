/**
 * `validate`: reads a policy document that came from somewhere else, all faults at once.
 *
 * What comes out has the shape the model promises: every property known, every text of its kind, every reason and
 * owner there. What a text refers to is not looked up; that is `lower`.
 */
import { type Diagnostic, hasErrors } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import { api } from './validate/api.ts'
import { forward } from './validate/forward.ts'
import { type Reader, type Reading, refuse } from './validate/reading.ts'
import { policyRule } from './validate/rule.ts'
import { device, list, network, profile, quarantine, testCase } from './validate/section.ts'
import { arrayOf, isObject, object, oneOf, optional, origin, record } from './validate/shape.ts'
import { identifier, plainText, WHY_MAX_LENGTH } from './validate/text.ts'

const format: Reader<1> = (value, at) =>
  value === 1
    ? value
    : refuse(
        at,
        'TW1002',
        'a document of another format than 1',
        'use the version of Thingwall that wrote it',
        value,
      )

const document = object<PolicyDocument>(
  {
    format,
    name: identifier,
    why: optional(plainText(WHY_MAX_LENGTH)),
    owner: optional(plainText(128)),
    drift: optional(oneOf('restore', 'report')),
    networks: record(identifier, network, 'networks by name'),
    profiles: record(identifier, profile, 'profiles by name'),
    lists: record(identifier, list, 'lists by name'),
    devices: record(identifier, device, 'devices by name'),
    rules: record(identifier, policyRule, 'rules by name'),
    forwards: optional(record(identifier, forward, 'forwards by name')),
    quarantine: record(identifier, quarantine, 'reasons by device'),
    apis: record(identifier, api, 'APIs by name'),
    tests: arrayOf(testCase, 'tests'),
    origin,
  },
  'a policy, policy(NAME, { … })',
)

/**
 * Reads canonical JSON, as `policy` makes it and a loader parses it. The document is null when there is any error.
 * Linear in the input; never throws on what JSON can express.
 */
export function validate(input: unknown): readonly [PolicyDocument | null, readonly Diagnostic[]] {
  const [read, { diagnostics }] = readDocument(input)
  return [read, diagnostics]
}

/** As `validate`, with the places of all faults: for who looks at what else there is. */
export function readDocument(
  input: unknown,
): readonly [PolicyDocument | null, Pick<Reading, 'diagnostics' | 'refused'>] {
  const owners = ownersOf(input)
  const at: Reading = { path: [], origin: null, owned: false, owners, diagnostics: [], refused: [] }
  const read = document(input, at)
  return [read === undefined || hasErrors(at.diagnostics) ? null : read, at]
}

/** Who names an owner, before anything is read: what they own may stand before them. */
function ownersOf(input: unknown): Reading['owners'] {
  const profiles = namesWhere(input, 'profiles', isOwned)
  const lists = namesWhere(input, 'lists', isOwned)
  const devices = namesWhere(
    input,
    'devices',
    (device) => isOwned(device) || (typeof device.profile === 'string' && profiles.has(device.profile)),
  )
  return { profiles, lists, devices }
}

type Properties = Readonly<Record<string, unknown>>

function isOwned(thing: Properties): boolean {
  return typeof thing.owner === 'string'
}

function namesWhere(input: unknown, section: string, holds: (thing: Properties) => boolean): Set<string> {
  const names = new Set<string>()
  const things = isObject(input) ? input[section] : undefined
  if (!isObject(things)) return names
  for (const name of Object.keys(things)) {
    const thing = things[name]
    if (isObject(thing) && holds(thing)) names.add(name)
  }
  return names
}
