/** The program as it runs from the sources, for tests that start it on hosts of a site. */
import { join } from 'node:path'

/** The root of the checkout. */
export const root = join(import.meta.dirname, '../..')

/** What runs one of our sources. */
export const node = [
  process.execPath,
  '--conditions=thingwall-source',
  '--disable-warning=ExperimentalWarning',
] as const

/** `thingwall`. */
export const cli = [...node, join(root, 'packages/cli/src/main.ts')] as const
