/** What a policy's own code printed, shown beside the result: escaped, and never mistaken for ours. */
import type { Page } from '../frame/report.ts'
import type { LoadedPolicy } from '../load/load.ts'
import { safe } from '../render/text.ts'

export function printedBy({ printed }: LoadedPolicy): (page: Page) => string {
  const lines = printed.split('\n').filter((line) => line !== '')
  return (page) =>
    lines
      .slice(0, 20)
      .map((line) => `${page.ink('dim', 'policy printed:')} ${safe(line, 200)}\n`)
      .join('')
}
