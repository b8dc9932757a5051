/** The shapes of the API as JSON Schema: what requests are held to, and what the OpenAPI document says of answers. */

export type Schema = Readonly<Record<string, unknown>>

const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})
const listOf = (items: Schema): Schema => ({ type: 'array', items })
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const yes: Schema = { type: 'boolean' }
const instant: Schema = { type: 'string', format: 'date-time' }
const kinds = ['denied', 'allowed', 'opened', 'closed', 'notice'] as const

const counted = object({ seen: whole, lost: whole, overruns: whole })
const end = object({
  address: orNull(text),
  port: orNull(whole),
  device: orNull(text),
  name: orNull(text),
})
const volume = object({ packets: whole, bytes: whole })
const every = { id: text, at: instant, until: instant, count: whole }

export const event: Schema = {
  oneOf: [
    object({ ...every, kind: { const: 'notice' }, topic: text, text, device: orNull(text) }),
    object({
      ...every,
      kind: { enum: kinds.filter((kind) => kind !== 'notice') },
      rule: orNull(text),
      source: end,
      destination: end,
      translated: object({ source: orNull(text), destination: orNull(text) }),
      etherType: whole,
      protocol: orNull(whole),
      icmpType: orNull(whole),
      link: orNull(text),
      ingress: orNull(text),
      sent: volume,
      answered: volume,
      isGathered: yes,
    }),
  ],
}

export const eventPage: Schema = object({ events: listOf(event), hasMore: yes, unreadable: listOf(text) })

const application = object({
  sequence: whole,
  at: instant,
  by: text,
  why: orNull(text),
  policy: object({ name: text, file: orNull(text), digest: orNull(text) }),
  digest: text,
  log: orNull(whole),
  bindings: text,
  bootDigest: orNull(text),
  confirmWithinMs: orNull({ type: 'number' }),
  again: orNull(whole),
})
const past = object({
  application,
  confirmed: orNull(object({ by: text, at: instant })),
  fate: { type: 'object', properties: { kind: text }, required: ['kind'] },
})
const inForce = object({
  digest: orNull(text),
  application: orNull(application),
  integrity: { type: 'object', properties: { kind: text }, required: ['kind'] },
  isTimeless: yes,
  trial: orNull(
    object({
      leftMs: whole,
      until: instant,
      returnsTo: object({ digest: orNull(text), application: orNull(application) }),
    }),
  ),
  over: orNull(past),
  last: orNull(application),
})

export const look: Schema = object({
  state: text,
  inForce,
  told: orNull(text),
  foreign: listOf(
    object({
      kind: { enum: ['drop', 'translation'] },
      family: text,
      table: text,
      chain: text,
    }),
  ),
  counters: listOf(object({ rule: text, packets: whole, bytes: whole })),
})

const optionally = (schema: Schema, properties: Readonly<Record<string, Schema>>): Schema => ({
  ...schema,
  properties: { ...(schema.properties as object), ...properties },
})
/** The shape of a bindings file, and the policy that it is said of. */
export const bindings: Schema = object({
  policy: orNull(text),
  format: { const: 1 },
  addresses: listOf(optionally(object({ device: text, address: text }), { until: instant })),
  names: listOf(
    optionally(object({ device: text, name: text, addresses: listOf(text) }), { until: instant }),
  ),
  gateway: listOf(text),
})

export const history: Schema = object({ state: text, applications: listOf(past) })

export const status: Schema = object({
  startedAt: instant,
  inForce: orNull(inForce),
  drift: orNull(object({ at: instant, changes: listOf(text) })),
  drifts: whole,
  restores: whole,
  recording: object({
    isRunning: yes,
    restarts: whole,
    fault: orNull(text),
    group: orNull(whole),
    counts: object({
      packets: counted,
      flows: counted,
      events: object({ written: whole, lost: whole }),
      storeFault: orNull(text),
      kinds: whole,
    }),
  }),
  given: object({
    leases: whole,
    followed: listOf(object({ kind: text, path: text })),
    watched: listOf(text),
    trouble: orNull(text),
  }),
  privileged: object({ kind: text, restarts: whole }),
  countsBytes: yes,
  store: object({ bytes: whole, oldest: orNull(instant) }),
})

const ranked = listOf(object({ name: text, count: whole }))
const byKind = object({ denied: ranked, allowed: ranked, opened: ranked, closed: ranked })
export const overview: Schema = object({
  since: instant,
  until: instant,
  rules: byKind,
  devices: byKind,
  minutes: listOf(object({ at: instant, denied: whole, allowed: whole, opened: whole, closed: whole })),
  unreadable: listOf(text),
})

const explained = object({
  application: whole,
  at: instant,
  verdict: { enum: ['allow', 'deny', 'unknown'] },
  rule: orNull(object({ id: text, why: text, owner: orNull(text), ticket: orNull(text) })),
  because: text,
  next: text,
})
export const explanation: Schema = object({
  event,
  /** The rule that decided, as the policy of then says it. */
  decided: orNull(object({ id: text, effect: text, why: text, owner: orNull(text), ticket: orNull(text) })),
  past: orNull(explained),
  present: orNull(explained),
  remarks: listOf(text),
})

export const failure: Schema = object({ error: object({ code: text, message: text, hint: text }) })

const LONGEST_NAME = 255
const name: Schema = { type: 'string', minLength: 1, maxLength: LONGEST_NAME }
const eventId: Schema = { type: 'string', pattern: '^[0-9a-zA-Z]{1,8}-[0-9a-zA-Z]{1,8}$' }

const filter = {
  device: { ...name, description: 'Either end is this device' },
  kind: {
    type: 'string',
    pattern: `^(${kinds.join('|')})(,(${kinds.join('|')}))*$`,
    maxLength: 60,
    description: `One or several of ${kinds.join(', ')}, with commas`,
  },
  rule: { ...name, description: 'Decided by this rule' },
  after: { ...eventId, description: 'Only later ones than this event' },
} satisfies Record<string, Schema>

const span = {
  since: { ...instant, description: 'From this instant' },
  until: { ...instant, description: 'Up to this instant' },
} satisfies Record<string, Schema>

/** Query strings: closed, so that a misspelt filter is not no filter. */
export const eventQuery: Schema = {
  type: 'object',
  properties: {
    ...filter,
    ...span,
    before: { ...eventId, description: 'Only earlier ones than this event' },
    order: { enum: ['newest', 'oldest'], default: 'newest', description: 'Which come first' },
    limit: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 },
  },
  additionalProperties: false,
}
export const streamQuery: Schema = { type: 'object', properties: filter, additionalProperties: false }
export const overviewQuery: Schema = {
  type: 'object',
  properties: { ...span, top: { type: 'integer', minimum: 1, maximum: 1000, default: 20 } },
  additionalProperties: false,
}
export const bindingsQuery: Schema = {
  type: 'object',
  properties: { of: { ...name, description: 'The name of a device, or an address that one has' } },
  required: ['of'],
  additionalProperties: false,
}
export const eventParams: Schema = { type: 'object', properties: { id: eventId }, required: ['id'] }
export const noQuery: Schema = { type: 'object', properties: {}, additionalProperties: false }
