/** `thingwall doctor` on a real kernel: it takes every probe, nothing is left behind, and what somebody did shows. */
import { execFileSync, spawnSync } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { cli } from './program.ts'

const nft = (...args: readonly string[]): string => execFileSync('nft', args, { encoding: 'utf8' })
afterEach(() => {
  nft('flush', 'ruleset')
})

interface Found {
  readonly check: string
  readonly severity: string
  readonly message: string
  readonly mend: string | null
}

function doctor(): readonly Found[] {
  const args = [...cli.slice(1), 'doctor', '--json', '--state', '/run/thingwall-doctor']
  return (JSON.parse(spawnSync(cli[0], args, { encoding: 'utf8' }).stdout) as { findings: Found[] }).findings
}

test('this kernel takes all that rule sets need, and asking changes nothing', () => {
  const wrong = doctor().filter(
    ({ check, severity }) => check === 'kernel' && !['fine', 'note'].includes(severity),
  )
  expect(wrong).toEqual([])
  expect(nft('list', 'ruleset')).toBe('')
})

test('a probe is never a mistake of ours', () => {
  const said = doctor().filter(({ check }) => check === 'kernel')
  expect(said.length).toBeGreaterThan(0)
  expect(said.filter(({ message }) => /syntax error/.test(message))).toEqual([])
})

test('others that drop, translate and mark are told', () => {
  nft('add table ip other; add chain ip other f { type filter hook forward priority 0; policy drop; }')
  nft(
    'add chain ip other n { type nat hook prerouting priority -100; }; add rule ip other n tcp dport 80 dnat to 10.0.0.2',
  )
  nft('add rule ip other f ct mark set 0x1')
  const told = doctor().filter(({ mend }) => mend === 'nft list table ip other')
  expect(told.map(({ check }) => check).sort()).toEqual(['firewalls', 'firewalls', 'marks'])
})
