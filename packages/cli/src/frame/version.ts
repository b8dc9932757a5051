/** `--version`: the version of this package, and of the Node that runs it. */
import { readFileSync } from 'node:fs'
import { exits } from './exit.ts'
import type { Report } from './report.ts'

/** The version of this package. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (manifest as { readonly version: string }).version
}

export function versionReport(): Report {
  const version = readVersion()
  return {
    exit: exits.fine,
    json: { name: 'thingwall', version, node: process.versions.node },
    text: () => `thingwall ${version} (Node ${process.versions.node})\n`,
    next: [],
  }
}
