/**
 * A power cut after every single write that an apply and its confirmation make to the disk: whatever the disk holds then,
 * the boot unit's script puts the old policy in force or the new one, whole, and the new one once confirm has said so.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootMachine, checkout, guestCli, guestNode, newDisk, type TestMachine } from './qemu/machine.ts'
import { newRecordedDisk, replay, writesOf } from './qemu/recorded-disk.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
const shared = join(folder, 'shared')
const sizeBytes = 24 * 2 ** 20
const state = '/mnt/state/thingwall'
const policies = [2, 3].map((count) => policyWith(count))

let machine: TestMachine
const recorded = newRecordedDisk(folder, sizeBytes)
beforeAll(async () => {
  mkdirSync(shared)
  machine = await bootMachine({ disk: await newDisk(join(folder, 'disk')), recorded, shares: { shared } })
})
afterAll(async () => {
  await machine?.powerCut()
  rmSync(folder, { recursive: true, force: true })
})

/** A site with so many devices. */
function policyWith(count: number): string {
  const devices = Array.from({ length: count }, (_, index) => [
    `vent-0${index}`,
    { mac: `24:6f:28:aa:00:0${index}`, ip: `10.20.0.1${index}` },
  ])
  return JSON.stringify({
    policy: 'cut',
    owner: 'geo@volcano.example',
    networks: {
      things: { role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], isolation: 'access-point' },
    },
    devices: Object.fromEntries(devices),
  })
}

/** What a start does with the disk as it is then, in a network of its own; says what is in force, and that all is whole. */
const lookAtIt = `cp /mnt/shared/state.raw /run/look.raw; mount -o loop /run/look.raw /mnt/look
  # Mounting is what a boot does: the file system plays its journal.
  state=/mnt/look/thingwall
  unshare --net sh -euc '${checkout}/packaging/boot "$1" >&2; nft list table inet thingwall' sh "$state" >/run/said
  sed -En 's/^\\tcomment "thingwall ([0-9a-f]{32})"$/\\1/p' /run/said
  sed -En 's/^ *"digest": "([0-9a-f]{32})",?$/\\1/p' "$state/confirmed/record.json"
  gunzip -t "$state/confirmed/policy.json.gz"
  umount /mnt/look`

test('after any of its writes a start brings back the old policy or the new one, whole', async () => {
  await machine.sh(`ip link add wlan0 type dummy; ip addr add 10.20.0.1/24 dev wlan0; ip link set wlan0 up
    disk=/dev/disk/by-id/virtio-recorded
    mkfs.ext4 -q -E nodiscard "$disk"; mkdir -p /mnt/state /mnt/look; mount "$disk" /mnt/state; mkdir ${state}; sync`)
  const thingwall = async (...args: readonly string[]): Promise<{ readonly digest: string }> =>
    JSON.parse(await machine.must(guestNode, [...guestCli, ...args, '--state', state, '--json']))
  const apply = async (policy: string, ...args: readonly string[]): Promise<string> => {
    await machine.write('/root/site.policy.json', policy)
    return (await thingwall('apply', '--policy', '/root/site.policy.json', ...args)).digest
  }
  // Nothing is flushed here: what was reported must be on the disk already.
  const old = await apply(policies[0] ?? '', '--no-confirm')
  const before = writesOf(recorded).length
  const next = await apply(policies[1] ?? '', '--confirm-within', '1h')
  const tried = writesOf(recorded).length
  await thingwall('confirm')
  const writes = writesOf(recorded)
  expect(tried).toBeGreaterThan(before + 5)
  expect(writes.length).toBeGreaterThan(tried)

  const image = join(shared, 'state.raw')
  const played = replay(writes, image, sizeBytes)
  const found: string[] = []
  await machine.sh(
    'mkdir /mnt/shared; mount -t 9p -o trans=virtio,version=9p2000.L,cache=none shared /mnt/shared',
  )
  for (let count = before; count <= writes.length; count++) {
    played.upTo(count)
    const [inForce, recordedAs, ...more] = (await machine.sh(lookAtIt)).trim().split('\n')
    expect([recordedAs, more]).toEqual([inForce, []])
    found.push(inForce ?? '')
  }
  played.close()
  // What is on trial does not come back; once it is confirmed it does, and goes on to.
  const turn = found.indexOf(next)
  expect(turn).toBeGreaterThan(tried - before)
  expect(found).toEqual(found.map((_, index) => (index < turn ? old : next)))
  console.info(`${found.length} states of the disk; the new policy comes back from write ${turn + 1} on`)
})
