/** `thingwall quarantine DEVICE`: cuts a device off from everything, at once, with a reason. */
import { didYouMean, type Ruleset } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { carryOut, openGround } from '../hurry/in-force.ts'
import { instant, lengthOf, saidBy } from '../hurry/said.ts'
import { safe } from '../render/text.ts'

const LONGEST_MS = 365 * 86_400_000

export async function run(call: Call, host: Host): Promise<Report> {
  const device = call.operands[0] as string
  const lengthMs = lengthOf(call, LONGEST_MS)
  const entry = await saidBy(call, host)
  const ground = await openGround(call, host)
  requireDevice(ground.ruleset, device)
  const until = lengthMs === null ? null : instant(host.now() + lengthMs)
  const report = await carryOut(call, host, ground, {
    kind: 'quarantine',
    device,
    entry: { ...entry, ...(until !== null && { expires: until, onExpiry: 'lift' as const }) },
  })
  const words = until === null ? 'until it is released' : `until ${until}`
  return {
    ...report,
    json: { ...(report.json as object), device, quarantined: true, until, overlay: ground.overlayFile },
    text: (page) =>
      `${page.ink('green', 'in quarantine:')} ${device}, ${words}; written to ${ground.overlayFile}\n${report.text(page)}`,
    next: [[`thingwall release ${device} --why …`, 'let it out again'], ...report.next],
  }
}

/** Throws `Failure` with exit 1 where the policy in force knows no such device. */
export function requireDevice({ deviceByName }: Ruleset, name: string): void {
  if (deviceByName.has(name)) return
  const near = didYouMean(name, deviceByName.keys())
  throw new Failure(`the policy in force knows no device ${safe(name, 60)}`, {
    code: 'TW1005',
    hint: near === null ? 'thingwall list devices shows who there is' : `did you mean ${near}?`,
    exit: exits.no,
  })
}
