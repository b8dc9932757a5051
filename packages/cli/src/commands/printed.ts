/**
 * What belongs beside a result: what the policy's own code printed, escaped and never mistaken for ours, and which
 * wall around that code this machine did not grant.
 */
import type { Page } from '../frame/report.ts'
import type { LoadedPolicy } from '../load/load.ts'
import type { WallReport } from '../load/sandbox.ts'
import { safe } from '../render/text.ts'

export function printedBy({ printed, wall }: Pick<LoadedPolicy, 'printed' | 'wall'>): (page: Page) => string {
  const lines = printed.split('\n').filter((line) => line !== '')
  const note = wall === null ? null : weakness(wall)
  return (page) =>
    lines
      .slice(0, 20)
      .map((line) => `${page.ink('dim', 'policy printed:')} ${safe(line, 200)}\n`)
      .concat(note === null ? [] : [`${page.ink('yellow', 'note:')} ${safe(note, 400)}\n`])
      .join('')
}

function weakness({ network, user, limits, lacks }: WallReport): string | null {
  const missing = [
    ...(network === 'none' ? [] : ['a network namespace of its own']),
    ...(user === 'caller' ? ['a user of its own'] : []),
    ...(limits ? [] : ["the kernel's limits"]),
  ]
  if (missing.length === 0) return null
  const why = lacks === null ? '' : ` (${lacks})`
  return `the policy's code ran behind Node's permission model, but without ${missing.join(', ')}${why}`
}
