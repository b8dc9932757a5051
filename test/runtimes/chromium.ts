/**
 * Chromium for one test: started without a window and with a profile of its own, spoken to over its DevTools protocol
 * (the WebSocket is Node's). It deliberately knows only what the tests need: open a page, and say which dialogs came up.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

/** The path of a Chromium, or null. */
export function findChromium(): string | null {
  return findProgram(['chromium', 'chromium-browser', 'google-chrome'])
}

/** The first of the names in `first`, then on PATH, that can be executed; or null. */
export function findProgram(names: readonly string[], first: readonly string[] = []): string | null {
  const folders = [...first, ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a page did while it loaded. */
export interface Visit {
  /** The messages of `alert`, `confirm` and `prompt`, each dismissed at once. */
  readonly dialogs: readonly string[]
  /** The text of the page. */
  readonly text: string
}

export interface Browser {
  visit(url: string): Promise<Visit>
  close(): Promise<void>
}

type Message = {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { message: string }
  readonly sessionId?: string
}

/** Starts a browser; `close` ends it and removes its profile. */
export async function startChromium(program: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'thingwall-chromium-'))
  const child = spawn(
    program,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const socket = new WebSocket(await addressOf(child))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  const waiting = new Map<
    number,
    { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }
  >()
  const heard: ((message: Message) => void)[] = []
  let last = 0
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    const call = message.id === undefined ? undefined : waiting.get(message.id)
    if (call === undefined) for (const listener of heard) listener(message)
    else if (message.error !== undefined) call.reject(new Error(message.error.message))
    else call.resolve(message.result ?? {})
  })
  const call = (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    })
  return {
    visit: (url) => visit(url, call, heard),
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await call('Browser.close').catch(() => child.kill())
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function visit(
  url: string,
  call: (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>,
  heard: ((message: Message) => void)[],
): Promise<Visit> {
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = (await call('Target.attachToTarget', { targetId, flatten: true })) as {
    sessionId: string
  }
  const dialogs: string[] = []
  // The empty page that a target begins with has a load of its own.
  const loads = new Set<string>()
  let loadEnded = (_: string): void => {}
  const ended = (loader: string): void => {
    loads.add(loader)
    loadEnded(loader)
  }
  heard.push(({ method, params, sessionId: from }) => {
    if (from !== sessionId) return
    if (method === 'Page.lifecycleEvent' && params?.['name'] === 'load') ended(String(params['loaderId']))
    if (method === 'Page.javascriptDialogOpening') {
      dialogs.push(String(params?.['message']))
      void call('Page.handleJavaScriptDialog', { accept: false }, sessionId)
    }
  })
  await call('Page.enable', {}, sessionId)
  await call('Page.setLifecycleEventsEnabled', { enabled: true }, sessionId)
  const { loaderId } = (await call('Page.navigate', { url }, sessionId)) as { loaderId: string }
  await new Promise<void>((resolve) => {
    loadEnded = (loader) => {
      if (loader === loaderId) resolve()
    }
    if (loads.has(loaderId)) resolve()
  })
  // What a page starts when it loads has come up once a task that it queued after has run.
  const expression = 'new Promise((done) => setTimeout(() => done(document.body?.innerText ?? ""), 100))'
  const evaluated = await call(
    'Runtime.evaluate',
    { expression, awaitPromise: true, returnByValue: true },
    sessionId,
  )
  await call('Target.closeTarget', { targetId })
  heard.pop()
  return { dialogs, text: String((evaluated['result'] as { value?: unknown }).value) }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the browser ended with ${code}`)))
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream })
    lines.on('line', (line) => {
      const found = /^DevTools listening on (ws:\S+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
}
