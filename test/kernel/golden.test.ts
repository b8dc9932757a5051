/**
 * Every golden text of the nftables compiler loads into this kernel, and what the kernel gives back loads again as the
 * same: nothing in it is silently changed, and a dump is a sound backup. What it does to packets is the property
 * test's; see property.test.ts.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../packages/policy/src/compile/nftables/golden')
const names = readdirSync(folder).map((file) => file.replace(/\.txt$/, ''))

function nft(args: readonly string[], input = ''): string {
  return execFileSync('nft', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Without what passes: how long elements have left. */
function dump(): string {
  return nft(['-s', 'list', 'ruleset'])
    .replace(/ expires \w+/g, '')
    .replace(/ timeout \w+/g, ' timeout T')
}

afterEach(() => {
  nft(['flush', 'ruleset'])
})

describe.each(names)('%s', (name) => {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8').split('-- output --\n')[1] ?? ''

  test('is read without a word', () => {
    expect(text.length).toBeGreaterThan(1000)
    expect(nft(['-c', '-f', '-'], text)).toBe('')
  })

  // nft looks names of protocols up in /etc/protocols, which a small machine need not have.
  test('is read where no names of protocols are known', () => {
    const script = 'mount --bind /dev/null /etc/protocols; exec nft -c -f -'
    const args = ['--mount', '--propagation', 'private', 'sh', '-euc', script]
    execFileSync('unshare', args, { input: text, stdio: ['pipe', 'pipe', 'pipe'] })
  })

  test('loads, and over itself', () => {
    nft(['-f', '-'], text)
    const once = dump()
    nft(['-f', '-'], text)
    expect(dump()).toBe(once)
    expect(once).toMatch(/comment "thingwall [0-9a-f]{32}"/)
  })

  test('comes back as it went in', () => {
    nft(['-f', '-'], text)
    const before = nft(['list', 'ruleset'])
    const first = dump()
    nft(['flush', 'ruleset'])
    nft(['-f', '-'], before)
    expect(dump()).toBe(first)
  })
})

test('there are cases', () => {
  expect(names.length).toBeGreaterThanOrEqual(13)
})
