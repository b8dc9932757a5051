/**
 * A console on a fresh test machine, in this terminal: `npm run machine`. You are root, the checkout is at /checkout.
 * Ctrl-a x ends it, Ctrl-a h tells the rest. What is written to its disk is gone afterwards.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSystemTools } from '../../scripts/system-tools.mjs'
import { ensureImage } from './image/image.ts'
import { findAccelerator } from './qemu/accelerator.ts'
import { qemuArguments } from './qemu/arguments.ts'
import { newDisk } from './qemu/machine.ts'

const accelerator = findAccelerator()
const problem =
  'missing' in accelerator ? accelerator.missing : ensureSystemTools(process.env['PATH'] ?? '', 'machine')
if ('missing' in accelerator || problem !== null) {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}
const image = await ensureImage((words) => process.stderr.write(`${words}\n`))
const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
try {
  const args = qemuArguments({
    image,
    accelerator,
    disk: await newDisk(join(folder, 'disk')),
    clock: null,
    memoryMiB: 1536,
    recorded: null,
    shares: { checkout: join(import.meta.dirname, '../..') },
    agentSocket: join(folder, 'agent'),
    console: 'terminal',
  })
  process.exitCode = spawnSync('qemu-system-x86_64', args, { stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
