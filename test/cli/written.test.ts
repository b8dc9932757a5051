/** Policies in YAML and JSON, through the program: the same meaning as code, each fault at its place, no file lost. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listOf, siteOf, volcano } from './program.ts'

const site = siteOf({ 'thingwall.policy.ts': volcano, 'package.json': '{}' })
afterAll(site.remove)

const head = `policy: home
owner: home@example
networks:
  things: { role: things, interface: wlan0, cidrs: 10.20.0.0/24, isolation: access-point }
  uplink: { role: uplink, interface: wan0 }
`

async function faultOf(text: string, name = 'this.policy.yaml'): Promise<Record<string, unknown>> {
  site.write(name, text)
  const { exit, value } = await site.json(['check', '-p', name])
  expect(exit).toBe(1)
  const { code, message, file, line, column, related } = listOf(value.diagnostics)[0] ?? {}
  return { code, message, at: `${file}:${line}:${column}`, ...(related !== undefined && { related }) }
}

describe('a policy goes to YAML or JSON and back', () => {
  test.each(['yaml', 'json'])('as %s', async (form) => {
    const { out } = await site.run(['export', form])
    site.write(`site.policy.${form}`, out)
    const [code, data] = [
      await site.run(['export', 'nftables']),
      await site.run(['export', 'nftables', '-p', `site.policy.${form}`]),
    ]
    // Comments name the file; what the kernel is told does not change.
    const rules = (text: string): string => text.replace(/^#.*$/gm, '')
    expect(rules(data.out)).toBe(rules(code.out))
    expect(data.out).toContain('table inet thingwall')
    const { exit, value } = await site.json(['check', '-p', `site.policy.${form}`])
    expect([exit, value.errors]).toEqual([0, 0])
  })
  test('the example in YAML says what the example in TypeScript says', async () => {
    const folder = join(import.meta.dirname, '../../examples/volcano')
    const [code, data] = await Promise.all(
      ['thingwall.policy.ts', 'volcano.policy.yaml'].map((name) =>
        site.json(['export', 'json', '-p', join(folder, name)]),
      ),
    )
    expect(data?.value).toEqual(code?.value)
  })
  test('the schema that is published is the one the program has', async () => {
    const { value } = await site.json(['export', 'schema'])
    const file = join(import.meta.dirname, '../../packages/policy/policy.schema.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(value)
  })
})

describe('a fault is shown at its own place', () => {
  test.each([
    [`${head}devices:\n  a: { mac: '02:00', network: things }\n`, 'TW1007', 'this.policy.yaml:7:8'],
    [
      `${head}rules:\n  r:\n    allow: out\n    who: things\n    to: stats.example\n    service: htps\n    why: x\n`,
      'TW1008',
      'this.policy.yaml:11:14',
    ],
    [`${head}rules:\n  r:\n    to: any\n    who: any\n`, 'TW1002', 'this.policy.yaml:7:3'],
    [`${head}network: {}\n`, 'TW1003', 'this.policy.yaml:6:1'],
    [`${head}rules: [\n`, 'TW1022', 'this.policy.yaml:7:1'],
    [`${head}include: nothere.yaml\n`, 'TW1022', 'this.policy.yaml:6:10'],
    [`${head}include: ../../../../etc/passwd\n`, 'TW1022', 'this.policy.yaml:6:10'],
    [`${head}include: 'nothing*.yaml'\n`, 'TW1022', 'this.policy.yaml:6:10'],
    [
      `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c]\n`,
      'TW1022',
      'this.policy.yaml:1:1',
    ],
    ['policy: "\\u0007"\n', 'TW1004', 'this.policy.yaml:1:1'],
    ['%YAML 1.1\n---\n!!js/function "x"\n', 'TW1022', undefined],
    ['', 'TW1002', undefined],
  ])('%j', async (text, code, at) => {
    const told = await faultOf(text)
    expect(told.code === code || `${told.code} ${told.message}`).toBe(true)
    if (at !== undefined) expect(told.at).toBe(at)
  })
  test('a key that stands there twice, with both places', async () => {
    expect(await faultOf(`${head}owner: other@example\n`)).toMatchObject({
      code: 'TW1016',
      at: 'this.policy.yaml:6:1',
      related: { line: 2, column: 1 },
    })
  })
  test('what nests without end', async () => {
    expect(await faultOf('['.repeat(200_000))).toMatchObject({ code: 'TW1022' })
  })
  test('text that is no UTF-8', async () => {
    site.write('latin.policy.yaml', Buffer.from([0x70, 0x3a, 0x20, 0xe9, 0x0a]))
    const { value } = await site.json(['check', '-p', 'latin.policy.yaml'])
    expect(listOf(value.diagnostics)[0]?.message).toContain('is not UTF-8 text')
  })
})

describe('a policy in several files', () => {
  test('is one policy; explain names the file that wrote the rule', async () => {
    site.write(
      'all.policy.yaml',
      `${head}include: [parts/*.yaml]\ndevices:\n  a: { profile: plug, mac: '02:00:00:00:00:01', ip: 10.20.0.9 }\n`,
    )
    site.write(
      'parts/kinds.yaml',
      'profiles:\n  plug:\n    why: Plugs\n    rules:\n      clock: { allow: out, to: 192.0.2.9, service: ntp, why: Time }\n',
    )
    const { value } = await site.json([
      'explain',
      '-p',
      'all.policy.yaml',
      '--from',
      'a',
      '--to',
      '192.0.2.9:123/udp',
    ])
    expect(value).toMatchObject({ verdict: 'allow', rule: { id: 'plug/clock', at: 'parts/kinds.yaml:5' } })
  })
  test('that contradict each other is refused with both places', async () => {
    site.write('parts/one.yaml', 'lists:\n  bad:\n    why: One\n    entries: {}\n')
    site.write('parts/two.yaml', 'lists:\n  bad:\n    why: Two\n    entries: {}\n')
    expect(await faultOf(`${head}include: [parts/one.yaml, parts/two.yaml]\n`)).toEqual({
      code: 'TW1016',
      message: 'two lists are called "bad", and they do not say the same',
      at: 'parts/two.yaml:2:3',
      related: { file: 'parts/one.yaml', line: 2, column: 3 },
    })
  })
})
