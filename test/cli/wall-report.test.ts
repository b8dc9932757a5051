/**
 * Which wall stood around a policy's code is reported as it was, weaker ones with their reason; root's rights are never
 * left. As root, as an ordinary user, and without user namespaces.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Failure } from '../../packages/cli/src/frame/failure.ts'
import { loadPolicy } from '../../packages/cli/src/load/load.ts'
import { thisMachine } from '../../packages/cli/src/load/machine.ts'
import { asOrdinary, hasUserNamespaces, isRoot } from './ordinary.ts'
import { siteOf, volcano } from './program.ts'

const machine = thisMachine()
const folder = mkdtempSync(join(tmpdir(), 'thingwall-wall-'))
const site = siteOf({ 'thingwall.policy.ts': volcano })
chmodSync(folder, 0o755)
chmodSync(site.folder, 0o755)
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  site.remove()
})

describe('what is reported', () => {
  const load = (options: { uid?: number; find?: (program: string) => string | null }) =>
    loadPolicy('thingwall.policy.ts', {
      cwd: site.folder,
      nowMs: Date.parse('2026-11-22'),
      machine: { ...machine, ...options },
    })
  const without = (missing: string) => (program: string) =>
    program === missing ? null : machine.find(program)
  test('is the wall that stood', async () => {
    const { wall, document } = await load({})
    expect(wall).toEqual({ network: 'none', user: isRoot ? 'own' : 'none', limits: true, lacks: null })
    expect(document?.name).toBe('mauna-loa')
  })
  test.runIf(isRoot)('where programs are missing, a weaker one, and root is left all the same', async () => {
    expect((await load({ find: without('unshare') })).wall).toMatchObject({
      network: 'fenced',
      user: 'own',
      limits: true,
    })
    expect((await load({ find: without('prlimit') })).wall).toMatchObject({
      network: 'none',
      user: 'own',
      limits: false,
    })
    expect((await load({ find: () => null })).wall).toMatchObject({
      network: 'fenced',
      user: 'own',
      limits: false,
    })
  })
  test('where a program fails, what it said', async () => {
    const broken = join(folder, 'unshare')
    writeFileSync(
      broken,
      '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n',
      { mode: 0o755 },
    )
    const { wall, document } = await load({
      find: (program) => (program === 'unshare' ? broken : machine.find(program)),
    })
    expect(wall).toMatchObject({
      network: 'fenced',
      lacks: 'unshare: unshare failed: Operation not permitted',
    })
    expect(document?.name).toBe('mauna-loa')
  })
  test.runIf(isRoot)('root that cannot become another user evaluates nothing', async () => {
    // Says that it is nobody special and finds no program: the child is left with root's capabilities.
    const loading = load({ uid: 1000, find: () => null })
    await expect(loading).rejects.toThrow(/^no policy can be evaluated here: it kept capabilities: Cap/)
    await expect(loading).rejects.toBeInstanceOf(Failure)
    await expect(loading).rejects.toMatchObject({ exit: 2 })
  })
})

describe('the program', () => {
  const launcher = join(import.meta.dirname, '../../packages/cli/bin/thingwall')
  function run(before: readonly string[], args: readonly string[], cwd = site.folder) {
    const [program = '', ...rest] = [...before, launcher, ...args]
    const ran = spawnSync(program, rest, {
      cwd,
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', NODE_DISABLE_COMPILE_CACHE: '1' },
    })
    return { ...ran, wall: ran.stdout.startsWith('{') ? JSON.parse(ran.stdout).wall : null }
  }
  test.runIf(hasUserNamespaces)('an ordinary user', () => {
    const { wall, stderr, status } = run(asOrdinary, ['check', '--json'])
    expect({ wall, stderr, status }).toEqual({
      wall: { network: 'none', user: 'none', limits: true, lacks: null },
      stderr: '',
      status: 0,
    })
  })
  test.runIf(hasUserNamespaces)('root of a user namespace, as in the demo', () => {
    const { wall, status } = run([...asOrdinary, 'unshare', '--user', '--map-root-user'], ['check', '--json'])
    expect({ wall, status }).toEqual({
      wall: { network: 'none', user: 'none', limits: true, lacks: null },
      status: 0,
    })
  })
  test.runIf(hasUserNamespaces)(
    'where there are no user namespaces it works, and says what is missing',
    () => {
      const forbid =
        'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"'
      const before = [...asOrdinary, 'unshare', '--user', '--map-root-user', 'sh', '-c', forbid, 'sh']
      const { wall, status } = run(before, ['check', '--json'])
      expect(status).toBe(0)
      expect(wall).toEqual({
        network: 'fenced',
        user: 'caller',
        limits: true,
        lacks: expect.stringContaining('unshare failed'),
      })
      const { stderr, stdout } = run(before, ['check'])
      expect(stderr).toMatch(
        /^note: the policy's code ran behind Node's permission model, but without a network namespace of its own, a user of its own \(unshare: unshare failed: .*\)$/m,
      )
      expect(stdout).toMatch(/^ok /)
    },
  )
  test.runIf(isRoot)('root reads a policy that only root may read, with its imports', () => {
    const closed = join(folder, 'closed')
    execFileSync('install', ['-d', '-m', '0700', closed])
    const write = (name: string, text: string) => writeFileSync(join(closed, name), text, { mode: 0o600 })
    write('hosts.ts', "export const api = 'api.volcano.example'\n")
    write('devices.json', '{ "vent-02": "10.20.0.12" }\n')
    write(
      'thingwall.policy.ts',
      volcano
        .replace(
          "from 'thingwall'\n",
          "from 'thingwall'\nimport { api } from './hosts.ts'\nimport ips from './devices.json' with { type: 'json' }\n",
        )
        .replace("to: 'api.volcano.example'", 'to: api')
        .replace("'10.20.0.12'", "ips['vent-02']"),
    )
    const { wall, stderr, status } = run([], ['check', '--json'], closed)
    expect({ wall, stderr, status }).toEqual({
      wall: { network: 'none', user: 'own', limits: true, lacks: null },
      stderr: '',
      status: 0,
    })
  })
})
