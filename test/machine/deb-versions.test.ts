/**
 * The Debian package on Debian, up and down: the daemon as a user without rights, another version in the place of one, the
 * package removed and purged. What is in force, policies, history and events outlive all of it but the purge.
 */
import { expect, test } from 'vitest'
import { machineWithPackages, network, patience, siteOf } from './installed.ts'

const state = '/var/lib/thingwall'
const policy = '/etc/thingwall/site.policy.json'
const site = siteOf('station', '192.0.2.1')
const { machine, dpkg, told, status } = machineWithPackages(['0.0.1', '0.0.2'])

/** Asks the daemon itself. */
function api(): Promise<{ readonly status: number }> {
  return machine().run('curl', [
    '--silent',
    '--fail',
    '--unix-socket',
    '/run/thingwall-gateway/api.sock',
    'http://localhost/v1/status',
  ])
}

/** What the daemon's own events are about. */
async function topics(): Promise<readonly string[]> {
  const { events } = await told<{ readonly events: readonly { readonly topic?: string }[] }>(
    'events',
    '--since',
    '1d',
  )
  return events.flatMap(({ topic }) => topic ?? [])
}

/** How often the daemon began, by its own events. */
async function starts(): Promise<number> {
  return (await topics()).filter((topic) => topic === 'gateway-started').length
}

test('installed, and a policy in force', async () => {
  await dpkg('-i', '/mnt/shared/0.0.1.deb')
  await machine().write('/etc/systemd/system/test-network.service', network)
  await machine().write(policy, site)
  await machine().sh('systemctl daemon-reload; systemctl enable --now test-network.service')
  await machine().must('thingwall', ['apply', '--no-confirm', '--policy', policy])
  expect(await status()).toMatchObject({ inForce: true, sequence: 1, integrity: { kind: 'intact' } })
})

test('a user without rights is served by the sockets', async () => {
  await machine().must('systemctl', ['start', 'thingwall-rules.socket', 'thingwall-kernel.socket'])
  await machine().write(
    '/run/ask.mjs',
    `import { connected, openPrivileged, thisMachine } from '/usr/lib/thingwall/node_modules/@thingwall/gateway/dist/index.js'
const launch = connected({ rules: '/run/thingwall/rules', kernel: '/run/thingwall/kernel' })
const nft = await openPrivileged(thisMachine, { launch })
console.log(JSON.stringify({ backend: nft.backend.kind, rules: await nft.rules() }))
process.exit(0)
`,
  )
  const asked = await machine().must('setpriv', [
    ...['--reuid=thingwall', '--regid=thingwall', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'],
    ...['/usr/lib/thingwall/node', '/run/ask.mjs'],
  ])
  expect(JSON.parse(asked)).toEqual({ backend: 'library', rules: expect.stringContaining('thingwall') })
  // Nobody else may.
  const other = [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '/usr/lib/thingwall/node',
    '/run/ask.mjs',
  ]
  const { stdout } = await machine().run('setpriv', other)
  expect(stdout).not.toContain('"backend":"library"')
})

test('the daemon runs as a user without rights, records, and puts back what another program changed', async () => {
  await machine().must('systemctl', ['start', 'thingwall-gateway.service'])
  const pid = (
    await machine().must('systemctl', ['show', '-p', 'MainPID', '--value', 'thingwall-gateway.service'])
  ).trim()
  await expect.poll(api, patience).toMatchObject({ status: 0 })
  const process = await machine().must('cat', [`/proc/${pid}/status`])
  const uid = (await machine().must('id', ['-u', 'thingwall'])).trim()
  expect(/^Uid:\t(.*)$/m.exec(process)?.[1]).toBe([uid, uid, uid, uid].join('\t'))
  for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'])
    expect(new RegExp(`^${set}:\t(.*)$`, 'm').exec(process)?.[1], set).toBe('0000000000000000')
  expect(await machine().must('stat', ['-c', '%U %a', `${state}/gateway`])).toBe('thingwall 2750\n')
  await machine().must('nft', ['flush', 'chain', 'inet', 'thingwall', 'forward'])
  await expect
    .poll(topics, patience)
    .toEqual(expect.arrayContaining(['gateway-started', 'rules-changed', 'rules-restored']))
  expect(await status()).toMatchObject({ inForce: true, sequence: 1, integrity: { kind: 'intact' } })
  // What it cannot: write what a restart brings back.
  const tries = [
    'setpriv',
    '--reuid=thingwall',
    '--regid=thingwall',
    '--clear-groups',
    '--inh-caps=-all',
    '--bounding-set=-all',
  ]
  for (const [name, ...args] of [
    ['touch', `${state}/x`],
    ['rm', `${state}/confirmed`],
    ['touch', `${state}/confirmed/boot.nft`],
  ] as const)
    expect((await machine().run('/usr/bin/env', [...tries, name, ...args])).status, `${name} ${args}`).toBe(1)
  console.info(
    await machine().sh(
      `cat /proc/${pid}/status | grep -E '^(VmRSS|Threads)'; ls -la ${state} ${state}/gateway`,
    ),
  )
  await machine().must('systemctl', ['stop', 'thingwall-gateway.service'])
})

test('upgrade and downgrade keep what is in force and all that is remembered', async () => {
  const before = await status()
  const history = await told('history')
  // Whoever has changed a unit of theirs, or keeps events, has them afterwards too.
  await machine().sh(
    'mkdir -p /etc/systemd/system/thingwall-restore.service.d; systemctl disable thingwall-restore.service',
  )
  await machine().write('/etc/systemd/system/thingwall-restore.service.d/own.conf', '[Service]\nNice=5\n')
  await machine().must('systemctl', ['enable', '--now', 'thingwall-gateway.service'])
  await expect.poll(starts, patience).toBe(2)
  for (const version of ['0.0.2', '0.0.1']) {
    await dpkg('-i', `/mnt/shared/${version}.deb`)
    expect(await machine().must('dpkg', ['-s', 'thingwall'])).toContain(`\nVersion: ${version}\n`)
    expect(await status()).toEqual(before)
    expect(await told('history')).toEqual(history)
    expect(await machine().must('cat', [policy])).toBe(site)
    const { stdout } = await machine().run('systemctl', [
      'is-enabled',
      'thingwall-boot.service',
      'thingwall-restore.service',
    ])
    expect(stdout).toBe('enabled\ndisabled\n')
    // The daemon has begun anew, and knows what it knew.
    await expect.poll(starts, patience).toBe(version === '0.0.2' ? 3 : 4)
    expect(await topics()).toContain('rules-restored')
    await expect.poll(api, patience).toMatchObject({ status: 0 })
    expect(await machine().must('systemctl', ['is-active', 'thingwall-gateway.service'])).toBe('active\n')
  }
  await machine().sh('systemctl enable thingwall-restore.service')
})

test('removed, the wall stands until the next start; policy, state and daemon come back with the package', async () => {
  const said = await dpkg('-r', 'thingwall')
  expect(said).toContain('stays in force until the next restart')
  expect(await machine().must('nft', ['list', 'tables'])).toContain('table inet thingwall')
  await machine().must('test', ['-f', policy])
  await machine().must('test', ['-L', `${state}/confirmed`])
  await machine().reboot()
  expect(await machine().must('cat', ['/run/before-network'])).toBe('')
  expect((await machine().run('test', ['-e', '/run/thingwall-gateway/api.sock'])).status).toBe(1)
  await dpkg('-i', '/mnt/shared/0.0.2.deb')
  await machine().reboot()
  expect(await machine().must('cat', ['/run/before-network'])).toContain('table inet thingwall')
  await expect.poll(status, patience).toMatchObject({
    inForce: true,
    sequence: 1,
    isTimeless: false,
    integrity: { kind: 'intact' },
  })
  // Who had enabled the daemon has it again, with all that it remembered.
  await expect.poll(starts, patience).toBe(5)
})

test('a purge takes the record away, and leaves policies', async () => {
  await dpkg('-P', 'thingwall')
  for (const gone of [state, '/usr/lib/thingwall', '/lib/systemd/system/thingwall-boot.service'])
    expect((await machine().run('test', ['-e', gone])).status, gone).toBe(1)
  await machine().must('test', ['-f', policy])
})
