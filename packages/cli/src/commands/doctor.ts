/**
 * `thingwall doctor`: what is missing on this machine or in the way, each with the command that mends it. It changes
 * nothing. Exit 1 where something is missing that thingwall does not work without.
 */
import { resolve } from 'node:path'
import {
  examine,
  type Finding,
  groundOf,
  openNftablesPoint,
  STATE_FOLDER,
  thisMachine,
} from '@thingwall/gateway'
import { validate } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import type { Host, Page, Report } from '../frame/report.ts'
import { count, hanging, safe } from '../render/text.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const named = call.options.state ?? host.env['THINGWALL_STATE']
  const state = named === undefined || named === '' ? STATE_FOLDER : resolve(host.cwd, named)
  const { isInUse, devices } = await policyIn(state)
  const findings = await examine(
    await groundOf({ machine: thisMachine, state, isInUse, devices, now: host.now }),
  )
  const missing = findings.filter(({ severity }) => severity === 'missing')
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  return {
    exit: missing.length > 0 ? exits.no : exits.fine,
    json: { ok: missing.length === 0, findings },
    text: (page) => {
      const lines = findings.map((finding) => lineOf(finding, page)).join('')
      const sum =
        missing.length + warnings.length === 0
          ? page.ink('green', 'nothing is missing')
          : `${missing.length} missing, ${count(warnings.length, 'warning')}`
      return `${lines}\n${sum}\n`
    },
    next: [],
  }
}

const INKS = { fine: 'green', note: 'cyan', warning: 'yellow', missing: 'red' } as const

function lineOf({ check, severity, message, mend }: Finding, page: Page): string {
  const head = `${page.ink(INKS[severity], severity.padEnd(7))} ${check.padEnd(11)} `
  const body = hanging(' '.repeat(20), safe(message, 600), page.width).trimStart()
  return `${head}${body}\n${mend === null ? '' : `${' '.repeat(20)}${page.ink('cyan', safe(mend, 300))}\n`}`
}

/** What was confirmed here, as far as it can be read: a doctor comes also where little works. */
async function policyIn(
  state: string,
): Promise<{ readonly isInUse: boolean; readonly devices: number | null }> {
  try {
    const point = await openNftablesPoint({ machine: thisMachine, state })
    const record = await point.comesBack()
    if (record === null) return { isInUse: (await point.read()).digest !== null, devices: null }
    const text = await point.documentOf(record.sequence)
    const [document] = text === null ? [null] : validate(JSON.parse(text))
    return { isInUse: true, devices: document === null ? null : Object.keys(document.devices).length }
  } catch {
    return { isInUse: false, devices: null }
  }
}
