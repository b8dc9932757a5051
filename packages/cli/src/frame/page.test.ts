/** How wide a page is: as COLUMNS or the terminal says, and as wide as its text where neither does. */
import { expect, test } from 'vitest'
import { pageOf } from './page.ts'
import type { Host } from './report.ts'

function widthOf(stdout: { isTTY?: boolean; columns?: number }, env: Record<string, string> = {}): number {
  const host = { env, cwd: '/', stdout } as unknown as Host
  return pageOf(host, 'stdout').width
}

test.each([
  ['a pipe', {}, {}, Number.POSITIVE_INFINITY],
  ['a terminal', { isTTY: true, columns: 120 }, {}, 120],
  ['a narrow terminal', { isTTY: true, columns: 20 }, {}, 40],
  ['a terminal that does not know its width', { isTTY: true }, {}, 80],
  // What `script`, a serial console and `docker run -t` make, until somebody sets their size.
  ['a terminal of no width', { isTTY: true, columns: 0 }, {}, 80],
  ['a pipe, and COLUMNS', {}, { COLUMNS: '100' }, 100],
  ['a terminal, and COLUMNS that is no number', { isTTY: true, columns: 120 }, { COLUMNS: 'wide' }, 120],
])('%s', (_, stdout, env, width) => {
  expect(widthOf(stdout, env)).toBe(width)
})
