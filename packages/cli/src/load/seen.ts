/**
 * Reads flows that were seen from JSON, for `plan --seen FILE`. The file may come from anywhere: every value is checked,
 * and a file with a fault is refused whole, by the entry that has it.
 *
 * ```json
 * { "format": 1,
 *   "flows": [{ "source": "10.20.0.11", "destination": "192.0.2.80", "sourceDevice": "vent-01",
 *               "destinationName": "api.volcano.example", "ingress": "wlan0", "protocol": 6,
 *               "destinationPort": 443, "count": 12, "last": "2026-11-22T18:00:00Z" }] }
 * ```
 */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Address, parseAddress, parseDate, parseDnsName, type RecordedFlow } from '@thingwall/policy'
import { Failure } from '../frame/failure.ts'
import { safe } from '../render/text.ts'

/** Bytes: some hundred thousand flows. */
const LARGEST = 64 << 20

/** Throws `Failure` where the file cannot be read or any of it is wrong. */
export function readSeen(path: string, cwd: string): readonly RecordedFlow[] {
  const input = jsonIn(path, cwd)
  if (!isRecord(input) || input['format'] !== 1 || !Array.isArray(input['flows']))
    throw faulty(path, 'is no list of seen flows', 'write { "format": 1, "flows": [ … ] }')
  return input['flows'].map((entry: unknown, at): RecordedFlow => {
    const fault = (key: string, hint: string): Failure =>
      faulty(path, `has no usable flows[${at}].${key}`, hint)
    if (!isRecord(entry)) throw faulty(path, `has no object at flows[${at}]`, 'each flow is an object')
    return flowOf(entry, fault)
  })
}

type Fault = (key: string, hint: string) => Failure

function flowOf(entry: Readonly<Record<string, unknown>>, fault: Fault): RecordedFlow {
  const name = textOf(entry, 'destinationName', fault)
  if (name !== null && parseDnsName(name) === null) throw fault('destinationName', 'write one DNS name')
  return {
    source: addressOf(entry, 'source', fault),
    destination: addressOf(entry, 'destination', fault),
    sourceDevice: textOf(entry, 'sourceDevice', fault),
    destinationDevice: textOf(entry, 'destinationDevice', fault),
    destinationName: name === null ? null : parseDnsName(name),
    ingress: textOf(entry, 'ingress', fault),
    protocol: numberOf(entry, 'protocol', 255, fault),
    destinationPort: numberOf(entry, 'destinationPort', 65_535, fault),
    icmpType: numberOf(entry, 'icmpType', 255, fault),
    count: numberOf(entry, 'count', Number.MAX_SAFE_INTEGER, fault) ?? 1,
    lastMs: instantOf(entry, fault),
  }
}

function addressOf(entry: Readonly<Record<string, unknown>>, key: string, fault: Fault): Address {
  const text = entry[key]
  const address = typeof text === 'string' ? parseAddress(text) : null
  if (address === null) throw fault(key, 'write 203.0.113.10 or 2001:db8::10')
  return address
}

function textOf(entry: Readonly<Record<string, unknown>>, key: string, fault: Fault): string | null {
  const text = entry[key] ?? null
  if (text === null || (typeof text === 'string' && text.length <= 253)) return text
  throw fault(key, 'write a text of at most 253 characters, or leave it out')
}

function numberOf(
  entry: Readonly<Record<string, unknown>>,
  key: string,
  most: number,
  fault: Fault,
): number | null {
  const number = entry[key] ?? null
  if (number === null || (Number.isInteger(number) && (number as number) >= 0 && (number as number) <= most))
    return number as number | null
  throw fault(key, `write a whole number from 0 to ${most}, or leave it out`)
}

function instantOf(entry: Readonly<Record<string, unknown>>, fault: Fault): number {
  const text = entry['last']
  const at = typeof text === 'string' ? parseDate(text) : null
  if (at === null) throw fault('last', 'write 2026-11-22T18:00:00Z')
  return at
}

function jsonIn(path: string, cwd: string): unknown {
  const file = resolve(cwd, path)
  try {
    if (statSync(file).size > LARGEST) throw new Error('it is larger than 64 MiB')
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw faulty(path, what, cause instanceof Error ? cause.message : 'look at the file')
  }
}

function faulty(path: string, what: string, hint: string): Failure {
  return new Failure(`${safe(path, 300)} ${what}`, { code: 'environment', hint: safe(hint, 300) })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
