/** Hostile strings as names, reasons and arguments: refused or escaped, in no command, and never as they are on the terminal. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listOf, siteOf, volcano } from './program.ts'

const site = siteOf({ 'thingwall.policy.ts': volcano })
afterAll(site.remove)
const canary = join(site.folder, 'canary')

describe('hostile strings', () => {
  const hostile: readonly (readonly [string, string])[] = [
    ['a quote', "x'; drop"],
    ['a double quote', 'x" accept; "'],
    ['a newline', 'x\naccept'],
    ['an escape sequence', 'x\u001b[2J\u001b]0;owned\u0007'],
    ['a bidirectional override', 'x\u202egnol'],
    ['a null byte', 'x\u0000y'],
    ['10 kB', 'x'.repeat(10_240)],
    ['a prototype key', '__proto__'],
    ['a shell word', '$(touch canary)`touch canary`'],
    ['a path', '../../etc/passwd'],
    ['an option', '--json'],
  ]
  type Write = (policy: string, text: string) => string
  const key = (before: string, after: string): Write => {
    return (policy, text) => policy.replace(before, () => `[${JSON.stringify(text)}]${after}`)
  }
  const value = (before: string, after: string): Write => {
    return (policy, text) => policy.replace(before, () => after.replace('TEXT', () => JSON.stringify(text)))
  }
  const places: readonly (readonly [place: string, write: Write, path: string])[] = [
    ['a device', key("'vent-02': ", ': '), 'devices'],
    ['a rule', key('botnets: deny', ': deny'), 'rules'],
    ['a profile', value("profile('seismometer'", 'profile(TEXT'), 'profiles'],
    ['a list', value("list('known-botnets'", 'list(TEXT'), 'lists'],
    ['a network', key('station: network', ': network'), 'networks'],
    ['a host', value("to: 'api.volcano.example'", 'to: TEXT as never'), 'profiles'],
    ['an interface', value("interface: 'wan0'", 'interface: TEXT'), 'networks.uplink.interface'],
    ['an entry', key("'198.51.100.7': ", ': '), 'lists'],
  ]
  test.each(hostile)('%s as every name at once: refused, and never on the terminal', async (kind, text) => {
    const here = places.filter(
      ([place]) => place !== 'an interface' || !['a prototype key', 'an option'].includes(kind),
    )
    site.write(
      'hostile.policy.ts',
      here.reduce((policy, [, write]) => write(policy, text), volcano),
    )
    const { exit, out, err } = await site.run(['check', '-p', 'hostile.policy.ts'])
    expect(exit).toBe(1)
    expect((out + err).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(out.length).toBeLessThan(40_000)
    const { value } = await site.json(['check', '-p', 'hostile.policy.ts'])
    const refused = listOf(value.diagnostics).map(({ path }) => `${path}`)
    for (const [place, , path] of here) {
      expect(
        refused.some((one) => one.startsWith(path)),
        `${place}: ${refused.join(' ')}`,
      ).toBe(true)
    }
    expect(existsSync(canary)).toBe(false)
  })
  test('as arguments', async () => {
    for (const [kind, text] of hostile.filter(([, one]) => !one.includes('\0'))) {
      for (const args of [
        ['explain', `--from=${text}`, '--to=10.30.0.5:22/tcp'],
        ['list', `--match=${text}`, 'rules'],
        ['list', '--', text],
        ['check', `--policy=${text}`],
      ]) {
        const { exit, out, err } = await site.run(args)
        expect([1, 2], `${kind}: ${args[0]}`).toContain(exit)
        expect((out + err).replaceAll('\n', ''), kind).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      }
    }
  })
  test('in reasons they are shown escaped, or refused', async () => {
    site.write(
      'reason.policy.ts',
      volcano.replace("'TLS needs the time'", "'TLS \\u001b[31mneeds\\u0007 \\u202ethe time'"),
    )
    const { out, err } = await site.run(['list', 'rules', '-p', 'reason.policy.ts'])
    expect((out + err).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})
