/** Policy files that do not load, that lie, that attack: each refused, at its place, with nothing done. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listOf, siteOf, volcano } from './program.ts'

const site = siteOf({ 'thingwall.policy.ts': volcano })
afterAll(site.remove)

async function diagnosticOf(text: string, name = 'this.policy.ts'): Promise<Record<string, unknown>> {
  site.write(name, text)
  const { exit, value } = await site.json(['check', '-p', name])
  expect(exit).toBe(1)
  const { code, message, file, line, column, hint } = listOf(value.diagnostics)[0] ?? {}
  return { code, message, at: `${file}:${line}:${column}`, hint }
}

describe('TW1022 the policy file did not load', () => {
  test.each([
    ['export default {\n  a: 1\n  b: 2,\n}\n', 'this.policy.ts:3:3', "Expected ',', got 'ident'"],
    ['export default {\n  a: 1,\n\n', 'this.policy.ts:2:8', 'the file ends in the middle of something'],
    ['enum Kind { A }\nexport default Kind\n', 'this.policy.ts:1:1', 'TypeScript enum is not supported'],
    ['const x = 1\nconst x = 2\nexport default x\n', 'this.policy.ts:2:7', "'x' has already been declared"],
    ['export const a = 1\n', 'this.policy.ts:1:1', 'has no default export'],
    ['\nexport default 5\n', 'this.policy.ts:2:1', 'the default export is a number, and no policy'],
    [
      'const x: object = { networks: {}, devices: { a: 1 } }\nexport { x as default }\n',
      'this.policy.ts:2:1',
      'is an object',
    ],
    ['export default null\n', 'this.policy.ts:1:1', 'is null'],
    ["\nthrow new TypeError('no')\n", 'this.policy.ts:2:7', 'the policy threw TypeError: no'],
    ['const f = (x: any) => x.y.z\nexport default f({})\n', 'this.policy.ts:1:27', 'threw TypeError'],
    ["\nimport { x } from './nothere.ts'\nexport default x\n", 'this.policy.ts:2:22', 'there is no module'],
    ["import { nothing } from 'thingwall'\nexport default nothing\n", 'this.policy.ts:1:10', 'nothing'],
    ["import net from 'node:net'\nexport default net\n", 'this.policy.ts:1:1', "may not import 'node:net'"],
    ['const a: unknown[] = []\na.push(a)\nexport default a\n', 'this.policy.ts:1:1', 'is not plain data'],
    ['await new Promise(() => {})\nexport default 1\n', 'this.policy.ts:1:1', 'ended its process'],
  ])('%j at %s', async (text, at, message) => {
    const told = await diagnosticOf(text)
    expect(told).toMatchObject({ code: 'TW1022', at, message: expect.stringContaining(message) })
    expect(told.hint).not.toBe('')
  })
  test('what policy() did not make is one fault, not a dozen about what policy() would have written', async () => {
    site.write('this.policy.ts', 'export default { networks: {}, devices: { a: 1 } }\n')
    const { value } = await site.json(['check', '-p', 'this.policy.ts'])
    expect(listOf(value.diagnostics)).toHaveLength(1)
    expect(listOf(value.diagnostics)[0]?.hint).toMatch(/^Use policy\(NAME, /)
  })
  test.each([
    ['polcy', 'Did you mean policy?'],
    ['defineEverything', expect.stringContaining('A policy is written with policy, network, profile')],
  ])('an import of %s, which is not there', async (what, hint) => {
    const told = await diagnosticOf(`import { ${what} } from 'thingwall'\nexport default ${what}\n`)
    expect(told).toMatchObject({ message: `'thingwall' has no '${what}'`, hint, at: 'this.policy.ts:1:10' })
  })
  test('in a file that the policy imports', async () => {
    site.write('parts/hosts.ts', 'export const api =\n')
    const told = await diagnosticOf("import { api } from './parts/hosts.ts'\nexport default api\n")
    expect(told.at).toMatch(/^parts\/hosts\.ts:/)
  })
  test('in plain JavaScript', async () => {
    const told = await diagnosticOf('export default {\n  a: 1\n  b: 2 }\n', 'this.policy.mjs')
    expect(told.at).toBe('this.policy.mjs:3:3')
  })
})

test('a fault is shown at its own property, also inside a call whose name is a keyword', async () => {
  const told = await diagnosticOf(`import { allow, network, policy, profile } from 'thingwall'
const plug = profile('plug', {
  why: 'Plugs', owner: 'home@example',
  rules: {
    lan: allow.in({
      service: 'http',
      from: 'staton', why: 'Phones switch it',
    }),
  },
})
export default policy('home', {
  networks: {
    things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'] }),
    station: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24'] }),
  },
  devices: { 'plug-1': plug.device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.21' }) },
})
`)
  expect(told).toMatchObject({ code: 'TW1005', at: 'this.policy.ts:7:7', hint: 'Did you mean station?' })
})

test('a word in a profile is found where it stands, once, however many devices have the profile', async () => {
  site.write(
    'parts/sensor.ts',
    `import { allow, profile } from 'thingwall'
export const sensor = profile('sensor', {
  why: 'x',
  owner: 'a@b',
  rules: { reports: allow.out({ to: ['api.example', 'staton'], service: 'https', why: 'x' }) },
})
`,
  )
  const told = await diagnosticOf(`import { network, policy } from 'thingwall'
import { sensor } from './parts/sensor.ts'
export default policy('p', {
  networks: {
    things: network({ role: 'things', interface: 'a0', cidrs: ['10.20.0.0/24'] }),
    station: network({ role: 'trusted', interface: 'b0', cidrs: ['10.30.0.0/24'] }),
  },
  devices: {
    one: sensor.device({ mac: '02:00:00:00:00:01', ip: '10.20.0.11' }),
    two: sensor.device({ mac: '02:00:00:00:00:02', ip: '10.20.0.12' }),
  },
})
`)
  expect(told).toMatchObject({ code: 'TW1005', at: 'parts/sensor.ts:5:53', hint: 'Did you mean station?' })
})

describe('TW1023 the policy file is not deterministic', () => {
  test.each([
    'new Date().toISOString()',
    'String(Date.now())',
    'String(Math.random())',
    'crypto.randomUUID()',
    'String(performance.now())',
    'String(((globalThis as any).loads = ((globalThis as any).loads ?? 0) + 1))',
  ])('%s', async (what) => {
    const told = await diagnosticOf(
      volcano.replace("why: 'ESP32 that pushes ground-motion readings'", `why: ${what}`),
    )
    expect(told).toMatchObject({
      code: 'TW1023',
      message: expect.stringContaining('profiles.seismometer.why'),
    })
  })
  test('not: dates written out, also by way of Date', async () => {
    const fixed = "why: new Date('2026-03-02').toISOString() + ' ' + Array.from([3, 1, 2]).sort().join()"
    site.write('fixed.policy.ts', volcano.replace("why: 'ESP32 that pushes ground-motion readings'", fixed))
    expect((await site.run(['check', '-p', 'fixed.policy.ts'])).exit).toBe(0)
  })
})

describe('what a policy may not do', () => {
  const attempt = (code: string): string =>
    volcano.replace(
      "why: 'ESP32 that pushes ground-motion readings'",
      `why: await tried(async () => ${code})`,
    ) +
    `async function tried(act: () => unknown) {
      try { await act() } catch (error) { return 'refused: ' + (error as Error).message.slice(0, 80) }
      return 'DONE'
    }\n`
  const canary = join(site.folder, 'canary')
  test.each([
    ['write a file', `(await import('node:fs')).writeFileSync(${JSON.stringify(canary)}, '1')`],
    ['read outside its project', "(await import('node:fs')).readFileSync('/etc/passwd')"],
    ['start a process', "(await import('node:child_process')).execSync('id')"],
    ['start a worker', "new (await import('node:worker_threads')).Worker('1', { eval: true })"],
    ['open a connection', "(await import('node:net')).connect(80, '127.0.0.1')"],
    ['fetch', "await fetch('http://127.0.0.1:9/')"],
    ['register hooks of its own', "(await import('node:module')).registerHooks({})"],
    ['ask Node for what it may not import', "process.getBuiltinModule('node:net').connect(80)"],
    ['end other processes', 'process.kill(process.ppid)'],
    ['take its permissions back', "process.binding('fs')"],
  ])('%s', async (_, code) => {
    site.write('attempt.policy.ts', attempt(code))
    const { value } = await site.json(['list', 'profiles', '-p', 'attempt.policy.ts'])
    expect(listOf(value.entries)[0]?.why).toMatch(/^refused: /)
    expect(existsSync(canary)).toBe(false)
  })
  test('see the environment', async () => {
    const code = volcano.replace(
      "why: 'ESP32 that pushes ground-motion readings'",
      "why: 'environment: ' + JSON.stringify(process.env)",
    )
    site.write('env.policy.ts', code)
    const { out } = await site.run(['list', 'profiles', '-p', 'env.policy.ts', '--json'], {
      TOKEN: 'secret-1234',
    })
    expect(out).toContain('environment: {}')
    expect(out).not.toContain('secret-1234')
  })
})

describe('what a policy may do', () => {
  test('read a file beside it, import its own modules, compute', async () => {
    site.write('devices.csv', 'vent-07,24:6f:28:aa:00:07,10.20.0.17\n')
    site.write('hosts.ts', "export const api: string = 'api.volcano.example'\n")
    const computed = volcano
      .replace(
        "from 'thingwall'\n",
        "from 'thingwall'\nimport { readFileSync } from 'node:fs'\nimport { api } from './hosts.ts'\n",
      )
      .replace("to: 'api.volcano.example'", 'to: api')
      .replace(
        '  devices: {\n',
        `  devices: {
    ...Object.fromEntries(readFileSync(new URL('devices.csv', import.meta.url), 'utf8').trim().split('\\n').map((row) => {
      const [name, mac, ip] = row.split(',') as [string, string, string]
      return [name, seismometer.device({ mac, ip })]
    })),
`,
      )
    site.write('computed.policy.ts', computed)
    const { exit, value } = await site.json(['list', 'devices', '-p', 'computed.policy.ts'])
    expect(exit).toBe(0)
    expect(listOf(value.entries).map(({ name }) => name)).toEqual(['vent-07', 'vent-01', 'vent-02'])
  })
  test('print, without harm to what is asked', async () => {
    site.write('loud.policy.ts', `console.log('\\u001b]0;title\\u0007{"kind":"policy"}')\n${volcano}`)
    const { out, err, exit } = await site.run(['check', '-p', 'loud.policy.ts'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^ok /)
    expect(err).toContain('policy printed: \\u{1b}]0;title\\u{7}{"kind":"policy"}\n')
    expect((await site.json(['check', '-p', 'loud.policy.ts'])).value.ok).toBe(true)
  })
})

test('a folder is said to be one', async () => {
  site.write('somewhere/x.txt', '')
  const { exit, err } = await site.run(['check', '--policy', 'somewhere'])
  expect([exit, err]).toEqual([2, expect.stringContaining('somewhere is a folder')])
  expect(err).toContain('--policy somewhere/thingwall.policy.ts')
})
