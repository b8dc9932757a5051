/**
 * A power cut after every single write that two applies make to the disk: whatever the disk holds then, the record in it
 * is whole, is the old one or the new one, and is the new one once apply has said so.
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
    { mac: `24:6f:28:aa:00:0${index}`, ip: [`10.20.0.1${index}`] },
  ])
  return `import { device, network, policy } from 'thingwall'
const devices = ${JSON.stringify(Object.fromEntries(devices))}
export default policy('cut', {
  owner: 'geo@volcano.example',
  networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'], isolation: 'access-point' }) },
  devices: Object.fromEntries(Object.entries(devices).map(([name, given]) => [name, device(given)])),
})
`
}

test('after any of its writes the disk holds the old record or the new one, whole', async () => {
  await machine.sh(`ip link add wlan0 type dummy; ip addr add 10.20.0.1/24 dev wlan0; ip link set wlan0 up
    disk=/dev/disk/by-id/virtio-recorded
    mkfs.ext4 -q -E nodiscard "$disk"; mkdir -p /mnt/state /mnt/look; mount "$disk" /mnt/state; mkdir ${state}
    mkdir -p /root/site/node_modules; ln -s ${checkout}/packages/cli /root/site/node_modules/thingwall; sync`)
  const apply = async (text: string): Promise<{ digest: string; writes: number }> => {
    await machine.write('/root/site/thingwall.policy.ts', text)
    const args = ['apply', '--policy', '/root/site/thingwall.policy.ts', '--state', state, '--json']
    const { digest } = JSON.parse(await machine.must(guestNode, [...guestCli, ...args]))
    // Nothing is flushed here: what apply has reported must be on the disk already.
    return { digest, writes: writesOf(recorded).length }
  }
  const [first, second] = [await apply(policies[0] ?? ''), await apply(policies[1] ?? '')]
  expect(second.writes).toBeGreaterThan(first.writes + 5)

  const writes = writesOf(recorded)
  const image = join(shared, 'state.raw')
  const played = replay(writes, image, sizeBytes)
  const found: string[] = []
  await machine.sh(
    'mkdir /mnt/shared; mount -t 9p -o trans=virtio,version=9p2000.L,cache=none shared /mnt/shared',
  )
  for (let count = first.writes; count <= second.writes; count++) {
    played.upTo(count)
    // Mounting is what a boot does: the file system plays its journal.
    found.push(
      await machine.sh(`cp /mnt/shared/state.raw /run/look.raw; mount -o loop /run/look.raw /mnt/look
        here=/mnt/look/thingwall/current; nft -c -f "$here/ruleset.nft"
        sed -n 's/^ *"digest": "\\([0-9a-f]\\{32\\}\\)",\\{0,1\\}$/\\1/p' "$here/record.json"
        test "$(head -c 1 "$here/observation.json")" = '{'; umount /mnt/look`),
    )
  }
  played.close()
  const seen = found.map((one) => one.trim())
  expect(seen.length).toBe(second.writes - first.writes + 1)
  expect(seen[0]).toBe(first.digest)
  expect(seen.at(-1)).toBe(second.digest)
  // Once it is the new one it stays the new one.
  const turn = seen.indexOf(second.digest)
  expect(seen).toEqual(seen.map((_, index) => (index < turn ? first.digest : second.digest)))
  console.info(`${seen.length} states of the disk; the new record from write ${turn + 1} on`)
})
