/** `thingwall plan` as people and scripts meet it: marks, words, flows that were seen, exit codes, files that are wrong. */
import { afterAll, describe, expect, test } from 'vitest'
import { listOf, siteOf, volcano } from './program.ts'

const wider = volcano
  .replace("service: 'https', why", "service: ['https', 'mqtts'], why")
  .replace("'198.51.100.7': {", "'198.51.100.9': { why: 'Another loader' },\n    '198.51.100.7': {")
const without = volcano.replace(/ {4}readings: .*\n/, '').replace(/ {4}test\.allows.*\n/, '')
const seen = {
  source: '10.20.0.11',
  destination: '192.0.2.80',
  sourceDevice: 'vent-01',
  destinationName: 'api.volcano.example',
  ingress: 'wlan0',
  protocol: 6,
  destinationPort: 443,
  count: 12,
  last: '2026-11-21T18:00:00Z',
}
const site = siteOf({
  'thingwall.policy.ts': volcano,
  'wider.policy.ts': wider,
  'without.policy.ts': without,
  'moved.policy.ts': `// One line further down.\n${volcano}`,
  'broken.policy.ts': volcano.replace("why: 'POST /readings', ", ''),
  'failing.policy.ts': volcano.replace("test.denies('vent-01', '10.30", "test.allows('vent-01', '10.30"),
  'seen.json': JSON.stringify({ format: 1, flows: [seen, { ...seen, protocol: null }] }),
  'odd.json': JSON.stringify({ format: 1, flows: [seen, { ...seen, source: 'fe80::1%wlan0\u001b[2J' }] }),
})
afterAll(site.remove)
const ESC = String.fromCharCode(27)

describe('what changes', () => {
  test('nothing: 0, also where it stands on another line', async () => {
    const { exit, out } = await site.run([
      'plan',
      '-p',
      'moved.policy.ts',
      '--against',
      'thingwall.policy.ts',
      '--exit-code',
    ])
    expect(exit).toBe(0)
    expect(out).toMatch(/no changes; no flow is judged differently\n$/)
  })
  test('marks with places and properties, then sentences with rules, then a sum; 3 where asked', async () => {
    const args = ['plan', '-p', 'wider.policy.ts', '--against', 'thingwall.policy.ts']
    const { exit, out, err } = await site.run([...args, '--exit-code'])
    expect(exit).toBe(3)
    expect(out).toBe(`mauna-loa against thingwall.policy.ts

~ rule seismometer/readings  wider.policy.ts:17
    service  https → https, mqtts
+ entry known-botnets 198.51.100.9  wider.policy.ts:7

- profile seismometer (2 devices) may no longer open 443/tcp to api.volcano.example at 198.51.100.9
    by botnets instead of seismometer/readings
- station may no longer open anything to 198.51.100.9
    by botnets instead of default/trusted-to-uplink
+ profile seismometer (2 devices) may now open 8883/tcp to api.volcano.example
    by seismometer/readings instead of default/deny

1 added, 1 changed; 2 kinds of flows become blocked, 1 kind of flows becomes allowed
`)
    expect(err).toContain('thingwall apply --policy wider.policy.ts')
    expect((await site.run(args)).exit).toBe(0)
  })
  test('the same as JSON, each change with a flow that shows it', async () => {
    const { exit, value } = await site.json([
      'plan',
      '-p',
      'wider.policy.ts',
      '--against',
      'thingwall.policy.ts',
    ])
    expect(exit).toBe(0)
    expect(value).toMatchObject({
      ok: true,
      changed: true,
      policy: 'mauna-loa',
      against: { file: 'thingwall.policy.ts' },
    })
    expect(value.changes).toMatchObject([
      { kind: 'changed', of: 'rule', name: 'seismometer/readings', after: 'wider.policy.ts:17' },
      { kind: 'added', of: 'entry', before: null },
    ])
    expect(value.flows).toMatchObject({ complete: true })
    expect(listOf(value.flows?.changes)[2]).toMatchObject({
      becomes: 'allowed',
      direction: 'out',
      devices: ['vent-01', 'vent-02'],
      peers: ['api.volcano.example'],
      services: ['8883/tcp'],
      from: null,
      witness: {
        source: '10.20.0.11',
        destinationPort: 8883,
        before: { verdict: 'deny', rule: 'default/deny' },
        after: { verdict: 'allow', rule: 'seismometer/readings' },
      },
    })
  })
  test('the same answer on another day: a date in the future is told as such', async () => {
    site.write(
      'dated.policy.ts',
      volcano.replace("ticket: 'GEO-12'", "ticket: 'GEO-12', expires: '2031-01-01'"),
    )
    const args = ['plan', '-p', 'dated.policy.ts', '--against', 'thingwall.policy.ts']
    expect((await site.run([...args, '--at', '2030-06-01'])).out).toContain(
      '- profile seismometer (2 devices) may no longer open 443/tcp to api.volcano.example, from 2031-01-01 on',
    )
  })
})

describe('flows that were seen', () => {
  test('which would be cut, how often they were seen, and by which rule', async () => {
    const args = [
      'plan',
      '-p',
      'without.policy.ts',
      '--against',
      'thingwall.policy.ts',
      '--seen',
      'seen.json',
    ]
    const { exit, out } = await site.run(args)
    expect(exit).toBe(0)
    expect(out).toContain(
      '✗ vent-01 → api.volcano.example 443/tcp, seen 12 times, last 2026-11-21T18:00:00Z\n    by default/deny\n',
    )
    expect(out).toContain(
      '1 kind of flows that were seen would be cut, of 1 flow looked at; of 1 more nobody can tell',
    )
    const { value } = await site.json(args)
    expect(value.recorded).toMatchObject({
      judged: 1,
      undecided: 1,
      cuts: [{ from: 'vent-01', count: 12, rule: 'default/deny', before: 'seismometer/readings' }],
    })
  })
  test.each([
    ['odd.json', /no usable flows\[1\]\.source/],
    ['missing.json', /cannot be read/],
    ['thingwall.policy.ts', /is not JSON/],
  ])('%s: 2, with what is wrong and nothing that a terminal obeys', async (file, message) => {
    const { exit, out, err } = await site.run(['plan', '--against', 'wider.policy.ts', '--seen', file])
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toMatch(message)
    expect(err).not.toContain(ESC)
  })
})

test.each([
  ['--out', 'a.plan'],
  ['--state', 'state'],
  ['--log', '5'],
])('%s is about this machine and refused with --against: 2', async (...option) => {
  const { exit, err } = await site.run(['plan', '--against', 'wider.policy.ts', ...option])
  expect(exit).toBe(2)
  expect(err).toContain('--against is not')
})

test.each([
  ['the policy has errors', ['-p', 'broken.policy.ts', '--against', 'thingwall.policy.ts'], 'TW1001'],
  ['the other one has', ['--against', 'broken.policy.ts'], 'TW1001'],
  ['its own tests fail', ['-p', 'failing.policy.ts', '--against', 'thingwall.policy.ts'], 'TW2014'],
])('%s: 1', async (_, args, code) => {
  const { exit, value } = await site.json(['plan', ...args, '--exit-code'])
  expect(exit).toBe(1)
  expect(value).toMatchObject({
    diagnostics: expect.arrayContaining([expect.objectContaining({ code })]),
  })
})
