/** `--version`: the version of this package, and of the Node that runs it. */
import { readFileSync } from 'node:fs'
import { exits } from './exit.ts'
import type { Report } from './report.ts'

export function versionReport(): Report {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const { version } = manifest as { readonly version: string }
  return {
    exit: exits.fine,
    json: { name: 'thingwall', version, node: process.versions.node },
    text: () => `thingwall ${version} (Node ${process.versions.node})\n`,
    next: [],
  }
}
