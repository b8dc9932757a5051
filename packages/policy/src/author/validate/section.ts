/**
 * Readers of networks, profiles, devices, lists, quarantine and tests.
 *
 * One table for each document of the model, and the few things that concern two properties of one of them.
 */
import type {
  DeviceDocument,
  ListDocument,
  ListEntryDocument,
  NetworkDocument,
  ProfileDocument,
  QuarantineDocument,
  TestDocument,
} from '../../model/policy.ts'
import { type Reader, type Reading, readOwned, refuse, refuseShape } from './reading.ts'
import { documentation, labels, onExpiry, ownRule } from './rule.ts'
import {
  arrayOf,
  flag,
  isObject,
  isOrigin,
  nullable,
  object,
  oneOf,
  optional,
  origin,
  record,
  someOf,
} from './shape.ts'
import {
  address,
  byteRate,
  connectionRate,
  date,
  host,
  identifier,
  interfaceName,
  linkAddress,
  plainText,
  prefix,
  WHY_MAX_LENGTH,
} from './text.ts'

const note = optional(plainText(WHY_MAX_LENGTH))
const anOwner = optional(plainText(128))
const ownRules = record(identifier, ownRule, 'rules by name')
const prefixes = arrayOf(prefix, 'prefixes')

const networkShape = object<NetworkDocument>(
  {
    role: oneOf('things', 'trusted', 'guest', 'uplink'),
    why: note,
    interface: someOf(interfaceName, 'interfaces', 'name the interface this network is on'),
    cidrs: (value, at) => (value === 'from-interface' ? value : prefixes(value, at)),
    gateway: nullable(someOf(address, 'addresses', 'leave it out: by default the first of each prefix')),
    admin: prefixes,
    masquerade: flag,
    isolation: oneOf('bridge-port', 'access-point', 'none'),
    identity: oneOf('mac+ip', 'ip'),
    origin,
  },
  'a network, network({ … })',
)

/** A network. */
export const network: Reader<NetworkDocument> = (value, at) => {
  const read = networkShape(value, at)
  if (read === undefined) return undefined
  if (read.role !== 'uplink' && isObject(value) && isEmpty(value.cidrs)) {
    const hint = "write its prefixes, `cidrs: ['10.20.0.0/24']`, or 'from-interface'"
    refuseOf(read, at, 'cidrs', 'TW1019', 'this network has no prefixes, so nothing lives on it', hint)
  }
  if (read.role !== 'uplink' && read.masquerade === true) {
    refuseOf(
      read,
      at,
      'masquerade',
      'TW1002',
      'only an uplink translates addresses',
      'put `masquerade` on the uplink',
    )
  }
  return read
}

/** A profile. */
export const profile: Reader<ProfileDocument> = object<ProfileDocument>(
  {
    ...documentation,
    owner: anOwner,
    limits: object(
      { egress: optional(byteRate), newConnections: optional(connectionRate) },
      "limits, { egress: '64 kB/s' }",
    ),
    rules: ownRules,
    origin,
  },
  'a profile, profile(NAME, { … })',
)

const deviceShape = object<DeviceDocument>(
  {
    why: note,
    owner: anOwner,
    added: optional(date),
    review: optional(date),
    profile: nullable(identifier),
    network: nullable(identifier),
    mac: nullable(linkAddress),
    ip: arrayOf(address, 'addresses'),
    labels,
    rules: ownRules,
    origin,
  },
  'a device, PROFILE.device({ … }) or device({ … })',
)

/** A device. Its rules belong to its own owner, or to its profile's. */
export const device: Reader<DeviceDocument> = (value, at) => {
  const owned = isObject(value) && at.owners.profiles.has(value.profile as string)
  const read = readOwned(owned, at, () => deviceShape(value, at))
  if (isObject(value) && read !== undefined && read.mac === null && isEmpty(value.ip)) {
    const hint = 'add its `mac`, its `ip`, or both'
    refuseOf(read, at, null, 'TW1014', 'nothing tells this device from others: neither `mac` nor `ip`', hint)
  }
  return read
}

const entry = object<ListEntryDocument>(
  { ...documentation, owner: anOwner, onExpiry, origin },
  "an entry, { why: '…' }",
)

/** A list; each of its entries has a reason of its own. */
export const list: Reader<ListDocument> = object<ListDocument>(
  { ...documentation, entries: record(host, entry, 'entries by address, prefix or DNS name'), origin },
  'a list, list(NAME, { … })',
)

const quarantineShape = object<QuarantineDocument>(
  { ...documentation, starts: optional(date), onExpiry, origin },
  "a reason, { why: '…' }",
)

/** The quarantine of the device it stands under. It belongs to its own owner, or to the device's. */
export const quarantine: Reader<QuarantineDocument> = (value, at) =>
  readOwned(at.owners.devices.has(at.path.at(-1) as string), at, () => quarantineShape(value, at))

/** A test. What its ends are called is read when it is judged. */
export const testCase: Reader<TestDocument> = object<TestDocument>(
  {
    name: plainText(640),
    from: plainText(300),
    to: plainText(300),
    expect: oneOf('allow', 'deny'),
    rule: optional(ruleId),
    at: optional(date),
    origin,
  },
  'a test, test.allows(FROM, TO) or test.denies(FROM, TO)',
)

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function ruleId(value: unknown, at: Reading): string | undefined {
  if (typeof value !== 'string') return refuseShape(at, "the id of a rule, 'seismometer/readings'", value)
  if (/^[a-z0-9][a-z0-9._-]{0,47}(?:\/[a-z0-9][a-z0-9._-]{0,47}){0,2}$/.test(value)) return value
  return refuse(at, 'TW1004', 'this is no rule id', "'PROFILE/RULE', 'DEVICE/RULE' or 'RULE'", value)
}

/** Reports at a property of something already read, with its origin. */
function refuseOf(
  thing: { readonly origin: Reading['origin'] },
  at: Reading,
  key: string | null,
  code: 'TW1002' | 'TW1014' | 'TW1019',
  message: string,
  hint: string,
): void {
  const { origin: outer } = at
  if (isOrigin(thing.origin)) at.origin = thing.origin
  if (key !== null) at.path.push(key)
  refuse(at, code, message, hint)
  if (key !== null) at.path.pop()
  at.origin = outer
}
