/**
 * The `apis` of a policy: what an HTTP backend that devices call is declared to take. Plain data, the same shape as the
 * routes of the application firewall, which a test holds to this one. What it means is the application firewall's to say.
 */

/** What becomes of a request that breaks a declaration or that a detector finds something in. */
export type ApiMode = 'enforce' | 'report'

/** What becomes of a route, a parameter or a property that nothing declares. */
export type Undeclared = 'refuse' | 'allow'

/** What a text may be declared to spell. */
export const textFormats = [
  'base64url',
  'byte',
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'mac',
  'time',
  'uri',
  'uuid',
] as const

/** What a text spells. Each is judged in one pass, by its standard's grammar. */
export type TextFormat = (typeof textFormats)[number]

/** One named value: in the path, the query, a header, a cookie or a form. All that is said must hold. */
export interface ApiValue {
  readonly why?: string
  /** `string` where nothing is said. `file`: a part of a multipart form that is one; all else is then said of its name. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'file'
  readonly format?: TextFormat
  /** It must be there. What stands in a path always is. */
  readonly required?: boolean
  /** In characters, as Unicode counts them. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly (string | number | boolean)[]
  /**
   * An ECMA-262 pattern that the text must have in it; `^` and `$` say where. Run in one pass, so without backreferences,
   * lookahead and lookbehind.
   */
  readonly pattern?: string
  /** Refuses anything that HTML takes for the beginning of a tag, a comment or a declaration. */
  readonly disallowTags?: boolean
  /** How often it may be there; once where nothing is said. Where it may be there several times, how often it must. */
  readonly maxItems?: number
  readonly minItems?: number
  /** Several values in one text: `ids=1,2,3`. `maxItems` and `minItems` then count those. */
  readonly separator?: ',' | '|' | ' '
}

export type ApiSchemaType = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string'

/**
 * A JSON value, in the words of JSON Schema 2020-12 and of OpenAPI 3.0 that can be judged in one pass. A word that is not
 * here is an error. On a strict route an object has no properties but those that are declared, unless `additionalProperties`
 * says otherwise.
 */
export interface ApiSchema {
  readonly type?: ApiSchemaType | readonly ApiSchemaType[]
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: TextFormat | 'double' | 'float' | 'int32' | 'int64' | 'password'
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly disallowTags?: boolean
  readonly minimum?: number
  readonly maximum?: number
  /** A number, or as in OpenAPI 3.0 whether `minimum` itself is left out. */
  readonly exclusiveMinimum?: number | boolean
  readonly exclusiveMaximum?: number | boolean
  readonly multipleOf?: number
  readonly properties?: Readonly<Record<string, ApiSchema | boolean>>
  readonly patternProperties?: Readonly<Record<string, ApiSchema | boolean>>
  readonly additionalProperties?: ApiSchema | boolean
  readonly propertyNames?: ApiSchema | boolean
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly items?: ApiSchema | boolean
  readonly prefixItems?: readonly (ApiSchema | boolean)[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly allOf?: readonly (ApiSchema | boolean)[]
  readonly anyOf?: readonly (ApiSchema | boolean)[]
  readonly oneOf?: readonly (ApiSchema | boolean)[]
  readonly not?: ApiSchema | boolean
  /** `#/schemas/Reading` of the API, `#/components/schemas/Reading` for the same, or `#/$defs/Reading` of this schema. */
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, ApiSchema | boolean>>
  /** Said to people and other programs; nothing is judged by it. */
  readonly title?: string
  readonly description?: string
  readonly $comment?: string
  readonly default?: unknown
  readonly example?: unknown
  readonly examples?: readonly unknown[]
  readonly deprecated?: boolean
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  readonly discriminator?: unknown
  readonly externalDocs?: unknown
  readonly xml?: unknown
  readonly [extension: `x-${string}`]: unknown
}

/** What a body of one content type holds. */
export interface ApiContent {
  /** Of JSON. */
  readonly schema?: ApiSchema | boolean
  /** Of a form: its fields by name. */
  readonly fields?: Readonly<Record<string, ApiValue>>
  readonly maxBytes?: number
}

/** The body of a route's requests. */
export interface ApiBody {
  /** A request without a body is taken too. */
  readonly optional?: boolean
  /** By content type, `application/json`. Parameters of a content type are not named here. */
  readonly content: Readonly<Record<string, ApiContent>>
}

/** Who may call: devices of a profile, or one device. */
export type ApiCaller = { readonly profile: string } | { readonly device: string }

/** What becomes of a response with something in it that a server should keep to itself: a trace, a key, source. */
export type Leaks = 'refuse' | 'report' | 'allow'

/** One method and path. */
export interface ApiRoute {
  readonly why?: string
  readonly owner?: string
  readonly mode?: ApiMode
  readonly undeclared?: Undeclared
  /** Anyone where nothing is said. */
  readonly who?: readonly ApiCaller[]
  /** How often one caller may call: `30/min`. Strangers are told apart by their addresses. */
  readonly rate?: string
  readonly leaks?: Leaks
  /** The values of the path's templates, by their names. */
  readonly path?: Readonly<Record<string, ApiValue>>
  readonly query?: Readonly<Record<string, ApiValue>>
  /** Names in any case. Headers that are not named here are taken. */
  readonly headers?: Readonly<Record<string, ApiValue>>
  /** Cookies that are not named here are taken. */
  readonly cookies?: Readonly<Record<string, ApiValue>>
  readonly body?: ApiBody
}

/** Lets one detector find what it finds in one field of one route: a false positive, until it is over. */
export interface ApiExclusion {
  readonly why: string
  readonly owner?: string
  readonly ticket?: string
  readonly added?: string
  /** From this day, or second, on it excludes nothing any more. */
  readonly expires: string
  /** The id of a detector, `sqli`, or of a rule about responses, `leak/token`. What is declared is changed where it is declared. */
  readonly rule: string
  /** A route as it is declared, `POST /notes`; `*` for every one, declared or not. */
  readonly route: string
  /** `query.q`, `body.items[].note`, `headers.user-agent`, `cookies.theme`, `path`, `response`. */
  readonly field: string
}

/** Everything that is declared of one API. */
export interface ApiRules {
  readonly mode?: ApiMode
  /** Holds for routes that are not here, and for the routes here that do not say. */
  readonly undeclared?: Undeclared
  /** Holds for routes that do not say; `refuse` where nothing is said. */
  readonly leaks?: Leaks
  /** By method and path, `'GET /v1/devices/{id}/readings'`. */
  readonly routes: Readonly<Record<string, ApiRoute>>
  /** By a name of their own. */
  readonly exclusions?: Readonly<Record<string, ApiExclusion>>
  /** What `$ref` refers to. */
  readonly schemas?: Readonly<Record<string, ApiSchema | boolean>>
}
