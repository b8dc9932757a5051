/**
 * The echo server of `examples/echo-oak`, as it is, under a real Deno with a real Oak: open, with the firewall as
 * middleware, and with the firewall called inside one. The exploit is tried over HTTP, and in Chromium, where it counts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, findChromium, findProgram, startChromium } from './chromium.ts'

const root = join(import.meta.dirname, '../..')
/** The one that npm brought, else one on PATH. */
const deno = findProgram(['deno'], [join(root, 'node_modules/@deno/linux-x64-glibc')])
const exploits = [
  '<script>alert("taken-over")</script>',
  '<img src=x onerror=alert("taken-over")>',
  '<svg/onload=alert("taken-over")>',
]
const harmless = ['hello', '1 < 2', "O'Brien & sons", 'having friends over is nice']

interface Server {
  readonly url: string
  readonly child: ChildProcess
}

async function start(mode: string): Promise<Server> {
  const port = await freePort()
  const child = spawn(
    deno ?? '',
    ['run', '--allow-net', '--allow-env', '--allow-read', '--conditions=thingwall-source', 'server.ts'],
    {
      cwd: join(root, 'examples/echo-oak'),
      env: { ...process.env, WAF: mode, PORT: String(port), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
    })
    child.once('exit', (code) => reject(new Error(`deno ended with ${code}: ${said}`)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line === `listening on port ${port}`) resolve()
    })
  })
  const url = `http://127.0.0.1:${port}`
  await answered(url)
  return { url, child }
}

/** Oak says that it listens a moment before it does. */
async function answered(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url)).text()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** One that nobody has at this moment; Oak does not say which it got when it is told to choose. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function stop({ child }: Server): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await ended
}

const echo = (server: Server, text: string): string => `${server.url}/?echo=${encodeURIComponent(text)}`

describe.skipIf(deno === null).each(['off', 'middleware', 'inside'])('firewall %s', (mode) => {
  let server: Server
  beforeAll(async () => {
    server = await start(mode)
  })
  afterAll(() => stop(server))

  test.each(exploits)('%s', async (text) => {
    const response = await fetch(echo(server, text))
    const page = await response.text()
    if (mode === 'off') {
      expect(response.status).toBe(200)
      expect(page).toContain(text)
    } else {
      expect(response.status).toBe(403)
      expect(page).toMatch(/^Refused by the application firewall\. Reason id: [0-9a-f-]{8,}$/)
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    }
  })

  test.each(harmless)('%s passes', async (text) => {
    const response = await fetch(echo(server, text))
    expect(response.status).toBe(200)
    expect(await response.text()).toContain(`<p>${text}</p>`)
  })

  test('a second value of the parameter is judged too', async () => {
    const response = await fetch(`${echo(server, 'fine')}&echo=${encodeURIComponent('<b>')}`)
    expect(response.status).toBe(mode === 'off' ? 200 : 403)
    await response.text()
  })

  test('the application reads the body that was judged', async () => {
    const post = (body: string): Promise<Response> =>
      fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(await (await post('{"device":"vent-01","groundMotion":0.25}')).json()).toEqual({
      device: 'vent-01',
      groundMotion: 0.25,
    })
    const twice = await post('{"device":"vent-01","device":"<script>alert(1)</script>"}')
    expect(twice.status).toBe(mode === 'off' ? 200 : 403)
    await twice.text()
  })
})

const program = findChromium()

describe.skipIf(program === null || deno === null)('in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startChromium(program ?? '')
  })
  afterAll(() => browser.close())

  test('the exploit runs where nothing stands before the server', async () => {
    const server = await start('off')
    for (const text of exploits)
      expect((await browser.visit(echo(server, text))).dialogs).toEqual(['taken-over'])
    await stop(server)
  })

  test.each(['middleware', 'inside'])('it does not with the firewall %s', async (mode) => {
    const server = await start(mode)
    for (const text of exploits) {
      const visit = await browser.visit(echo(server, text))
      expect(visit.dialogs).toEqual([])
      expect(visit.text).toContain('Reason id')
    }
    expect((await browser.visit(echo(server, '1 < 2'))).text).toBe('1 < 2')
    await stop(server)
  })
})
