/**
 * What `quarantine`, `release` and `allow` have in common: an entry is written into the overlay, and the policy that is
 * in force goes into the kernel again with it. What the policy file says beyond that, and nobody has applied, stays out.
 *
 * The overlay is written first: killed in between, a quarantine is at worst not in force yet and said to be missing by
 * `status`, and never in force and forgotten. Where the kernel refuses, the overlay is what it was.
 */
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { ApplicationRecord } from '@thingwall/gateway'
import { lower, type PolicyDocument, type Ruleset, validate, withOverlay } from '@thingwall/policy'
import { putInForce } from '../commands/application.ts'
import { policyOption } from '../commands/open.ts'
import { compile, type Gateway, openGateway, type Source } from '../commands/site.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { DEFAULT_POLICY_FILE } from '../load/load.ts'
import { overlayOf, readOverlay } from '../load/overlay.ts'
import { type Change, changed } from './overlay-text.ts'

/** The policy in force on this machine, and the overlay it is written with. */
export interface Ground {
  readonly gateway: Gateway
  readonly record: ApplicationRecord
  readonly policyFile: string
  readonly overlayFile: string
  /** As it is in force, with the overlay as it stands. */
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
}

/** What is in force here. Throws `Failure` where nothing is, or where something is on trial. */
export async function openGround(call: Call, host: Host): Promise<Ground> {
  const gateway = await openGateway(call, host)
  const inForce = await gateway.point.read()
  if (inForce.trial !== null) {
    throw new Failure('an application is on trial', {
      code: 'environment',
      hint: 'decide about it first: thingwall confirm, or thingwall rollback',
    })
  }
  const { record } = inForce
  const text = record === null ? null : await gateway.point.documentOf(record.sequence)
  if (record === null || text === null) {
    throw new Failure('nothing that this machine remembers is in force', {
      code: 'environment',
      hint: `put the policy in force first: thingwall apply${policyOption(call)}`,
    })
  }
  const policyFile = resolve(host.cwd, call.options.policy ?? record.policy.file ?? DEFAULT_POLICY_FILE)
  const overlayFile = overlayOf(policyFile)
  const document = overlaid(JSON.parse(text), policyFile)
  const [ruleset] = lower(document)
  if (ruleset === null) throw unusable('the policy in force cannot be read again', 'apply the policy file')
  return { gateway, record, policyFile, overlayFile, document, ruleset }
}

/** The policy in force with the overlay's entries of now in the place of those it was applied with. */
function overlaid(inForce: unknown, policyFile: string): PolicyDocument {
  const overlayFile = overlayOf(policyFile)
  const bare = inForce as PolicyDocument
  const without = <T extends { readonly origin: { readonly file: string } | null }>(
    things: Readonly<Record<string, T>>,
  ): Record<string, T> =>
    Object.fromEntries(Object.entries(things).filter(([, { origin }]) => origin?.file !== overlayFile))
  const policy = { ...bare, quarantine: without(bare.quarantine), rules: without(bare.rules) }
  const [overlay, unread] = readOverlay(policyFile)
  const [input, strays] = overlay === null ? [policy, []] : withOverlay(policy, overlay)
  const [document, found] = validate(input)
  const diagnostics = [...unread, ...strays, ...found]
  if (document !== null && unread.length + strays.length === 0) return document
  throw new Failure(`${basename(overlayFile)} cannot be read`, {
    code: 'policy',
    hint: `mend it, then again: thingwall check`,
    exit: exits.no,
    diagnostics,
    project: dirname(policyFile),
  })
}

/** Writes the change down and puts it in force. */
export async function carryOut(call: Call, host: Host, ground: Ground, change: Change): Promise<Report> {
  const { gateway, record, policyFile, overlayFile } = ground
  const before = readText(overlayFile)
  writeWhole(overlayFile, changed(before, change, host.now()), policyFile)
  try {
    const document = overlaid(ground.document, policyFile)
    const source: Source = {
      file: policyFile,
      document,
      diagnostics: [],
      printed: '',
      wall: null,
      locate: (found) => found,
      project: dirname(policyFile),
      told: await gateway.point.toldFor(record.sequence),
      // An allow opens something, so no test may be against it; the others must never wait for the policy to be mended.
      tests: change.kind === 'allow' ? 'must hold' : 'are told',
    }
    const prepared = await compile(call, host, source, record.log)
    const report = await putInForce(call, host, gateway, prepared, {
      policy: record.policy,
      log: record.log,
      confirmWithinMs: null,
      again: null,
    })
    return { ...report, next: [[`thingwall status${policyOption(call)}`, 'what is in force']] }
  } catch (error) {
    if (before === null) rmSync(overlayFile, { force: true })
    else writeWhole(overlayFile, before, policyFile)
    throw error
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw unusable(`${file} cannot be read`, error instanceof Error ? error.message : 'look at the file')
  }
}

/** In one step, as readable as the policy beside it. */
function writeWhole(file: string, text: string, policyFile: string): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}`)
  try {
    writeFileSync(temporary, text, { flag: 'wx', flush: true })
    chmodSync(temporary, (statSync(policyFile, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o666)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw unusable(`${file} cannot be written`, error instanceof Error ? error.message : 'look at the folder')
  }
}

function unusable(message: string, hint: string): Failure {
  return new Failure(message, { code: 'environment', hint })
}
