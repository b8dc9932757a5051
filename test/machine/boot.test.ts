/**
 * A policy on a whole machine, over a power cut, a reboot and a wrong battery clock. It holds to what is so today: the
 * kernel's tables go with the power, what was applied is still on the disk, and nothing brings it back by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootMachine, checkout, guestCli, guestNode, newDisk, type TestMachine } from './qemu/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
const policy = `${checkout}/examples/volcano/thingwall.policy.ts`
const interfaces = `
  ip link add wlan0 type dummy; ip addr add 10.20.0.1/24 dev wlan0; ip addr add fd20::1/64 dev wlan0 nodad
  ip link add lan0 type dummy; ip addr add 10.30.0.1/24 dev lan0; ip addr add fd30::1/64 dev lan0 nodad
  ip link add wan0 type dummy; ip addr add 203.0.113.2/24 dev wan0
  for name in wlan0 lan0 wan0; do ip link set $name up; done`

let disk: string
let machine: TestMachine
beforeAll(async () => {
  disk = await newDisk(join(folder, 'disk'))
  machine = await bootMachine({ disk })
  await machine.sh(interfaces)
})
afterAll(async () => {
  await machine?.powerCut()
  rmSync(folder, { recursive: true, force: true })
})

interface Status {
  readonly inForce: boolean
  readonly digest: string | null
  readonly integrity: { readonly kind: string }
  readonly last: { readonly digest: string } | null
  readonly file: { readonly same: boolean } | null
}

async function status(): Promise<Status> {
  const { stdout } = await machine.run(guestNode, [...guestCli, 'status', '--policy', policy, '--json'])
  return JSON.parse(stdout)
}

let digest: string

test('apply puts the policy in force, and status finds it intact', async () => {
  const applied = await machine.must(guestNode, [...guestCli, 'apply', '--policy', policy, '--json'])
  digest = JSON.parse(applied).digest
  expect(digest).toMatch(/^[0-9a-f]{32}$/)
  expect(await status()).toMatchObject({
    inForce: true,
    digest,
    integrity: { kind: 'intact' },
    file: { same: true },
  })
})

test('status sees that somebody took a rule out, and a second apply puts it back', async () => {
  await machine.must('nft', ['flush', 'chain', 'inet', 'thingwall', 'forward'])
  expect((await status()).integrity.kind).toBe('changed')
  await machine.must(guestNode, [...guestCli, 'apply', '--policy', policy])
  expect((await status()).integrity.kind).toBe('intact')
})

test('a power cut right after an apply loses the tables, never the record', async () => {
  await machine.powerCut()
  machine = await bootMachine({ disk })
  await machine.sh(interfaces)
  expect(await machine.must('nft', ['list', 'ruleset'])).toBe('')
  expect(await status()).toMatchObject({ inForce: false, digest: null, last: { digest } })
  await machine.must(guestNode, [...guestCli, 'apply', '--policy', policy])
  expect(await status()).toMatchObject({ inForce: true, digest, integrity: { kind: 'intact' } })
})

test('with a battery clock of 1970 the machine starts in the past, and apply works all the same', async () => {
  await machine.shutdown()
  machine = await bootMachine({ disk, clock: '1970-01-01T00:00:00' })
  await machine.sh(interfaces)
  // Debian's systemd does not believe a clock that is before its own making; that is all it knows.
  const now = Number(await machine.must('date', ['+%s']))
  expect(now).toBeGreaterThan(Date.UTC(2022, 0) / 1000)
  expect(now).toBeLessThan(Date.now() / 1000 - 86_400)
  expect((await status()).last?.digest).toBe(digest)
  await machine.must(guestNode, [...guestCli, 'apply', '--policy', policy])
  expect((await status()).integrity.kind).toBe('intact')
})

const clockSteps = `${checkout}/test/machine/inside/clock-steps.ts`

test('a jump of the clock moves the end of a rule for new flows, and not for those that are open', async () => {
  await machine.setClock(Date.now())
  // Its settings are there once it is loaded, and it is loaded with the first rule that needs it.
  await machine.must('modprobe', ['nf_conntrack'])
  const wrapped = `mount -t tmpfs run /run; mkdir /run/netns; ip link set lo up; exec "$@"`
  const args = ['--net', '--mount', '--propagation', 'private', 'sh', '-euc', wrapped, 'sh', guestNode]
  const said = await machine.must('unshare', [...args, ...guestCli.slice(0, 2), clockSteps], {
    withinMs: 5 * 60_000,
  })
  expect(JSON.parse(said)).toEqual({
    // The rule ends in an hour.
    before: { fresh: 'allow vent-01/visit', open: 'goes on' },
    // Two hours ahead: what is new is judged by the clock; an open flow has a timer, which the clock does not move.
    ahead: { fresh: 'deny default/deny', open: 'goes on' },
    // A day back: the rule has not ended yet, as far as anybody can tell.
    back: { fresh: 'allow vent-01/visit', open: 'goes on' },
  })
})
