/**
 * Policies that attack whoever loads them. Each ends in a diagnostic at exit 1, or is told no inside; nothing of it
 * reaches the machine. The walls of the operating system behind these fences: `wall.test.ts`.
 */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadPolicy } from '../../packages/cli/src/load/load.ts'
import type { Bounds } from '../../packages/cli/src/load/sandbox.ts'
import { siteOf, volcano } from './program.ts'

const site = siteOf({ 'thingwall.policy.ts': volcano })
afterAll(site.remove)
const why = "why: 'ESP32 that pushes ground-motion readings'"
const canary = join(site.folder, 'canary')
const bounds: Bounds = { timeMs: 20_000, memoryMegabytes: 128, outputBytes: 4 << 20 }

function load(text: string, more: Partial<Bounds> = {}) {
  site.write('hostile.policy.ts', text)
  const at = { cwd: site.folder, nowMs: Date.parse('2026-11-22') }
  return loadPolicy('hostile.policy.ts', { ...at, bounds: { ...bounds, ...more } })
}

describe('exhausting the machine ends in TW1022', () => {
  test.each<readonly [kind: string, code: string, message: RegExp, more: Partial<Bounds>]>([
    ['a loop without end', 'for (;;) {}', /still being evaluated after 2 s/, { timeMs: 2000 }],
    [
      'timers without end',
      'await new Promise(() => setInterval(() => {}, 5))',
      /still being evaluated after 2 s/,
      { timeMs: 2000 },
    ],
    [
      'a regular expression without end',
      "/^(a+)+$/.test('a'.repeat(60) + 'b')",
      /still being evaluated after 2 s/,
      { timeMs: 2000 },
    ],
    [
      'a full heap',
      'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))',
      /more than 128 MB of memory/,
      {},
    ],
    [
      'memory outside the heap',
      'const all = []; for (;;) all.push(new Uint8Array(2 ** 28).fill(1))',
      /Array buffer allocation failed|more than 128 MB/,
      {},
    ],
    [
      'a stack without end',
      'const again = () => again() + 1; again()',
      /RangeError: Maximum call stack size exceeded/,
      {},
    ],
    [
      '10 GB on standard output',
      "for (let at = 0; at < 1e6; at++) console.log('x'.repeat(10_000))",
      /printed more than 8 MB/,
      {},
    ],
    ['a document of 10 MB', "(globalThis as any).much = 'x'.repeat(10 << 20)", /larger than 4 MB/, {}],
  ])('%s', async (_, code, message, more) => {
    const { document, diagnostics } = await load(
      `${volcano.replace(why, `why: ((globalThis as any).much ?? 'Sensor') as string`).replace(/^const bots/m, `${code}\nconst bots`)}`,
      more,
    )
    expect(document).toBeNull()
    expect(diagnostics.map(({ code }) => code)).toEqual(['TW1022'])
    expect(diagnostics[0]?.message).toMatch(message)
    expect(diagnostics[0]?.origin?.file).toBe(join(site.folder, 'hostile.policy.ts'))
  })
})

describe('what is tried inside is refused', () => {
  symlinkSync('/etc', join(site.folder, 'etc'))
  mkdirSync(join(site.folder, '.secrets'))
  writeFileSync(join(site.folder, '.secrets/token'), 'secret-1234')
  writeFileSync(join(site.folder, 'closed'), 'secret-1234', { mode: 0o600 })
  const fs = "(await import('node:fs'))"
  test.each([
    ['read the passwords', `${fs}.readFileSync('/etc/shadow')`],
    ['read them by a link in the project', `${fs}.readFileSync('etc/shadow')`],
    ['read the environment of a process', `${fs}.readFileSync('/proc/self/environ')`],
    ['read what is hidden', `${fs}.readFileSync('.secrets/token')`],
    ['read what is more private than the policy', `${fs}.readFileSync('closed')`],
    ['read by number', `${fs}.readFileSync(3)`],
    ['read by promise', `${fs}.promises.readFile('/etc/passwd')`],
    ['read as a stream', `${fs}.createReadStream('/etc/passwd')`],
    ['import a file outside', "import('/etc/passwd')"],
    ['import from the network', "import('https://192.0.2.1/x.js')"],
    ['import code from a text', "import('data:text/javascript,export default 1')"],
    ['write', `${fs}.writeFileSync(${JSON.stringify(canary)}, '1')`],
    ['write by promise', `(await import('node:fs/promises')).writeFile(${JSON.stringify(canary)}, '1')`],
    ['link', `${fs}.symlinkSync('/etc', ${JSON.stringify(canary)})`],
    ['remove', `${fs}.rmSync('thingwall.policy.ts')`],
    ['send a result of its own', `${fs}.writeSync(3, 'x')`],
    ['close the channel', `${fs}.closeSync(3)`],
    ['put its own reading in the place of ours', `${fs}.default.readFileSync = () => 1`],
    ['TCP', "import('node:net')"],
    ['UDP', "import('node:dgram')"],
    ['names', "import('dns')"],
    ['HTTP', "import('node:http')"],
    ['processes', "import('node:child_process')"],
    ['workers', "import('node:worker_threads')"],
    ['clusters', "import('node:cluster')"],
    ['the inspector', "import('node:inspector')"],
    ['a database that loads extensions', "import('node:sqlite')"],
    ['WASI', "import('node:wasi')"],
    ['contexts', "import('node:vm')"],
    ['V8', "import('node:v8')"],
    ['modules', "import('node:module')"],
    ['the process', "import('node:process')"],
    ['the machine', "import('node:os')"],
    ['a socket by way of the console', "new (console as any)._stdout.constructor().connect(9, '127.0.0.1')"],
    [
      'the process by way of a stack',
      `new Promise((yes, no) => {
      Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis()?.process ?? frame.getFunction()?.call).find(Boolean)
      const found = (new Error() as any).stack
      Error.prepareStackTrace = undefined
      found?.binding === undefined ? no(new Error('nothing there')) : yes(found)
    })`,
    ],
    ['the process by way of a timer', "(setTimeout(() => {}, 0) as any)[Symbol.for('process')].exit()"],
    ['the process by way of the global object', "Function('return this')().process.binding('tcp_wrap')"],
    ['add-ons', "(globalThis as any).process.dlopen({ exports: {} }, '/lib/x.node')"],
    ['a signal', '(globalThis as any).process.kill(1)'],
  ])('%s', async (_, code) => {
    const asked = `why: await (async () => {
      try { const got = await (async () => (${code}))(); return 'DONE ' + typeof got }
      catch (error) { return 'refused: ' + String(error).slice(0, 120) }
    })()`
    const { document, diagnostics } = await load(volcano.replace(why, asked))
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(document?.profiles.seismometer?.why).toMatch(/^refused: /)
    expect(existsSync(canary)).toBe(false)
  })
})

describe('lying about the result', () => {
  test('on standard output it is only print, whatever it looks like', async () => {
    const forged = JSON.stringify({
      kind: 'policy',
      document: { name: 'forged' },
      difference: null,
      sources: {},
    })
    const { document, printed } = await load(`console.log(${JSON.stringify(forged)})\n${volcano}`)
    expect(document?.name).toBe('mauna-loa')
    expect(printed).toContain('forged')
  })
  test('a document with places that are not in the project shows nothing from there', async () => {
    const { diagnostics } = await load(
      "export default { kind: 'policy', name: 'x', origin: { file: '/etc/shadow', line: 1, column: 1 } }\n",
    )
    expect(diagnostics.length).toBeGreaterThan(0)
    expect(JSON.stringify(diagnostics)).not.toContain('root:')
  })
  test('a document that writes itself differently each time is found out', async () => {
    const counting =
      'let times = 0\n;(String.prototype as any).toJSON = undefined\n;(Array.prototype as any).toJSON = () => times++\n'
    const { document, diagnostics } = await load(`${volcano}${counting}`)
    expect(document).toBeNull()
    expect(diagnostics.length).toBeGreaterThan(0)
  })
  test('ending the process early is no result', async () => {
    const { document, diagnostics } = await load('await new Promise(() => {})\nexport default 1\n')
    expect(document).toBeNull()
    expect(diagnostics[0]).toMatchObject({
      code: 'TW1022',
      message: expect.stringContaining('ended its process'),
    })
  })
})

describe('packages', () => {
  test('of both kinds work: own requires, JSON, files read beside them', async () => {
    site.write('node_modules/old/package.json', '{ "main": "./main.js" }')
    site.write(
      'node_modules/old/main.js',
      "const fs = require('fs'); const path = require('node:path')\nexports.hosts = require('./hosts.json')\nexports.list = fs.readFileSync(path.join(__dirname, 'list.txt'), 'utf8').trim()\nexports.twice = require('./twice').twice\n",
    )
    site.write('node_modules/old/twice.js', 'exports.twice = (text) => text + text\n')
    site.write('node_modules/old/hosts.json', '{ "api": "api.volcano.example" }')
    site.write('node_modules/old/list.txt', 'abc\n')
    site.write('node_modules/new/package.json', '{ "type": "module", "exports": "./main.js" }')
    site.write('node_modules/new/main.js', "import old from 'old'\nexport const api = old.hosts.api\n")
    const { document, diagnostics } = await load(
      volcano
        .replace("from 'thingwall'\n", "from 'thingwall'\nimport old from 'old'\nimport { api } from 'new'\n")
        .replace("to: 'api.volcano.example'", 'to: api')
        .replace(why, 'why: old.twice(old.list)'),
    )
    expect(diagnostics).toEqual([])
    expect(document?.profiles.seismometer?.why).toBe('abcabc')
  })
  test('a package that wants to act is refused by name', async () => {
    site.write('node_modules/acts/package.json', '{ "main": "./main.js" }')
    site.write('node_modules/acts/main.js', "require('child_process').execSync('touch canary')\n")
    const { document, diagnostics } = await load("import 'acts'\nexport default 1\n")
    expect(document).toBeNull()
    expect(diagnostics[0]).toMatchObject({
      code: 'TW1022',
      message: expect.stringContaining("may not import 'node:child_process'"),
    })
    expect(existsSync(canary)).toBe(false)
  })
})
