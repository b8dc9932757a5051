/**
 * What qemu is started with: a plain PC with disks, a serial console, the agent's port and the checkout as a read-only
 * share. There is no network card: nothing that runs inside can reach anything.
 */
import { cpus } from 'node:os'
import type { Image } from '../image/image.ts'
import type { Accelerator } from './accelerator.ts'

/** A second disk whose every write is logged, in the order in which the machine made them. */
export interface RecordedDisk {
  /** Raw, of the size it shall have. */
  readonly file: string
  readonly log: string
}

export interface Hardware {
  readonly image: Image
  readonly accelerator: Accelerator
  /** The root disk, qcow2. */
  readonly disk: string
  /** What the battery clock says when the power comes on, such as `2031-05-01T00:00:00`; null: the real time. */
  readonly clock: string | null
  readonly memoryMiB: number
  readonly recorded: RecordedDisk | null
  /** Folders that the machine may read, by the tag under which it mounts them. */
  readonly shares: Readonly<Record<string, string>>
  readonly agentSocket: string
  /** A file for what the console says, or `terminal` for this terminal. */
  readonly console: { readonly file: string } | 'terminal'
}

export function qemuArguments(hardware: Hardware): readonly string[] {
  const { image, accelerator, disk, recorded } = hardware
  const isKvm = accelerator.kind === 'kvm'
  const appended = [
    'root=/dev/vda',
    'ro',
    'console=ttyS0',
    'cryptomgr.notests',
    ...(isKvm ? [] : ['mitigations=off']),
  ]
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-nic', 'none'],
    ...['-machine', `q35,accel=${accelerator.kind}`, '-cpu', isKvm ? 'host' : 'max,-svm'],
    ...['-smp', String(Math.min(2, cpus().length)), '-m', String(hardware.memoryMiB)],
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', appended.join(' ')],
    ...['-rtc', `base=${hardware.clock ?? 'utc'}`],
    ...['-blockdev', `driver=qcow2,node-name=root,file.driver=file,file.filename=${escaped(disk)}`],
    ...['-device', 'virtio-blk-pci,drive=root'],
    ...(recorded === null ? [] : recordedDisk(recorded)),
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=agent,path=${escaped(hardware.agentSocket)},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...Object.entries(hardware.shares).flatMap(([tag, path]) => [
      '-virtfs',
      `local,path=${escaped(path)},mount_tag=${tag},security_model=none,readonly=on,multidevs=remap`,
    ]),
    '-serial',
    hardware.console === 'terminal' ? 'mon:stdio' : `file:${hardware.console.file}`,
  ]
}

function recordedDisk({ file, log }: RecordedDisk): readonly string[] {
  return [
    ...['-blockdev', `driver=file,node-name=recorded-file,filename=${escaped(file)}`],
    ...['-blockdev', `driver=file,node-name=recorded-log,filename=${escaped(log)}`],
    ...['-blockdev', 'driver=blklogwrites,node-name=recorded,file=recorded-file,log=recorded-log'],
    ...['-device', 'virtio-blk-pci,drive=recorded,serial=recorded'],
  ]
}

/** In qemu's options a comma ends a value; two stand for one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,')
}
