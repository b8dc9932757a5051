/**
 * A machine with the Debian package on it, for stories in several tests: each test goes on from what the one before has
 * left, because each start of a machine takes its time. The packages are made of the checkout, uncompressed, because
 * unpacking them is most of what an emulated processor does at an installation.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { build, packages } from '../../scripts/build.ts'
import { makeDeb } from '../../scripts/deb.ts'
import { bootMachine, newDisk, type TestMachine } from './qemu/machine.ts'

/** Something happens on an emulated processor, some time. */
export const patience = { timeout: 900_000, interval: 3000 }

export interface Status {
  readonly inForce: boolean
  readonly isTimeless: boolean
  readonly sequence: number | null
  readonly digest: string | null
  readonly integrity: { readonly kind: string }
  readonly trial: { readonly leftMs: number } | null
}

export interface Installed {
  /** As it runs now; another one after `start`. */
  readonly machine: () => TestMachine
  /** Boots once more from what is on the disk. */
  readonly start: (clock?: string) => Promise<void>
  /** `/mnt/shared/VERSION.deb` is each of the packages. */
  readonly dpkg: (...args: readonly string[]) => Promise<string>
  readonly mountShared: () => Promise<void>
  /** What `thingwall … --json` says, whatever its exit code is. */
  readonly told: <T>(...args: readonly string[]) => Promise<T>
  readonly status: () => Promise<Status>
  /** What units said since this start, in the order in which they said it. */
  readonly journal: (...units: readonly string[]) => Promise<readonly string[]>
}

/** Registers what comes before and after the tests of this file. Installs nothing. */
export function machineWithPackages(versions: readonly string[]): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
  const shared = join(folder, 'shared')
  let disk: string
  let machine: TestMachine
  const start = async (clock?: string): Promise<void> => {
    machine = await bootMachine({ disk, shares: { shared }, ...(clock === undefined ? {} : { clock }) })
  }
  beforeAll(async () => {
    expect((await build()).output).toBe('')
    mkdirSync(shared)
    for (const version of versions) {
      const deb = makeDeb({ packages, out: folder, version, compression: 'none' })
      renameSync(deb, join(shared, `${version}.deb`))
    }
    disk = await newDisk(join(folder, 'disk'))
    await start()
  })
  afterAll(async () => {
    await machine?.powerCut()
    rmSync(folder, { recursive: true, force: true })
  })
  // Who goes on where the story broke off learns nothing, slowly.
  let isBroken = false
  beforeEach(({ skip, onTestFailed }) => {
    skip(isBroken, 'a test before it has failed')
    onTestFailed(() => {
      isBroken = true
    })
  })
  const mountShared = async (): Promise<void> => {
    const mount = 'mount -t 9p -o trans=virtio,version=9p2000.L shared /mnt/shared'
    await machine.sh(`mkdir -p /mnt/shared; mountpoint -q /mnt/shared || ${mount}`)
  }
  const told = async <T>(...args: readonly string[]): Promise<T> => {
    const { stdout, stderr } = await machine.run('thingwall', [...args, '--json'])
    if (stdout === '') throw new Error(`thingwall ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout)
  }
  return {
    machine: () => machine,
    start,
    mountShared,
    dpkg: async (...args) => {
      await mountShared()
      return machine.must('dpkg', args, { withinMs: 10 * 60_000 })
    },
    told,
    status: async () => {
      const { inForce, isTimeless, sequence, digest, integrity, trial } = await told<Status>('status')
      return { inForce, isTimeless, sequence, digest, integrity, trial }
    },
    journal: async (...units) => {
      const args = ['-b', '-o', 'cat', ...units.flatMap((unit) => ['-u', unit])]
      return (await machine.must('journalctl', args)).trim().split('\n')
    },
  }
}

/** A unit. Stands for whatever brings up the network: it may start as soon as anybody may. */
export const network: string = `[Unit]
DefaultDependencies=no
After=network-pre.target
Before=network.target
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'nft list ruleset > /run/before-network; ip link add wlan0 type dummy; ip addr add 10.20.0.1/24 dev wlan0; ip link set wlan0 up; ip link add wan0 type dummy; ip link set wan0 up'
[Install]
WantedBy=sysinit.target
`
/**
 * A policy with what ends and what does not, as data: TypeScript takes an emulated processor half a minute each time, and
 * what `init` writes is tried already.
 */
export function siteOf(name: string, reportsTo: string): string {
  const rules = {
    readings: rule('allow', reportsTo, 'https', { why: 'it reports its readings there' }),
    visit: rule('allow', '192.0.2.2', 'https', { why: 'the vendor looks until then', expires: '2039-01-01' }),
    noise: rule('deny', '192.0.2.3', 'any', { why: 'seen to flood that host', expires: '2038-01-01' }),
  }
  return JSON.stringify({
    policy: name,
    owner: 'geo@volcano.example',
    drift: 'restore',
    networks: {
      things: { role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], isolation: 'access-point' },
      uplink: { role: 'uplink', interface: 'wan0', masquerade: true },
    },
    devices: { 'vent-01': { mac: '24:6f:28:aa:00:01', ip: '10.20.0.11', rules } },
  })
}

function rule(effect: 'allow' | 'deny', to: string, service: string, more: object): object {
  return { [effect]: 'out', to, service, ...more }
}
