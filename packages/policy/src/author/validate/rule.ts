/**
 * Readers of rules and of the ends of rules.
 *
 * Shape and spelling only: whether a network or a list exists, and whether a rule can ever match, shows when the
 * whole policy is known.
 */

import { didYouMean } from '../../model/name.ts'
import type { Documentation, EndpointDocument, RuleDocument, Weekday, When } from '../../model/policy.ts'
import { severalOf } from '../given.ts'
import { weekdays } from '../time.ts'
import { type Reader, type Reading, readOwned, refuse, refuseShape } from './reading.ts'
import {
  arrayOf,
  isObject,
  nullable,
  object,
  oneOf,
  optional,
  origin,
  record,
  type Shape,
  someOf,
} from './shape.ts'
import {
  date,
  dnsName,
  hours,
  identifier,
  labelValue,
  owner,
  peerText,
  plainText,
  service,
  why,
} from './text.ts'

/** How deep peers may stand within peers. */
const DEEPEST_PEER = 8

/** Reasons and dates; `owner` reads the owner, who may be inherited. */
export const documentation: Shape<Documentation> = {
  why,
  owner,
  ticket: optional(plainText(128)),
  source: optional(plainText(256)),
  added: optional(date),
  review: optional(date),
  expires: optional(date),
}

export const onExpiry: Reader<'stay' | 'lift'> = oneOf('stay', 'lift')

export const labels: Reader<Readonly<Record<string, string>>> = record(identifier, labelValue, 'labels')

const word = oneOf(
  'any',
  'gateway',
  'text',
  'network',
  'device',
  'profile',
  'list',
  'name',
  'label',
  'except',
)

const onlyKind = { kind: word }
const named = object({ kind: word, name: identifier }, 'a peer')
const peerForms: Readonly<Record<EndpointDocument['kind'], Reader<unknown>>> = {
  any: object(onlyKind, 'a peer'),
  gateway: object(onlyKind, 'a peer'),
  text: object({ kind: word, text: peerText }, 'a peer'),
  network: named,
  device: named,
  profile: named,
  list: named,
  name: object({ kind: word, name: dnsName }, 'a peer'),
  label: object({ kind: word, labels: someLabels }, 'a peer'),
  except: object(
    {
      kind: word,
      of: someOf(peerWithin, 'peers', "write what is meant before the exception, or 'any'"),
      except: arrayOf(peerWithin, 'peers'),
    },
    'a peer',
  ),
}

const peerHint =
  "'any', 'gateway', an address, a prefix, a DNS name, a network, a device, a list, or one of " +
  '{ network }, { device }, { profile }, { label }, { list }, { name }'

function peerWithin(value: unknown, at: Reading): EndpointDocument | undefined {
  const kind = isObject(value) && Object.hasOwn(value, 'kind') ? value.kind : undefined
  if (typeof kind !== 'string' || !Object.hasOwn(peerForms, kind)) {
    if (!isObject(value)) return refuseShape(at, peerHint, value)
    const [near] = Object.keys(value).map((key) => didYouMean(key, Object.keys(peerForms)))
    return refuse(
      at,
      'TW1002',
      'this names no peer',
      near ? `did you mean { ${near} }?` : `write ${peerHint}`,
      value,
    )
  }
  if (at.path.filter((key) => key === 'of' || key === 'except').length >= DEEPEST_PEER) {
    return refuse(
      at,
      'TW1002',
      'exceptions of exceptions, too deep to follow',
      `at most ${DEEPEST_PEER} deep`,
    )
  }
  return peerForms[kind as EndpointDocument['kind']](value, at) as EndpointDocument | undefined
}

function someLabels(value: unknown, at: Reading): Readonly<Record<string, string>> | undefined {
  if (isObject(value) && Object.keys(value).length === 0) {
    return refuse(
      at,
      'TW1019',
      'no label is named: it would match nothing',
      "write { label: { site: '…' } }, or 'any'",
    )
  }
  return labels(value, at)
}

const days = someOf(weekday, "days, 'mon' to 'sun'", 'name the days, or leave `days` out for all of them')

function weekday(value: unknown, at: Reading): Weekday | undefined {
  if (weekdays.includes(value as Weekday)) return value as Weekday
  return refuse(at, 'TW1017', 'this is no day', `one of ${weekdays.join(', ')}`, value)
}

/** Hours and days. */
export const when: Reader<When> = (value, at) => {
  if (isObject(value) && value.days === undefined && value.hours === undefined) {
    return refuse(
      at,
      'TW1017',
      '`when` says neither days nor hours',
      "write when: { hours: '08:00-18:00' }, or leave it out",
    )
  }
  return whenShape(value, at)
}
const whenShape = object<When>(
  { days: optional(days), hours: optional(hours) },
  "{ days: [...], hours: '…' }",
)

/** One end of a rule. */
export const peers: Reader<readonly EndpointDocument[]> = someOf(
  peerWithin,
  'peers',
  "name a peer; everything is written 'any'",
)
const who = someOf(peerWithin, 'peers', "say who, or 'any'")

function implied(value: unknown, at: Reading): null | undefined {
  if (value === null) return null
  return refuse(
    at,
    'TW1003',
    'a rule of a profile or device has no `who`',
    'leave it out: it is those devices, or move the rule to the policy',
  )
}

function said(value: unknown, at: Reading): readonly EndpointDocument[] | undefined {
  if (value !== null && value !== undefined) return who(value, at)
  return refuse(
    at,
    'TW1019',
    'nothing says who this rule is about',
    "add `who`: a device, a network, a profile, or 'any'",
  )
}

const parts: Omit<Shape<RuleDocument>, 'who'> = {
  ...documentation,
  effect: oneOf('allow', 'deny'),
  direction: oneOf('in', 'out', 'both'),
  peer: peers,
  service: someOf(service, 'services', "name a service; every service is written 'any'"),
  when: nullable(when),
  onExpiry,
  origin,
}

/** A rule inside a profile or a device. */
export const ownRule: Reader<RuleDocument> = ruleOf(
  object<RuleDocument>({ ...parts, who: implied }, 'a rule'),
)

/** A rule at the policy's level. */
export const policyRule: Reader<RuleDocument> = ruleOf(
  object<RuleDocument>({ ...parts, who: said }, 'a rule'),
)

function ruleOf(read: Reader<RuleDocument>): Reader<RuleDocument> {
  return (value, at) => {
    if (!isObject(value)) return read(value, at)
    if (value.effect === 'allow' && value.onExpiry === 'stay') {
      const hint = 'leave `onExpiry` out; without `expires` it stands for as long as it is written'
      refuse(at, 'TW1002', 'an allow cannot outlive its date', hint, value.onExpiry)
    }
    return readOwned(namesOwnedList(value.peer, at), at, () => read(value, at))
  }
}

/** A rule about a list belongs, where it does not say, to whoever owns the list. */
export function namesOwnedList(peer: unknown, at: Reading): boolean {
  const named = severalOf(peer).flatMap((one) =>
    isObject(one) && one.kind === 'except' ? severalOf(one.of) : [one],
  )
  return named.some((one) => isObject(one) && one.kind === 'list' && at.owners.lists.has(one.name as string))
}
