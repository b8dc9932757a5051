/**
 * Whether this computer can run the test machine, and how: by hardware virtualisation, or with the processor emulated,
 * which is the same kernel and the same userland, several times slower. It starts nothing.
 */
import { accessSync, constants, readFileSync } from 'node:fs'

export interface Accelerator {
  readonly kind: 'kvm' | 'tcg'
  /** Why it is emulated; null where it is not. */
  readonly because: string | null
}

/** Returns how, or why not at all. `THINGWALL_MACHINE_ACCELERATOR=kvm|tcg` decides it by hand. */
export function findAccelerator(): Accelerator | { readonly missing: string } {
  if (process.platform !== 'linux')
    return { missing: `the test machine needs Linux, this is ${process.platform}` }
  if (process.arch !== 'x64') return { missing: `the image is for amd64, this is ${process.arch}` }
  const asked = process.env['THINGWALL_MACHINE_ACCELERATOR']
  if (asked === 'kvm') return { kind: 'kvm', because: null }
  const because = asked === 'tcg' ? 'it was asked for' : whyNoKvm()
  return { kind: because === null ? 'kvm' : 'tcg', because }
}

function whyNoKvm(): string | null {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return '/dev/kvm is not there or not ours to open'
  }
  // There are /dev/kvm without hardware behind them: those interpret every instruction of an ordinary guest kernel.
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
  if (!flags.includes('vmx') && !flags.includes('svm')) {
    return '/dev/kvm is there, but the processor offers no hardware virtualisation'
  }
  return null
}
