/**
 * Debian 12 as it ships: its kernel, its nft, what the kernel can do; and in there the kernel property test and the golden
 * rule sets, because the kernel that the other tests meet is only the one of the computer they run on.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootMachine, checkout, guestNode, newDisk, type TestMachine } from './qemu/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
let machine: TestMachine
beforeAll(async () => {
  machine = await bootMachine({ disk: await newDisk(join(folder, 'disk')) })
})
afterAll(async () => {
  await machine?.powerCut()
  rmSync(folder, { recursive: true, force: true })
})

test('it is Debian 12, with its kernel and its nft, and every unit started', async () => {
  expect(await machine.must('uname', ['-r'])).toMatch(/^6\.1\.0-\d+-amd64\n$/)
  expect(await machine.must('nft', ['--version'])).toMatch(/^nftables v1\.0\.6 /)
  expect(await machine.must('cat', ['/etc/os-release'])).toContain('VERSION_CODENAME=bookworm')
  const failed = await machine.must('systemctl', ['list-units', '--failed', '--plain', '--no-legend'])
  expect(failed).toBe('')
})

test('nothing leads out of it', async () => {
  const links = JSON.parse(await machine.must('ip', ['-json', 'link']))
  expect(links.map((link: { readonly ifname: string }) => link.ifname)).toEqual(['lo'])
})

// What a gateway may meet there and the kernel of the computer that runs the tests need not have.
test.each([
  ['dummy devices', 'ip link add probe0 type dummy; ip link del probe0'],
  [
    'VLAN devices',
    'ip link add probe0 type dummy; ip link add link probe0 name probe0.7 type vlan id 7; ip link del probe0',
  ],
  [
    'netem',
    'ip link add probe0 type dummy; tc qdisc add dev probe0 root netem delay 10ms; ip link del probe0',
  ],
  ['queues', 'echo "table ip probe { chain c { queue num 7; }; }" | nft -c -f -'],
  [
    'flow tables',
    'ip link add probe0 type dummy; echo "table ip probe { flowtable f { hook ingress priority 0; devices = { probe0 }; }; }" >/run/f.nft; nft -c -f /run/f.nft; ip link del probe0',
  ],
])('its kernel has %s', async (_, script) => {
  await machine.sh(script)
})

/** A stage of the kernel tests in there, and what it printed. */
async function kernelTests(filter: string, env: Readonly<Record<string, string>>): Promise<string> {
  // vitest writes beside its configuration; the share is read-only.
  await machine.sh(`mountpoint -q /run/over && exit; modprobe nf_conntrack; mkdir /run/over
    mount -t tmpfs over /run/over; mkdir /run/over/upper /run/over/work
    mount -t overlay over -o lowerdir=${checkout},upperdir=/run/over/upper,workdir=/run/over/work ${checkout}`)
  const flags = '--conditions=thingwall-source --disable-warning=ExperimentalWarning'
  return machine.sh(`cd ${checkout}; exec ${guestNode} ${flags} scripts/test.ts kernel ${filter} 2>&1`, {
    env: { ...env, NO_COLOR: '1' },
    withinMs: 12 * 60_000,
  })
}

test('every golden rule set loads there, and its dump loads again as the same', async () => {
  const said = await kernelTests('kernel/golden.test', {})
  const [, passed] = /\n(\d+) passed, 0 failed, 0 skipped\n$/.exec(said) ?? []
  console.info(`${passed} golden tests`)
  // Four for each rule set.
  expect(Number(passed)).toBeGreaterThanOrEqual(13 * 4)
})

test('the kernel decides every packet as evaluate does there too', async () => {
  const policies = machine.accelerator === 'kvm' ? 200 : 10
  const said = await kernelTests('kernel/property.test', { THINGWALL_PROPERTY_RUNS: String(policies) })
  const [, packets] = /(\d+) packets over \d+ policies/.exec(said) ?? []
  console.info(/^.*packets over.*$/m.exec(said)?.[0])
  expect(Number(packets)).toBeGreaterThanOrEqual(policies * 100)
  expect(said).toMatch(/\n\d+ passed, 0 failed, 0 skipped\n$/)
})
