/**
 * The JSON Schema (draft 2020-12) of policies written in YAML or JSON, for editors and for other programs.
 *
 * It helps while one writes; `validate` judges. The schema never refuses what `validate` would take, and leaves to it
 * what a schema cannot say: whether a name is known, a prefix is a network, an owner is inherited.
 */
import { IDENTIFIER_MAX_LENGTH } from '../model/name.ts'
import { namedServices } from '../model/service.ts'
import { apiDefinitions } from './schema-api.ts'
import { weekdays } from './time.ts'
import { WHY_MAX_LENGTH } from './validate/text.ts'

type Schema = Readonly<Record<string, unknown>>

const text = (maxLength: number, description: string): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  description,
})
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const oneOrSeveral = (item: Schema): Schema => ({
  anyOf: [item, { type: 'array', items: item, minItems: 1 }],
})
const byName = (item: Schema): Schema => ({
  type: 'object',
  propertyNames: ref('identifier'),
  additionalProperties: item,
})
const object = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
})

const documentation = {
  why: text(WHY_MAX_LENGTH, 'What it is for, in a sentence'),
  owner: text(128, 'Who answers for it; inherited from what it stands in'),
  ticket: text(128, 'Where it was decided'),
  source: text(256, 'Where it comes from'),
  added: ref('date'),
  review: ref('date'),
  expires: ref('date'),
}
const onExpiry: Schema = {
  enum: ['stay', 'lift'],
  description: '`lift` ends it with its date; by default it stays in force',
}

/** A rule for one verb and direction: its other side is `to`, `from` or `peer`. */
function ruleForm(
  effect: 'allow' | 'deny',
  direction: 'out' | 'in' | 'both',
  placing: 'own' | 'policy',
): Schema {
  const side = { out: 'to', in: 'from', both: 'peer' }[direction]
  return object(
    {
      [effect]: { const: direction },
      ...(placing === 'policy' && { who: ref('peers') }),
      [side]: ref('peers'),
      except: ref('peers'),
      service: ref('services'),
      when: ref('when'),
      ...documentation,
      onExpiry: effect === 'allow' ? { const: 'lift' } : onExpiry,
    },
    [
      effect,
      side,
      'why',
      ...(placing === 'policy' ? ['who'] : []),
      ...(effect === 'allow' ? ['service'] : []),
    ],
  )
}

function ruleForms(placing: 'own' | 'policy'): Schema {
  const forms = (['allow', 'deny'] as const).flatMap((effect) =>
    (['out', 'in', 'both'] as const).map((direction) => ruleForm(effect, direction, placing)),
  )
  return { anyOf: forms }
}

const selector = (name: string, value: Schema): Schema =>
  object({ [name]: value, except: ref('peers') }, [name])

/** What a written policy looks like. */
export const policySchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://thingwall.dev/policy.schema.json',
  title: 'A Thingwall policy',
  description:
    'What each device of a site may do, and why. A file that another includes leaves out `policy`.',
  ...object({
    $schema: { type: 'string' },
    policy: { ...ref('identifier'), description: 'The name of the site' },
    include: {
      ...oneOrSeveral({ type: 'string', minLength: 1 }),
      description: 'Other files that are part of this policy; names or patterns, from this file’s folder',
    },
    why: documentation.why,
    owner: documentation.owner,
    drift: {
      enum: ['restore', 'report'],
      description: 'What the gateway does when another program changes these rules; by default it reports',
    },
    networks: byName(ref('network')),
    profiles: byName(ref('profile')),
    lists: byName(ref('list')),
    devices: byName(ref('device')),
    rules: byName(ref('rule')),
    forwards: byName(ref('forward')),
    quarantine: byName(object({ ...documentation, starts: ref('date'), onExpiry }, ['why'])),
    apis: byName(ref('api')),
    tests: oneOrSeveral(ref('test')),
  }),
  $defs: {
    identifier: {
      type: 'string',
      maxLength: IDENTIFIER_MAX_LENGTH,
      pattern: '^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$',
    },
    date: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z)?$',
      description: 'A day, or a second in UTC: 2026-03-02, 2026-03-02T18:00:00Z',
    },
    service: {
      anyOf: [
        { enum: Object.keys(namedServices) },
        { type: 'string', pattern: '^(\\d{1,5}(-\\d{1,5})?/(tcp|udp)|(icmp|icmpv6|protocol)/\\d{1,3})$' },
      ],
      description: 'A name, ports (443/tcp, 8000-8100/udp), icmp/8, icmpv6/128 or protocol/47',
    },
    services: oneOrSeveral({ anyOf: [ref('service'), { type: 'array', items: ref('service') }] }),
    when: {
      ...object({
        days: { type: 'array', items: { enum: weekdays }, minItems: 1 },
        hours: { type: 'string', pattern: '^\\d\\d:\\d\\d-\\d\\d:\\d\\d$' },
      }),
      description: 'Hours and days, in UTC; 22:00-06:00 runs into the next day',
      minProperties: 1,
    },
    peers: oneOrSeveral(ref('peer')),
    peer: {
      anyOf: [
        {
          type: 'string',
          minLength: 1,
          maxLength: 254,
          description: 'any, gateway, an address, a prefix, a DNS name, a network or a device',
        },
        selector('network', ref('identifier')),
        selector('device', ref('identifier')),
        selector('profile', ref('identifier')),
        selector('list', ref('identifier')),
        selector('name', { type: 'string' }),
        selector('label', {
          type: 'object',
          propertyNames: ref('identifier'),
          additionalProperties: { type: 'string', maxLength: 63 },
          minProperties: 1,
        }),
        object(
          { of: ref('peers'), except: { anyOf: [ref('peer'), { type: 'array', items: ref('peer') }] } },
          ['of', 'except'],
        ),
      ],
    },
    network: object(
      {
        role: { enum: ['things', 'trusted', 'guest', 'uplink'] },
        why: documentation.why,
        interface: oneOrSeveral({ type: 'string', minLength: 1, maxLength: 15 }),
        cidrs: {
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
          description: 'Its prefixes, or from-interface where they are delegated',
        },
        gateway: oneOrSeveral({ type: 'string' }),
        admin: {
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
          description: 'Who may administer the gateway from here',
        },
        masquerade: { type: 'boolean' },
        isolation: { enum: ['bridge-port', 'access-point', 'none'] },
        identity: { enum: ['mac+ip', 'ip'] },
      },
      ['role', 'interface'],
    ),
    profile: object(
      {
        ...documentation,
        limits: object({ egress: { type: 'string' }, newConnections: { type: 'string' } }),
        rules: byName(ref('ownRule')),
      },
      ['why'],
    ),
    list: object(
      {
        ...documentation,
        entries: {
          type: 'object',
          additionalProperties: object({ ...documentation, onExpiry }, ['why']),
          description: 'By address, prefix or DNS name',
        },
      },
      ['why', 'entries'],
    ),
    device: object({
      why: documentation.why,
      owner: documentation.owner,
      added: ref('date'),
      review: ref('date'),
      profile: ref('identifier'),
      network: ref('identifier'),
      mac: { type: 'string', pattern: '^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$' },
      ip: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      labels: {
        type: 'object',
        propertyNames: ref('identifier'),
        additionalProperties: { type: 'string', maxLength: 63 },
      },
      rules: byName(ref('ownRule')),
    }),
    forward: {
      ...object(
        {
          at: { ...ref('identifier'), description: 'The uplink it is reached by' },
          service: ref('services'),
          to: ref('peers'),
          port: {
            type: 'integer',
            minimum: 1,
            maximum: 65_535,
            description: 'Where it goes to another port',
          },
          from: { ...ref('peers'), description: 'Who may come; without it anyone' },
          by: text(64, 'The program that translates, where that is not Thingwall'),
          when: ref('when'),
          ...documentation,
        },
        ['at', 'service', 'to', 'why'],
      ),
      description: 'A port of the gateway that leads to one device',
    },
    ownRule: ruleForms('own'),
    rule: ruleForms('policy'),
    ...apiDefinitions,
    test: object(
      {
        name: text(640, 'What it says'),
        from: text(300, 'Who opens: a device, gateway or an address'),
        to: text(300, 'Where to, with the service: vent-01:22/tcp, [fd30::5]:22/tcp'),
        expect: { enum: ['allow', 'deny'] },
        rule: { type: 'string' },
        at: ref('date'),
      },
      ['from', 'to', 'expect'],
    ),
  },
}
