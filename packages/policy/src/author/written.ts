/**
 * A policy written as data, in YAML or JSON: the same words as in TypeScript, without the calls.
 *
 * Values go through the very functions a policy file calls, so both ways of writing have one set of defaults. Files
 * are given in order, the first is the policy, the others its parts. Like those functions it never throws and drops
 * nothing: what it does not understand stands in the document for `validate` to refuse. It does not parse text.
 */
import type { Diagnostic, Origin } from '../model/diagnostic.ts'
import { diagnose } from '../model/diagnostic.ts'
import type { RuleDocument } from '../model/policy.ts'
import { api } from './api.ts'
import { type TestOptions, testDocumentOf } from './expectation.ts'
import { forwardDocumentOf } from './forward.ts'
import { mapRecord, propertiesOf, saysTheSame, severalOf, straysOf } from './given.ts'
import { list } from './list.ts'
import { network } from './network.ts'
import { type DeviceOptions, device, profile } from './profile.ts'
import { ruleDocumentOf } from './rule.ts'

type Keys = readonly (string | number)[]
type Data = Readonly<Record<string, unknown>>

/** What one file holds, parsed. */
export interface WrittenFile {
  readonly data: unknown
  /** Where the value under these keys is written; of what is not written out, where its surroundings are. */
  readonly originOf: (keys: Keys) => Origin | null
}

const sections = [
  'networks',
  'profiles',
  'lists',
  'devices',
  'rules',
  'forwards',
  'quarantine',
  'apis',
] as const
type Section = (typeof sections)[number]
type Reader = (given: Data, file: WrittenFile, keys: Keys) => object

/** Said once, in the first file. */
const heading = ['why', 'owner', 'drift'] as const
const known: ReadonlySet<string> = new Set([...sections, 'tests', 'include', '$schema'])

/**
 * The document that written files come to, for `validate` to read, and what can only be said of the files. A thing that
 * two files say in the same words is one thing; in different words both are refused, with their places.
 */
export function fromWritten(files: readonly WrittenFile[]): readonly [unknown, readonly Diagnostic[]] {
  const [first] = files
  if (first === undefined) return [null, []]
  const { policy: name, ...rest } = propertiesOf(first.data as Data)
  const head = Object.fromEntries(heading.flatMap((key) => (key in rest ? [[key, rest[key]]] : [])))
  const strays = files.flatMap((file, at) =>
    Object.entries(propertiesOf(file.data as Data)).filter(
      ([key]) => !known.has(key) && !(at === 0 && (key === 'policy' || key in head)),
    ),
  )
  const document = {
    ...Object.fromEntries(strays),
    ...head,
    format: 1,
    name,
    ...Object.fromEntries(sections.map((section) => [section, gather(files, section)])),
    tests: files.flatMap((file) => {
      const given = propertiesOf(file.data as Data).tests
      return severalOf(given as readonly TestOptions[]).map((one, at) =>
        testDocumentOf(one, file.originOf(['tests', at])),
      )
    }),
    origin: first.originOf([]),
  }
  return [document, files.flatMap((file) => [...valuesMissing(file), ...rulesWithoutVerb(file)])]
}

const readers: Readonly<Record<Section, Reader>> = {
  networks: (given) => network(given as never),
  profiles: (given, file, keys) => ({
    ...profile('', { ...given, rules: {} } as never).document,
    rules: rulesOf(given.rules, file, [...keys, 'rules']),
  }),
  lists: (given, file, keys) => {
    const { document } = list('', given as never)
    const entries = mapRecord(document.entries, (entry) => entry)
    const placed = Object.entries(propertiesOf(entries)).map(([key, entry]) => [
      key,
      { ...entry, origin: file.originOf([...keys, 'entries', key]) },
    ])
    return { ...document, entries: isPlain(entries) ? Object.fromEntries(placed) : entries }
  },
  devices: (given, file, keys) => {
    const { profile: kind, ...rest } = given
    return {
      ...device({ ...rest, rules: {} } as DeviceOptions)().document,
      profile: kind ?? null,
      rules: rulesOf(given.rules, file, [...keys, 'rules']),
    }
  },
  rules: ruleOf,
  forwards: (given) => forwardDocumentOf(given),
  quarantine: (given) => ({ onExpiry: 'stay', ...given }),
  apis: (given) => api(given as never),
}

/** One section of all files, each thing with its place. */
function gather(files: readonly WrittenFile[], section: Section): unknown {
  const things = new Map<string, object>()
  for (const file of files) {
    const given = propertiesOf(file.data as Data)[section]
    if (given === undefined || given === null) continue
    if (!isPlain(given)) return given
    for (const [name, value] of Object.entries(given)) {
      const thing = placed(value, readers[section], file, [section, name])
      const taken = things.get(name)
      if (taken === undefined) things.set(name, thing as object)
      else if (!saysTheSame(taken, thing)) things.set(`${name}#2`, thing as object)
    }
  }
  return Object.fromEntries(things)
}

function rulesOf(given: unknown, file: WrittenFile, keys: Keys): unknown {
  if (!isPlain(given)) return given ?? {}
  const rules = Object.entries(given).map(([name, value]) => [
    name,
    placed(value, ruleOf, file, [...keys, name]),
  ])
  return Object.fromEntries(rules)
}

function placed(value: unknown, read: Reader, file: WrittenFile, keys: Keys): unknown {
  if (!isPlain(value)) return value
  return { ...read(straysOf(value, ['origin']), file, keys), origin: file.originOf(keys) }
}

/** `{ allow: out, to: …, service: …, why: … }`: the verb says the direction. */
function ruleOf(given: Data): RuleDocument {
  const effect = 'deny' in given ? 'deny' : 'allow'
  const { [effect]: direction, ...rest } = given
  return ruleDocumentOf(effect, direction as RuleDocument['direction'], rest as never)
}

/** A key with nothing behind it: whoever wrote it meant something, and left out it would mean something else. */
function valuesMissing(file: WrittenFile): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const look = (value: unknown, keys: Keys): void => {
    if (value === null) {
      const name = keys.findLast((key) => typeof key === 'string')
      found.push(
        diagnose('TW1002', {
          message: `\`${name ?? 'this'}\` has no value`,
          path: keys.join('.'),
          hint: 'write one, or leave the key out',
          origin: file.originOf(keys),
        }),
      )
    }
    if (typeof value !== 'object' || value === null || keys.length > DEEPEST || keys[0] === 'apis') return
    for (const [key, inner] of Object.entries(value))
      look(inner, [...keys, Array.isArray(value) ? Number(key) : key])
  }
  look(file.data, [])
  return found
}

/** Deeper than any policy nests; `validate` refuses what does. */
const DEEPEST = 40

function rulesWithoutVerb(file: WrittenFile): readonly Diagnostic[] {
  const data = propertiesOf(file.data as Data)
  const holders: readonly Keys[] = [
    ['rules'],
    ...(['profiles', 'devices'] as const).flatMap((section) =>
      Object.keys(propertiesOf((data[section] ?? {}) as Data)).map((name) => [section, name, 'rules']),
    ),
  ]
  return holders.flatMap((keys) => {
    const rules = keys.reduce<unknown>((value, key) => propertiesOf((value ?? {}) as Data)[key], data)
    if (!isPlain(rules)) return []
    return Object.entries(rules).flatMap(([name, rule]) => {
      if (!isPlain(rule) || 'allow' in rule !== 'deny' in rule) return []
      return [
        diagnose('TW1002', {
          message: `this rule says ${'allow' in rule ? 'both' : 'neither'} \`allow\` ${'allow' in rule ? 'and' : 'nor'} \`deny\``,
          path: [...keys, name].join('.'),
          hint: 'write one of them with a direction: `allow: out`, `allow: in`, `deny: both` …',
          origin: file.originOf([...keys, name]),
        }),
      ]
    })
  })
}

function isPlain(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
