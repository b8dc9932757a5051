/** Which walls a machine is asked for, and in which order. That they hold is tested in `test/cli/wall.test.ts`. */
import { describe, expect, test } from 'vitest'
import { type Machine, wallsOn } from './wall.ts'

const limits = { processorSeconds: 65, dataBytes: 2048, fileBytes: 0 }
const whole = '         0          0 4294967295\n'
const debian: Machine = {
  platform: 'linux',
  uid: 0,
  userMap: whole,
  find: (program) => `/usr/bin/${program}`,
  chance: () => 0,
}
const bare = { network: 'fenced', user: 'caller', limits: false }

function builtOn(machine: Partial<Machine>) {
  return wallsOn({ ...debian, ...machine }, limits).map(({ built, becomeId }) => ({ ...built, becomeId }))
}

describe('root', () => {
  test('first without network and as a user of its own, then without the namespace, then by Node alone', () => {
    expect(builtOn({})).toEqual([
      { network: 'none', user: 'own', limits: true, becomeId: 61_184 },
      { network: 'fenced', user: 'own', limits: true, becomeId: 61_184 },
      { network: 'fenced', user: 'own', limits: false, becomeId: 61_184 },
    ])
  })
  test('is never left who it is, whatever is missing', () => {
    for (const missing of [[], ['unshare'], ['setpriv'], ['prlimit'], ['unshare', 'setpriv', 'prlimit']]) {
      for (const platform of ['linux', 'darwin', 'freebsd']) {
        const find = (program: string) => (missing.includes(program) ? null : `/bin/${program}`)
        const walls = builtOn({ platform, find, userMap: platform === 'linux' ? whole : '' })
        expect(walls.length).toBeGreaterThan(0)
        for (const { user, becomeId } of walls) expect([user, becomeId]).toEqual(['own', 61_184])
      }
    }
  })
  test('gets a user that systemd keeps free, a different one each time', () => {
    const [last] = builtOn({ chance: (below) => below - 1 })
    expect(last?.becomeId).toBe(65_519)
  })
  test('keeps three capabilities until it is another user, gains none, and may start one process: itself', () => {
    const [wall] = wallsOn(debian, limits)
    expect(wall?.wrap.join(' ')).toBe(
      '/usr/bin/unshare --net --ipc -- /usr/bin/prlimit --core=0 --cpu=65 --data=2048 --nofile=64 --fsize=0 --nproc=1 -- ' +
        '/usr/bin/setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+setuid,+setgid,+dac_read_search --',
    )
  })
  test('in a container with users of its own has no such number: there the kernel holds it to it too', () => {
    const [wall] = wallsOn({ ...debian, userMap: '0 100000 65536\n' }, limits)
    expect(wall?.becomeId).toBe(61_184)
    expect(wall?.wrap.join(' ')).not.toContain('--nproc')
  })
  test('of a namespace without other users is a caller like any', () => {
    expect(builtOn({ userMap: '0 1000 1\n' })).toEqual([
      { network: 'none', user: 'none', limits: true, becomeId: null },
      { network: 'fenced', user: 'caller', limits: true, becomeId: null },
      { ...bare, becomeId: null },
    ])
  })
})

describe('an ordinary user', () => {
  test('gets namespaces without rights, else what needs none', () => {
    expect(builtOn({ uid: 1000 })).toEqual([
      { network: 'none', user: 'none', limits: true, becomeId: null },
      { network: 'fenced', user: 'caller', limits: true, becomeId: null },
      { ...bare, becomeId: null },
    ])
  })
  test('elsewhere than on Linux has Node alone', () => {
    expect(builtOn({ uid: 501, platform: 'darwin', userMap: '' })).toEqual([{ ...bare, becomeId: null }])
    expect(builtOn({ uid: -1, platform: 'win32', userMap: '' })).toEqual([{ ...bare, becomeId: null }])
  })
  test('may fill its cache in a checkout', () => {
    const walls = wallsOn({ ...debian, uid: 1000 }, { ...limits, fileBytes: null })
    expect(walls.map(({ wrap }) => wrap.join(' ')).join()).not.toContain('--fsize')
  })
})
