/**
 * What the tests of the privileged process stand on: the program `nft` to look with, files for it to read, and one process
 * that is opened when it is asked for and ended after each test, with everything that it put into the kernel.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { openPrivileged, type Privileged, thisMachine } from '@thingwall/gateway'
import { afterEach, beforeEach, expect } from 'vitest'

/** What `nft` says; throws what it complains of. */
export function nft(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('nft', args, {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

let privileged: Privileged | undefined
let files = 0

/** A new file with this text. */
export function written(text: string): string {
  files += 1
  const file = `/run/privileged-${files}.nft`
  writeFileSync(file, text)
  return file
}

/** A new process with libnftables; or what is used instead, where that is expected. */
export async function opened(
  options: Parameters<typeof openPrivileged>[1] = {},
  kind: Privileged['backend']['kind'] = 'library',
): Promise<Privileged> {
  privileged = await openPrivileged(thisMachine, options)
  expect(privileged.backend).toMatchObject({ kind })
  return privileged
}

/** Its number. Throws where there is none. */
export function pidOf({ backend }: Privileged): number {
  const pid = backend.kind === 'library' ? backend.pid() : null
  if (pid === null) throw new Error('no privileged process')
  return pid
}

/** Ends what was opened last. */
export function closeOpened(): void {
  privileged?.close()
  privileged = undefined
}

/** An empty kernel before each test of a file, and after it. */
export function onEmptyKernel(): void {
  beforeEach(() => void nft('flush', 'ruleset'))
  afterEach(() => {
    closeOpened()
    nft('flush', 'ruleset')
  })
}
