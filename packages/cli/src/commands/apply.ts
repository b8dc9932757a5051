/** `thingwall apply`: the policy file into this machine's kernel, on trial until somebody confirms it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LOG_GROUP } from '@thingwall/gateway'
import type { Call } from '../frame/call.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { putInForce, trialLength } from './application.ts'
import { openGateway, prepare } from './site.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const log = groupOf(call.options.log)
  const confirmWithinMs = trialLength(call)
  const gateway = await openGateway(call, host)
  const prepared = await prepare(call, host, log)
  const { file } = prepared.loaded
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex')
  const policy = { name: prepared.ruleset.name, file, digest }
  return putInForce(call, host, gateway, prepared, { policy, log, confirmWithinMs, again: null })
}

function groupOf(text: string | undefined): number | null {
  if (text === undefined) return LOG_GROUP
  if (text === 'none') return null
  const group = Number(text)
  if (Number.isInteger(group) && group >= 0 && group <= 65_535) return group
  throw usage(`--log ${safe(text, 40)} is no NFLOG group`, 'write a number from 0 to 65535, or none')
}
