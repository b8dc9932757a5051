/**
 * The clock of a whole machine, put forward and back under a policy with rules that end, real hosts around it. A network
 * namespace has no clock of its own, so this cannot be tried elsewhere. What a machine does that starts in 1970 is told in
 * `deb.test.ts`, as are trials.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootMachine, checkout, guestCli, guestNode, newDisk, type TestMachine } from './qemu/machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'thingwall-machine-'))
let machine: TestMachine
beforeAll(async () => {
  machine = await bootMachine({ disk: await newDisk(join(folder, 'disk')) })
})
afterAll(async () => {
  await machine?.powerCut()
  rmSync(folder, { recursive: true, force: true })
})

const clockSteps = `${checkout}/test/machine/inside/clock-steps.ts`

test('a jump of the clock ends rules that end, and the flows they let in', async () => {
  // Its settings are there once it is loaded, and it is loaded with the first rule that needs it.
  await machine.must('modprobe', ['nf_conntrack'])
  const wrapped = `mount -t tmpfs run /run; mkdir /run/netns; ip link set lo up; exec "$@"`
  const args = ['--net', '--mount', '--propagation', 'private', 'sh', '-euc', wrapped, 'sh', guestNode]
  const said = await machine.must('unshare', [...args, ...guestCli.slice(0, 2), clockSteps], {
    withinMs: 10 * 60_000,
  })
  console.info(said)
  // The deny goes on past its date, because forgetting must never open; it does not say that it lifts.
  const noise = 'deny vent-01/noise'
  const lasting = 'goes on'
  expect(JSON.parse(said)).toEqual({
    before: { visit: 'allow vent-01/visit', noise, visiting: 'goes on', lasting },
    // Two hours ahead: the allow has ended, for new flows and for those that it let in.
    ahead: { visit: 'deny default/deny', noise, visiting: 'is cut', lasting },
    // A day back: it has not ended yet, as far as anybody can tell, and TCP sends again what was dropped.
    back: { visit: 'allow vent-01/visit', noise, visiting: 'goes on', lasting },
  })
})
