/** A page for one output stream: colours as NO_COLOR, FORCE_COLOR and the terminal say, width likewise. */
import type { styleText } from 'node:util'
import type { Host, Ink, Page } from './report.ts'

export function pageOf(host: Host, stream: 'stdout' | 'stderr'): Page {
  const coloured = wantsColour(host, stream)
  return {
    width: widthOf(host, stream),
    cwd: host.cwd,
    ink: (ink: Ink, text: string): string =>
      coloured && text !== '' ? styler()(ink, text, { validateStream: false }) : text,
  }
}

/** https://no-color.org and https://force-color.org; a set but empty NO_COLOR does not count, FORCE_COLOR=0 is no. */
function wantsColour(host: Host, stream: 'stdout' | 'stderr'): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = host.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return host[stream].isTTY === true && TERM !== 'dumb'
}

function widthOf(host: Host, stream: 'stdout' | 'stderr'): number {
  const asked = Number(host.env.COLUMNS)
  if (Number.isInteger(asked) && asked > 0) return Math.max(40, asked)
  const { isTTY, columns } = host[stream]
  // A terminal whose size nobody has set says 0.
  return isTTY === true ? Math.max(40, columns || 80) : Number.POSITIVE_INFINITY
}

/** Loaded where colours are shown only: without them `--help` starts some milliseconds sooner. */
function styler(): typeof styleText {
  return process.getBuiltinModule('node:util').styleText
}
