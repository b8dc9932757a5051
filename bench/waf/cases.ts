/**
 * The cases of the application firewall's examination: whole HTTP requests from public test suites, one a line, read into
 * the parts that `inspect` takes. Where they lie is said by THINGWALL_DATA, else `../shared/data` beside the checkout.
 * It deliberately judges nothing, and mends nothing in a request that is broken on purpose.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { RequestParts } from '@thingwall/waf'

export interface Case {
  readonly id: string
  /** The class that the suite gives it: `xss`, `REQUEST-942-APPLICATION-ATTACK-SQLI`. */
  readonly kind: string
  readonly label: 'attack' | 'benign'
  readonly request: RequestParts
}

const besides = join(import.meta.dirname, '../../../shared/data')

/** The folder of the data. */
export function dataFolder(): string {
  return process.env['THINGWALL_DATA'] ?? besides
}

/** All cases of a suite; null where it is not there. */
export function readCases(suite: string): readonly Case[] | null {
  const file = join(dataFolder(), 'waf', `${suite}.jsonl.gz`)
  if (!existsSync(file)) return null
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { id, cls, label, raw } = JSON.parse(line) as Record<string, string>
      if (label !== 'attack' && label !== 'benign') throw new Error(`${suite} ${id}: the label ${label}`)
      return { id: id ?? '', kind: cls ?? '', label, request: requestOf(Buffer.from(raw ?? '', 'base64')) }
    })
}

/** Head and body of a raw request, one character for each byte; lines of the head may end in LF alone. */
function requestOf(raw: Buffer): RequestParts {
  const text = raw.toString('latin1')
  const blank = /\r?\n\r?\n/.exec(text)
  const head = blank === null ? text : text.slice(0, blank.index)
  const [first = '', ...lines] = head.split(/\r?\n/)
  const method = first.split(' ', 1)[0] ?? ''
  const target = first.slice(method.length + 1).replace(/ HTTP\/[0-9.]+$/, '')
  const headers = lines
    .filter((line) => line !== '')
    .map((line): readonly [string, string] => {
      const colon = line.indexOf(':')
      return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
    })
  const body = blank === null ? '' : text.slice(blank.index + blank[0].length)
  return { method, target, headers, body: body === '' ? null : new Uint8Array(Buffer.from(body, 'latin1')) }
}
