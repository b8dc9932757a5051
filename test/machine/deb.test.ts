/**
 * The Debian package on Debian, from its installation on: nothing is enforced; a policy written, checked, applied and
 * confirmed, and it is in force before the network after each start, an orderly one, one after a power cut and one in 1970.
 * What packets meet is for the tests in namespaces to say.
 */
import { expect, test } from 'vitest'
import { machineWithPackages, network, patience, siteOf } from './installed.ts'

const state = '/var/lib/thingwall'
const policy = '/etc/thingwall/site.policy.json'
const other = '/etc/thingwall/other.policy.json'
const { machine, start, mountShared, told, status, journal } = machineWithPackages(['0.0.1'])

/** An emulated processor takes a while to come to the confirmation. */
const slowly = ['--confirm-within', '15m']

/** What was in the kernel when the first unit that may bring up an interface was started. */
function beforeNetwork(): Promise<string> {
  return machine().must('cat', ['/run/before-network'])
}

/** `adjtimex` with ADJ_STATUS, ADJ_MAXERROR and ADJ_ESTERROR: STA_PLL, and not STA_UNSYNC. */
const inStep = `my $timex = pack('Lx4 q4 l x4', 0x1c, 0, 0, 1000, 1000, 1) . "\\0" x 160;
exit(syscall(159, $timex) < 0)`

test('installed, it enforces nothing, and is ready to', async () => {
  await mountShared()
  // Debian's own way, which looks for what the package depends on.
  await machine().must('apt-get', ['install', '--yes', '/mnt/shared/0.0.1.deb'], {
    withinMs: 10 * 60_000,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  expect(await machine().must('nft', ['list', 'tables'])).toBe('')
  for (const unit of ['thingwall-boot.service', 'thingwall-restore.service'])
    expect(await machine().must('systemctl', ['is-enabled', unit])).toBe('enabled\n')
  const { stdout } = await machine().run('systemctl', ['is-enabled', 'thingwall-gateway.service'])
  expect(stdout).toBe('disabled\n')
  expect(await machine().must('stat', ['-c', '%a %U %G', state])).toBe('2750 root thingwall\n')
  expect(await machine().must('id', ['-un', 'thingwall'])).toBe('thingwall\n')
})

test('its units are understood, and give away little', async () => {
  await machine().sh(
    'systemd-analyze verify /lib/systemd/system/thingwall-*.service /lib/systemd/system/thingwall-*.socket',
  )
  const units = [
    'thingwall-boot',
    'thingwall-restore',
    'thingwall-gateway',
    'thingwall-rules@1',
    'thingwall-kernel@1',
  ]
  const exposed = await Promise.all(
    units.map(async (unit) => {
      const said = await machine().run('systemd-analyze', ['security', '--no-pager', `${unit}.service`])
      return [unit, Number(/exposure level for \S+: ([\d.]+)/.exec(said.stdout)?.[1])] as const
    }),
  )
  console.info(exposed.map(([unit, level]) => `${unit} ${level}`).join(', '))
  for (const [unit, level] of exposed) expect(level, unit).toBeLessThanOrEqual(2.4)
})

test('a first policy is written for this machine, and check takes it', async () => {
  await machine().write('/etc/systemd/system/test-network.service', network)
  await machine().sh('systemctl daemon-reload; systemctl enable --now test-network.service')
  const answers =
    '--site station --owner geo@volcano.example --uplink wan0 --things wlan0 --trusted none --admin none'
  await machine().sh(`cd /etc/thingwall; thingwall init --yes ${answers}; thingwall check`)
  expect(await machine().must('cat', ['/etc/thingwall/thingwall.policy.ts'])).toContain('wlan0')
})

test('doctor finds the machine in order, but for what nobody has set up yet', async () => {
  const { findings } = await told<{
    findings: readonly { check: string; severity: string; message: string }[]
  }>('doctor')
  const wrong = findings.filter(({ severity }) => severity !== 'fine')
  console.info(wrong.map((one) => `${one.severity} ${one.check}: ${one.message}`).join('\n'))
  expect(wrong.filter(({ severity }) => severity === 'missing')).toEqual([])
  expect(findings.find(({ check }) => check === 'kernel')?.severity).toBe('fine')
  expect(findings.filter(({ check }) => check === 'restart').map(({ severity }) => severity)).toEqual([
    'fine',
    'fine',
  ])
})

test('applied and confirmed, it is in force', async () => {
  await machine().write(policy, siteOf('station', '192.0.2.1'))
  await machine().must('thingwall', ['apply', '--policy', policy, '--why', 'the first one', ...slowly])
  await machine().must('thingwall', ['confirm'])
  expect(await status()).toMatchObject({
    inForce: true,
    sequence: 1,
    trial: null,
    integrity: { kind: 'intact' },
  })
})

test('a trial lasts as long as it was given, wherever the clock jumps', async () => {
  await machine().write(other, siteOf('other', '192.0.2.9'))
  await machine().must('thingwall', ['apply', '--policy', other, '--confirm-within', '1h'])
  for (const days of [400, -4000]) {
    await machine().setClock(Date.now() + days * 86_400_000)
    const { inForce, sequence, trial } = await status()
    expect({ inForce, sequence }, `${days} days`).toEqual({ inForce: true, sequence: 2 })
    expect(trial?.leftMs, `${days} days`).toBeGreaterThan(30 * 60_000)
    expect(trial?.leftMs, `${days} days`).toBeLessThanOrEqual(60 * 60_000)
  }
  await machine().setClock(Date.now())
})

test('after a restart what was confirmed is in force before the network, and what was on trial is not', async () => {
  await machine().reboot()
  const early = await beforeNetwork()
  expect(early).toContain('table inet thingwall')
  expect(early).not.toMatch(/meta time/)
  const said = await journal('thingwall-boot', 'test-network')
  console.info(said.join('\n'))
  const at = (words: RegExp): number => said.findIndex((line) => words.test(line))
  expect(at(/^Finished thingwall-boot/)).toBeGreaterThan(at(/^thingwall: in force again/))
  expect(at(/^Starting test-network/)).toBeGreaterThan(at(/^Finished thingwall-boot/))
  // The battery clock of this machine is right.
  await expect.poll(async () => (await status()).isTimeless, patience).toBe(false)
  expect(await status()).toMatchObject({
    inForce: true,
    sequence: 1,
    trial: null,
    integrity: { kind: 'intact' },
  })
  expect(await machine().must('cat', ['/proc/sys/net/netfilter/nf_conntrack_tcp_loose'])).toBe('0\n')
})

test('a power cut right after a confirmation loses nothing', async () => {
  await machine().must('thingwall', ['apply', '--policy', other, ...slowly])
  await machine().must('thingwall', ['confirm'])
  await machine().powerCut()
  await start('1970-01-01T00:00:00')
  const early = await beforeNetwork()
  expect(early).toContain('table inet thingwall')
  expect(early).toContain('192.0.2.9')
  expect((await status()).sequence).toBe(3)
})

test('in 1970 allows that end are off and denies are on', async () => {
  expect(await status()).toMatchObject({ inForce: true, isTimeless: true })
  const blind = await machine().must('nft', ['list', 'ruleset'])
  expect(blind).not.toMatch(/meta time/)
  expect(blind).toMatch(/192\.0\.2\.3\b/)
  expect(blind).not.toMatch(/192\.0\.2\.2\b/)
  expect(await machine().must('systemctl', ['is-active', 'thingwall-restore.service'])).toBe('active\n')
  expect((await journal('thingwall-restore')).join('\n')).toMatch(/the time is not known/)
})

test('once something keeps the clock in step the rest is put in force by itself', async () => {
  // Many gateways have no battery clock that could agree: what the kernel says of its own has to be enough.
  await machine().sh('echo 00:03 > /sys/bus/pnp/drivers/rtc_cmos/unbind; test ! -e /sys/class/rtc/rtc0')
  await machine().setClock(Date.now())
  // What a time server's program says to the kernel (adjtimex): in step, to a millisecond.
  await machine().must('perl', ['-e', inStep])
  await expect.poll(async () => (await status()).isTimeless, patience).toBe(false)
  expect(await status()).toMatchObject({ inForce: true, sequence: 3, integrity: { kind: 'intact' } })
  expectWhole(await machine().must('nft', ['list', 'ruleset']))
})

test('the daemon knows that too: what another program takes away is put back whole', async () => {
  await machine().must('systemctl', ['start', 'thingwall-gateway.service'])
  await expect.poll(async () => (await journal('thingwall-gateway')).join('\n'), patience).toMatch(/is up/)
  await machine().must('nft', ['delete', 'table', 'inet', 'thingwall'])
  await expect.poll(async () => (await status()).integrity.kind, patience).toBe('intact')
  expect(await status()).toMatchObject({ inForce: true, sequence: 3, isTimeless: false })
  expectWhole(await machine().must('nft', ['list', 'ruleset']))
})

/** With the allow that ends. */
function expectWhole(ruleset: string): void {
  expect(ruleset).toMatch(/192\.0\.2\.2\b/)
  expect(ruleset).toMatch(/meta time/)
}
