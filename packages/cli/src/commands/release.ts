/**
 * `thingwall release DEVICE`: out of quarantine, for good or, with `--for`, for a while: then it comes back by itself, by
 * the kernel's own clock. What the policy itself holds in quarantine is let out for good only by the policy.
 */

import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { carryOut, type Ground, openGround } from '../hurry/in-force.ts'
import { instant, lengthOf, saidBy } from '../hurry/said.ts'
import { DEFAULT_POLICY_FILE, loadPolicy } from '../load/load.ts'
import { showLine } from '../render/place.ts'
import { requireDevice } from './quarantine.ts'

const LONGEST_MS = 30 * 86_400_000

export async function run(call: Call, host: Host): Promise<Report> {
  const device = call.operands[0] as string
  const lengthMs = lengthOf(call, LONGEST_MS)
  const entry = await saidBy(call, host)
  const ground = await openGround(call, host)
  requireDevice(ground.ruleset, device)
  const held = ground.document.quarantine[device]
  if (held === undefined) {
    throw new Failure(`${device} is not in quarantine`, {
      code: 'environment',
      hint: `thingwall explain --from ${device} --to ADDRESS:443/tcp says what holds it`,
      exit: exits.no,
    })
  }
  if (lengthMs === null) await requireOwn(call, host, ground, device)
  const until = lengthMs === null ? null : instant(host.now() + lengthMs)
  const { origin: _, starts: __, ...before } = held
  const report = await carryOut(
    call,
    host,
    ground,
    until === null
      ? { kind: 'release', device }
      : {
          kind: 'quarantine',
          device,
          entry: {
            ...entry,
            why: before.why,
            ...(before.owner !== undefined && { owner: before.owner }),
            source: `let out by ${entry.source}: ${entry.why}`.slice(0, 256),
            starts: until,
          },
        },
  )
  const words = until === null ? 'for good' : `until ${until}, then it is in quarantine again`
  return {
    ...report,
    json: { ...(report.json as object), device, quarantined: false, until, overlay: ground.overlayFile },
    text: (page) =>
      `${page.ink('green', 'released:')} ${device}, ${words}; written to ${ground.overlayFile}\n${report.text(page)}`,
  }
}

/** Only what the overlay holds can be taken out of it. */
async function requireOwn(call: Call, host: Host, ground: Ground, device: string): Promise<void> {
  const path = call.options.policy ?? ground.record.policy.file ?? DEFAULT_POLICY_FILE
  const { document } = await loadPolicy(path, { cwd: host.cwd, nowMs: host.now(), withoutOverlay: true })
  const origin = (document ?? ground.document).quarantine[device]?.origin ?? null
  const isInPolicy = document === null ? origin?.file !== ground.overlayFile : device in document.quarantine
  if (!isInPolicy) return
  const place = origin === null ? 'the policy' : showLine(origin, host.cwd)
  throw new Failure(`${device} is in quarantine by the policy itself, ${place}`, {
    code: 'environment',
    hint: `remove it there and apply; or for a while: thingwall release ${device} --for 2h --why …`,
    exit: exits.no,
  })
}
