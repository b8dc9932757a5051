/** The commands as people and scripts meet them: exit codes, JSON, places, colours, pipes. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { type Json, listOf, siteOf, volcano } from './program.ts'

const site = siteOf({
  'thingwall.policy.ts': volcano,
  'broken.policy.ts': volcano.replace("why: 'POST /readings', ", ''),
  'failing.policy.ts': volcano.replace("test.denies('vent-01', '10.30", "test.allows('vent-01', '10.30"),
  'told.json': JSON.stringify({
    format: 1,
    names: [{ device: 'vent-01', name: 'api.volcano.example', addresses: ['192.0.2.80'] }],
  }),
})
afterAll(site.remove)
const ESC = String.fromCharCode(27)

describe('check', () => {
  test('a sound policy: 0, and what comes next', async () => {
    const { exit, out, err } = await site.run(['check'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^ok thingwall\.policy\.ts: 2 devices, \d+ rules, 2 tests passed\n$/)
    expect(err).toMatch(/^\nNext\n {2}thingwall explain /)
  })
  test('a missing reason: 1, at its line, with a caret', async () => {
    const { exit, out } = await site.run(['check', '--policy', 'broken.policy.ts'], { COLUMNS: '120' })
    expect(exit).toBe(1)
    const lines = out.split('\n')
    expect(lines[0]).toMatch(/^error TW1001 /)
    expect(lines[1]).toBe('  broken.policy.ts:16:21  profiles.seismometer.rules.readings.why')
    const source = lines[2] as string
    expect(source).toMatch(/^ {2}16 │ {5}readings: allow\.out\(/)
    expect(source.slice((lines[3] as string).indexOf('^'))).toMatch(/^out\(/)
    const [, page = ''] = /\n {2}docs {3}(.*docs\/errors\/TW1001\.md)\n/.exec(out) ?? []
    expect(existsSync(resolve(site.folder, page)), page).toBe(true)
    expect(out).toMatch(/1 error\n$/)
  })
  test('the same as JSON', async () => {
    const { exit, value } = await site.json(['check', '-p', 'broken.policy.ts'])
    expect(exit).toBe(1)
    expect(value).toMatchObject({ ok: false, errors: 1, warnings: 0 })
    expect(listOf(value.diagnostics)[0]).toMatchObject({
      code: 'TW1001',
      severity: 'error',
      file: 'broken.policy.ts',
      line: 16,
      column: 21,
      docs: expect.stringMatching(/\/docs\/errors\/TW1001\.md$/),
    })
  })
  test("the policy's own tests: 1, at the line of the test", async () => {
    const { exit, value } = await site.json(['check', '-p', 'failing.policy.ts'])
    expect(exit).toBe(1)
    expect(value.diagnostics).toMatchObject([{ code: 'TW2014', line: 34 }])
  })
  test('warnings alone: 0; and another day', async () => {
    const { exit, value } = await site.json(['check', '--at', '2027-06-01'])
    expect({ exit, ok: value.ok }).toEqual({ exit: 0, ok: true })
    site.write(
      'dated.policy.ts',
      volcano.replace("added: '2026-03-02' }", "added: '2026-03-02', expires: '2027-03-02' }"),
    )
    const later = await site.json(['check', '-p', 'dated.policy.ts', '--at', '2027-06-01'])
    expect(later.exit).toBe(0)
    expect(later.value.diagnostics).toMatchObject([{ code: 'TW2003', line: 7, column: 5 }])
  })
})

describe('explain', () => {
  test('a refused flow', async () => {
    const { exit, value } = await site.json(['explain', '--from', 'vent-01', '--to', '10.30.0.5:22/tcp'])
    expect(exit).toBe(0)
    expect(value).toMatchObject({
      verdict: 'deny',
      rule: { id: 'default/deny', at: null },
      needs: [],
      enforced: true,
    })
    expect(value.because).toMatch(/no rule allows it/)
    expect(value.next).toContain('thingwall.policy.ts:17')
    expect(value.next).not.toContain(site.folder)
  })
  test('a rule, with everything it says', async () => {
    const { value } = await site.json(['explain', '--from', '198.51.100.7', '--to', 'vent-01:80/tcp'])
    expect(value).toMatchObject({
      verdict: 'deny',
      rule: {
        id: 'botnets',
        why: 'Never, whatever else is allowed',
        owner: 'site@volcano.example',
        ticket: null,
        expires: null,
        at: 'thingwall.policy.ts:32',
      },
    })
    expect(value.because).toMatch(/Mirai loader.*thingwall\.policy\.ts:7/)
  })
  test('a name: unknown until it is told', async () => {
    const ask = ['explain', '--from', 'vent-01', '--to', 'api.volcano.example:443/tcp']
    const before = await site.json(ask)
    expect(before.value).toMatchObject({ verdict: 'unknown', rule: { id: 'seismometer/readings' } })
    const after = await site.json([...ask, '--bindings', 'told.json'])
    expect(after.value).toMatchObject({ verdict: 'allow', rule: { ticket: 'GEO-12' }, needs: [] })
  })
  test('as text, in words', async () => {
    const { exit, out } = await site.run(['explain', '--from', 'vent-01', '--to', 'gateway:123/udp'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^allow {2}vent-01 → gateway:123\/udp\n {2}because/)
    expect(out).toMatch(/rule {5}seismometer\/clock \(allow\)/)
    expect(out).toMatch(/written {2}thingwall\.policy\.ts:17\n/)
  })
  test.each([
    [['explain'], 'usage'],
    [['explain', '--from', 'vnet-01', '--to', '10.30.0.5:22/tcp'], 'TW2090'],
    [['explain', '--from', 'vent-01', '--to', '10.30.0.5:22/tpc'], 'TW2090'],
    [['explain', '--from', 'vent-01', '--to', '10.30.0.5:22/tcp', '--bindings', 'no.json'], 'environment'],
  ])('%j: 2', async (args, code) => {
    const { exit, value } = await site.json(args)
    expect(exit).toBe(2)
    expect(value.error).toMatchObject({ code })
    expect(value.error?.hint).not.toBe('')
  })
})

describe('export', () => {
  test('nftables: the rule set alone on standard output', async () => {
    const { exit, out } = await site.run(['export', 'nftables'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^table inet thingwall\n/)
    expect(out).not.toContain('Next')
  })
  test('as JSON, with a place for every rule', async () => {
    const { value } = await site.json(['export', 'nftables'])
    expect(value).toMatchObject({ target: 'nftables', digest: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(Object.keys(value.places as Json)).toContain('seismometer/readings')
  })
  test('two exports are the same', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => site.run(['export', 'nftables', '--at', '2026-11-22'])))
    expect(a?.out).toBe(b?.out)
  })
  test('a policy with errors: 1, and nothing on standard output', async () => {
    const { exit, out, err } = await site.run(['export', 'nftables', '-p', 'broken.policy.ts'])
    expect({ exit, out }).toEqual({ exit: 1, out: '' })
    expect(err).toMatch(/^error TW1001/)
  })
  test('an unknown target: 2', async () => {
    const { exit, err } = await site.run(['export', 'nftable'])
    expect({ exit, err }).toEqual({
      exit: 2,
      err: "thingwall: there is no target 'nftable'\n  hint   did you mean 'nftables'?\n",
    })
  })
})

describe('list', () => {
  test.each([
    ['devices', 2],
    ['profiles', 1],
    ['networks', 3],
    ['lists', 1],
    ['known-botnets', 2],
  ])('%s', async (what, total) => {
    const { exit, value } = await site.json(['list', what])
    expect({ exit, total: value.total, shown: listOf(value.entries).length }).toEqual({
      exit: 0,
      total,
      shown: total,
    })
    for (const entry of listOf(value.entries)) expect(entry).toHaveProperty('at')
  })
  test('rules, those of the author and those that are built in', async () => {
    const { value } = await site.json(['list', 'rules'])
    const tiers = listOf(value.entries).map(({ tier, at }) => `${tier} ${at === null}`)
    expect(new Set(tiers)).toEqual(
      new Set(['fixed true', 'deny false', 'forward true', 'allow false', 'default true']),
    )
  })
  test('why a blocked address is on the list', async () => {
    const { exit, value } = await site.json(['list', 'known-botnets', '--match', '203.0.113.9'])
    expect(exit).toBe(0)
    expect(value.entries).toMatchObject([
      {
        name: '203.0.113.0/28',
        why: 'Mozi peers',
        source: 'abuse feed',
        owner: 'secops@volcano.example',
        at: 'thingwall.policy.ts:8',
        rules: ['botnets'],
      },
    ])
    const lists = await site.json(['list', 'lists', '--match', '203.0.113.9'])
    expect(lists.value.entries).toMatchObject([{ name: 'known-botnets' }])
  })
  test('an address that is on no list: 1', async () => {
    const { exit, out } = await site.run(['list', 'known-botnets', '--match', '192.0.2.1'])
    expect({ exit, out }).toEqual({ exit: 1, out: 'none of 2 entries matches 192.0.2.1\n' })
  })
  test('rules of a device by its address, and by a word of the reason', async () => {
    const byAddress = await site.json(['list', 'rules', '--match', '10.20.0.12'])
    const names = (value: Json): readonly unknown[] => listOf(value.entries).map(({ name }) => name)
    expect(names(byAddress.value)).toContain('seismometer/readings')
    const byWord = await site.json(['list', 'rules', '--match', 'tls needs'])
    expect(names(byWord.value)).toEqual(['seismometer/clock'])
  })
  test('an unknown list: 2, with what there is', async () => {
    const { exit, err } = await site.run(['list', 'known-botnet'])
    expect(exit).toBe(2)
    expect(err).toContain("did you mean 'thingwall list known-botnets'?")
  })
  test('fits the page it is printed on', async () => {
    const { out } = await site.run(['list', 'rules'], { COLUMNS: '90' })
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(90)
  })
})

describe('the frame', () => {
  test('colours only where they are wanted', async () => {
    const plain = await site.run(['check'])
    expect(plain.out + plain.err).not.toContain(ESC)
    const forced = await site.run(['check'], { FORCE_COLOR: '1' })
    expect(forced.out).toContain(`${ESC}[32mok${ESC}[39m`)
    const refused = await site.run(['check'], { FORCE_COLOR: '1', NO_COLOR: '1' })
    expect(refused.out + refused.err).not.toContain(ESC)
    const json = await site.run(['check', '--json'], { FORCE_COLOR: '1' })
    expect(json.out).not.toContain(ESC)
  })
  test('no command, no such command, no such file: 2', async () => {
    expect((await site.run([])).exit).toBe(2)
    const { exit, err } = await site.run(['chekc'])
    expect({ exit, err }).toEqual({
      exit: 2,
      err: "thingwall: there is no command 'chekc'\n  hint   did you mean 'thingwall check'?\n",
    })
    const missing = await site.json(['check', '--policy', 'thingwal.policy.ts'])
    expect(missing.exit).toBe(2)
    expect(missing.value.error).toMatchObject({
      code: 'TW1022',
      hint: 'did you mean --policy thingwall.policy.ts?',
    })
  })
  test.each([
    'check',
    'plan',
    'apply',
    'list rules',
    'export nftables',
    'explain --from vent-01 --to 10.30.0.5:22/tcp',
  ])('a policy with errors: %s answers 1, also without the right to change the firewall', async (command) => {
    const program = fileURLToPath(new URL('../../packages/cli/bin/thingwall', import.meta.url))
    const without = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-net_admin'] : ['env']
    const argv = [...without, program, ...command.split(' '), '-p', 'broken.policy.ts', '--json']
    const ended = await promisify(execFile)(argv[0] as string, argv.slice(1), { cwd: site.folder }).catch(
      (error: { readonly code: number; readonly stdout: string }) => error,
    )
    expect('code' in ended ? ended.code : 0).toBe(1)
    expect(ended.stdout).toContain('TW1001')
  })
  test('--help and --version', async () => {
    const { exit, out } = await site.run(['--help'])
    expect(exit).toBe(0)
    for (const verb of ['check', 'explain', 'list', 'export']) expect(out).toContain(`\n  ${verb} `)
    expect((await site.run(['help'])).out).toBe(out)
    const { out: help } = await site.run(['explain', '--help'])
    expect(help).toContain('--bindings FILE')
    expect(help).toMatch(/Exit codes\n +0 +it was answered: also where the flow is denied/)
    expect((await site.json(['--version'])).value).toMatchObject({ name: 'thingwall' })
  })
  test('a reader that leaves early is no error', async () => {
    const program = fileURLToPath(new URL('../../packages/cli/bin/thingwall', import.meta.url))
    const { stdout, stderr } = await promisify(execFile)(
      'sh',
      ['-c', '"$0" list rules --json 2>&1 | head -n 1', program],
      { cwd: site.folder },
    )
    expect({ stdout, stderr }).toEqual({ stdout: '{\n', stderr: '' })
  })
})
