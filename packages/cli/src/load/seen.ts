/**
 * Flows that were seen, for `plan`: as the gateway recorded them, or from JSON with `--seen FILE`. The file may come from anywhere: every value is checked,
 * and a file with a fault is refused whole, by the entry that has it.
 *
 * ```json
 * { "format": 1,
 *   "flows": [{ "source": "10.20.0.11", "destination": "192.0.2.80", "sourceDevice": "vent-01",
 *               "destinationName": "api.volcano.example", "ingress": "wlan0", "protocol": 6,
 *               "destinationPort": 443, "count": 12, "last": "2026-11-22T18:00:00Z" }] }
 * ```
 */
import { existsSync } from 'node:fs'
import { eventFolder, startReader } from '@thingwall/gateway'
import { type Address, parseAddress, parseDate, parseDnsName, type RecordedFlow } from '@thingwall/policy'
import { Failure } from '../frame/failure.ts'
import { safe } from '../render/text.ts'
import { readJsonFile } from './json-file.ts'

/** Bytes: some hundred thousand flows. */
const LARGEST = 64 << 20

/** How far back what the gateway recorded is looked at. */
const SPAN_MS = 7 * 86_400_000

export interface SeenFlows {
  readonly flows: readonly RecordedFlow[]
  /** Since when, milliseconds since 1970; null where the file does not say. */
  readonly sinceMs: number | null
  /** False where there was more than was given, or some of it was counted together without its ends. */
  readonly isComplete: boolean
}

/** What the gateway recorded in the last seven days; null where it keeps no record. */
export async function keptFlows(stateFolder: string, nowMs: number): Promise<SeenFlows | null> {
  const folder = eventFolder(stateFolder)
  if (!existsSync(folder)) return null
  const reader = startReader(folder)
  try {
    const sinceMs = nowMs - SPAN_MS
    const { flows, isComplete, unreadable } = await reader.seen({ sinceMs, untilMs: nowMs })
    return { flows, sinceMs, isComplete: isComplete && unreadable.length === 0 }
  } finally {
    await reader.close()
  }
}

/** Throws `Failure` where the file cannot be read or any of it is wrong. */
export function readSeen(path: string, cwd: string): SeenFlows {
  const input = readJsonFile(path, cwd, LARGEST)
  if (!isRecord(input) || input['format'] !== 1 || !Array.isArray(input['flows']))
    throw faulty(path, 'is no list of seen flows', 'write { "format": 1, "flows": [ … ] }')
  const flows = input['flows'].map((entry: unknown, at): RecordedFlow => {
    const fault = (key: string, hint: string): Failure =>
      faulty(path, `has no usable flows[${at}].${key}`, hint)
    if (!isRecord(entry)) throw faulty(path, `has no object at flows[${at}]`, 'each flow is an object')
    return flowOf(entry, fault)
  })
  return { flows, sinceMs: null, isComplete: true }
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

function faulty(path: string, what: string, hint: string): Failure {
  return new Failure(`${safe(path, 300)} ${what}`, { code: 'environment', hint: safe(hint, 300) })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
