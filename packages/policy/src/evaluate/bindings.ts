/**
 * Reads bindings from JSON: which addresses devices were given, and what they were told for the names they asked.
 *
 * ```json
 * { "format": 1,
 *   "addresses": [{ "device": "vent-02", "address": "10.20.0.57", "until": "2026-11-22T18:00:00Z" }],
 *   "names": [{ "device": "vent-01", "name": "api.volcano.example", "addresses": ["203.0.113.10"] }],
 *   "gateway": ["192.0.2.7"] }
 * ```
 * Without `until` an entry holds for as long as it is in the file. `"device": "*"` on a name says that every device
 * was told so. A file with a fault is refused whole.
 */
import { parseDate } from '../author/time.ts'
import { type Address, parseAddress } from '../model/address.ts'
import { type Diagnostic, diagnose } from '../model/diagnostic.ts'
import { type Bindings, type BoundAddress, EVERY_DEVICE } from '../model/flow.ts'
import { didYouMean, parseDnsName } from '../model/name.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { bind } from './bind.ts'

type Report = (path: string, message: string, value: unknown, hint: string) => void

/** Bindings for the devices of one rule set; null with diagnostics where anything in them is wrong. */
export function readBindings(
  input: unknown,
  ruleset: Ruleset,
): readonly [Bindings | null, readonly Diagnostic[]] {
  const diagnostics: Diagnostic[] = []
  const report: Report = (path, message, value, hint) => {
    diagnostics.push(diagnose('TW1024', { message, path, value, hint, origin: null }))
  }
  const owners = new Map<Address, { device: string; until: number }>()
  const names = new Map<string, Map<string, readonly BoundAddress[]>>()
  const gateway = new Set<Address>()
  if (!isRecord(input) || input['format'] !== 1) {
    report(
      '',
      'bindings are an object with "format": 1',
      input,
      'See `thingwall apply --help` for the shape.',
    )
    return [null, diagnostics]
  }
  for (const key of Object.keys(input)) {
    if (!['format', 'addresses', 'names', 'gateway'].includes(key)) {
      report(key, `bindings know nothing called ${key}`, key, 'Known: addresses, names, gateway.')
    }
  }
  for (const [at, entry] of entriesOf(input, 'addresses', report)) {
    const path = `addresses[${at}]`
    const device = deviceOf(entry, ruleset, path, report)
    const address = addressOf(entry['address'], `${path}.address`, report)
    const until = untilOf(entry, path, report)
    if (device !== null && address !== null && until !== null) owners.set(address, { device, until })
  }
  for (const [at, entry] of entriesOf(input, 'names', report)) {
    const path = `names[${at}]`
    const isForAll = entry['device'] === EVERY_DEVICE
    const device = isForAll ? EVERY_DEVICE : deviceOf(entry, ruleset, path, report)
    const name = typeof entry['name'] === 'string' ? parseDnsName(entry['name']) : null
    if (name === null || name.startsWith('*')) {
      report(`${path}.name`, 'not a DNS name that can be asked for', entry['name'], 'Write one host name.')
    }
    const until = untilOf(entry, path, report)
    const texts: unknown = entry['addresses']
    if (!Array.isArray(texts))
      report(`${path}.addresses`, 'addresses must be a list', texts, 'Write ["203.0.113.10"].')
    const answers = (Array.isArray(texts) ? texts : []).flatMap((text: unknown): readonly BoundAddress[] => {
      const address = addressOf(text, `${path}.addresses`, report)
      return address === null || until === null ? [] : [{ address, until }]
    })
    if (device !== null && name !== null) tell(names, device, name, answers)
  }
  const own: unknown = input['gateway'] ?? []
  if (!Array.isArray(own))
    report('gateway', 'gateway must be a list of addresses', own, 'Write ["192.0.2.7"].')
  for (const text of Array.isArray(own) ? own : []) {
    const address = addressOf(text, 'gateway', report)
    if (address !== null) gateway.add(address)
  }
  return diagnostics.length > 0 ? [null, diagnostics] : [bind(ruleset, { owners, names, gateway }), []]
}

function tell(
  names: Map<string, Map<string, readonly BoundAddress[]>>,
  device: string,
  name: string,
  answers: readonly BoundAddress[],
): void {
  let told = names.get(device)
  if (told === undefined) {
    told = new Map()
    names.set(device, told)
  }
  const before = told.get(name)
  told.set(name, before === undefined ? answers : [...before, ...answers])
}

function entriesOf(
  input: Record<string, unknown>,
  key: string,
  report: Report,
): readonly (readonly [number, Record<string, unknown>])[] {
  const list = input[key] ?? []
  if (!Array.isArray(list)) {
    report(key, `${key} must be a list`, list, `Write "${key}": [ … ].`)
    return []
  }
  return list.flatMap((entry: unknown, at): readonly (readonly [number, Record<string, unknown>])[] => {
    if (isRecord(entry)) return [[at, entry]]
    report(`${key}[${at}]`, 'not an object', entry, 'Each entry is an object.')
    return []
  })
}

function deviceOf(
  entry: Record<string, unknown>,
  ruleset: Ruleset,
  path: string,
  report: Report,
): string | null {
  const device = entry['device']
  if (typeof device === 'string' && ruleset.deviceByName.has(device)) return device
  const near = typeof device === 'string' ? didYouMean(device, ruleset.deviceByName.keys()) : null
  const hint = near === null ? 'Name a device of the policy.' : `Did you mean ${near}?`
  report(`${path}.device`, 'no device of this policy', device, hint)
  return null
}

function addressOf(text: unknown, path: string, report: Report): Address | null {
  const address = typeof text === 'string' ? parseAddress(text) : null
  if (address === null) report(path, 'not an address', text, 'Write 203.0.113.10 or 2001:db8::10.')
  return address
}

function untilOf(entry: Record<string, unknown>, path: string, report: Report): number | null {
  const text = entry['until']
  if (text === undefined || text === null) return Number.POSITIVE_INFINITY
  const until = typeof text === 'string' ? parseDate(text) : null
  if (until === null) report(`${path}.until`, 'not an instant', text, 'Write 2026-11-22T18:00:00Z.')
  return until
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
