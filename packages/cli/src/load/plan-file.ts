/**
 * A plan as a file: the policy document that was planned, what was in force then, and what it compiled to. `apply FILE`
 * does exactly that or refuses. The file may come from anywhere: each value is checked, the document is validated as any
 * other, and nothing in it is run.
 *
 * What devices are given and told changes by the minute and is no part of a plan.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Base } from '@thingwall/gateway'
import { type Diagnostic, hasErrors, type PolicyDocument, validate } from '@thingwall/policy'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { readVersion } from '../frame/version.ts'
import { safe } from '../render/text.ts'
import { readJsonFile } from './json-file.ts'

export interface PlanFile {
  /** Milliseconds since 1970. */
  readonly madeAt: number
  readonly policy: { readonly name: string; readonly file: string | null; readonly digest: string | null }
  readonly document: PolicyDocument
  /** What was in force when it was made; null for nothing. */
  readonly base: Base | null
  /** Digest of what it compiled to. */
  readonly artifact: string
  /** NFLOG group that it was compiled with. */
  readonly log: number | null
}

const FORMAT = 'thingwall-plan'
const VERSION = 1
/** Bytes: a policy of a hundred thousand devices is half of it. */
const LARGEST = 128 << 20

/** Writes a plan in one step. Throws `Failure` where the disk does not take it. */
export function writePlan(path: string, cwd: string, plan: PlanFile): void {
  const file = resolve(cwd, path)
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}`)
  const { madeAt, ...rest } = plan
  const head = { format: FORMAT, version: VERSION, thingwall: readVersion() }
  const text = JSON.stringify({ ...head, madeAt: new Date(madeAt).toISOString(), ...rest }, null, 1)
  try {
    writeFileSync(temporary, `${text}\n`, { flag: 'wx', flush: true })
    renameSync(temporary, file)
  } catch (cause) {
    rmSync(temporary, { force: true })
    const hint = cause instanceof Error ? safe(cause.message, 300) : 'look at the folder'
    throw new Failure(`${safe(path, 300)} cannot be written`, { code: 'environment', hint, cause })
  }
}

/** Reads a plan, with the warnings of its policy. Throws `Failure`: TW4032, or exit 1 where the policy has errors. */
export function readPlan(path: string, cwd: string): readonly [PlanFile, readonly Diagnostic[]] {
  const input = readJsonFile(path, cwd, LARGEST)
  if (!isRecord(input) || input['format'] !== FORMAT) throw notPlan(path, 'it is no plan at all')
  if (input['version'] !== VERSION)
    throw notPlan(path, `its version is not ${VERSION}: it was made by another thingwall`)
  const policy = input['policy']
  if (!isRecord(policy) || typeof policy['name'] !== 'string') throw notPlan(path, 'policy.name is missing')
  const madeAt = typeof input['madeAt'] === 'string' ? Date.parse(input['madeAt']) : Number.NaN
  if (!Number.isFinite(madeAt)) throw notPlan(path, 'madeAt is no instant')
  const [document, diagnostics] = validate(input['document'])
  if (document === null || hasErrors(diagnostics)) {
    throw new Failure(`the policy in ${safe(path, 300)} has errors; nothing was changed`, {
      code: 'policy',
      hint: 'mend the policy file, and plan again',
      exit: exits.no,
      diagnostics,
    })
  }
  return [
    {
      madeAt,
      policy: {
        name: safe(policy['name'], 100),
        file: typeof policy['file'] === 'string' ? safe(policy['file'], 1000) : null,
        digest: isDigest(policy['digest'], 64) ? policy['digest'] : null,
      },
      document,
      base: baseOf(path, input['base']),
      artifact: digestOf(path, 'artifact', input['artifact']),
      log: groupOf(path, input['log']),
    },
    diagnostics,
  ]
}

function baseOf(path: string, base: unknown): Base | null {
  if (base === null) return null
  if (!isRecord(base) || !isWhole(base['sequence'], 1, 1e9)) throw notPlan(path, 'base.sequence is no number')
  return { sequence: base['sequence'], digest: digestOf(path, 'base.digest', base['digest']) }
}

function digestOf(path: string, key: string, digest: unknown): string {
  if (isDigest(digest, 32)) return digest
  throw notPlan(path, `${key} is no digest`)
}

function groupOf(path: string, log: unknown): number | null {
  if (log === null || isWhole(log, 0, 65_535)) return log
  throw notPlan(path, 'log is no NFLOG group')
}

function isDigest(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function notPlan(path: string, why: string): Failure {
  return new Failure(`${safe(path, 300)} is not a plan: ${why}`, {
    code: 'TW4032',
    hint: 'make one: sudo thingwall plan --out FILE',
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
