/** Who runs these tests, and how to run something as an ordinary user instead. */
import { spawnSync } from 'node:child_process'

export const isRoot: boolean = process.getuid?.() === 0
export const ORDINARY = 12_345

/** Starts a program as an ordinary user. */
export const asOrdinary: readonly string[] = isRoot
  ? ['/usr/bin/setpriv', `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups', '--']
  : []

const [program = '', ...args] = [...asOrdinary, 'unshare', '--user', '--net', 'true']
export const hasUserNamespaces: boolean = spawnSync(program, args).status === 0
