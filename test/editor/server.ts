/**
 * A real editor's other half: TypeScript's language server over its standard streams, asked about one policy file.
 *
 * Only what the tests ask for: completions at a place, and errors with theirs. The protocol is the Language Server
 * Protocol 3.17: JSON-RPC, each message after its `Content-Length`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A place in a file, both counted from 0. */
export interface Place {
  readonly line: number
  readonly character: number
}

/** An error, and what it underlines. */
export interface Fault {
  readonly start: Place
  readonly end: Place
  readonly message: string
}

export interface Editor {
  /** Puts `text` in the place of the whole policy file. */
  readonly write: (text: string) => void
  readonly complete: (at: Place) => Promise<readonly string[]>
  readonly faults: () => Promise<readonly Fault[]>
  readonly close: () => Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

/** As a site has them, with the sources in the place of an installed `thingwall`. */
export const settings = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024'],
    module: 'nodenext',
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    customConditions: ['thingwall-source'],
    paths: { thingwall: [join(root, 'packages/cli/src/index.ts')] },
  },
}

/** Opens an empty policy file in a folder of its own. */
export async function openEditor(): Promise<Editor> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'thingwall-editor-')))
  const file = join(folder, 'thingwall.policy.ts')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  writeFileSync(file, '')
  const { ask, tell, ended } = connect(folder)
  const textDocument = { uri: pathToFileURL(file).href }
  await ask('initialize', { processId: null, rootUri: pathToFileURL(folder).href, capabilities: {} })
  tell('initialized', {})
  tell('textDocument/didOpen', {
    textDocument: { ...textDocument, languageId: 'typescript', version: 1, text: '' },
  })
  let version = 1
  return {
    write(text) {
      version += 1
      tell('textDocument/didChange', {
        textDocument: { ...textDocument, version },
        contentChanges: [{ text }],
      })
    },
    async complete(position) {
      const found = await ask<{ items: readonly { label: string }[] } | null>('textDocument/completion', {
        textDocument,
        position,
      })
      return (found?.items ?? []).map(({ label }) => label)
    },
    async faults() {
      const found = await ask<{ items: readonly (Fault & { range: Pick<Fault, 'start' | 'end'> })[] }>(
        'textDocument/diagnostic',
        { textDocument },
      )
      return found.items.map(({ range, message }) => ({ ...range, message }))
    },
    async close() {
      await ask('shutdown', undefined)
      tell('exit', undefined)
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Connection {
  readonly ask: <Answer>(method: string, params: unknown) => Promise<Answer>
  readonly tell: (method: string, params: unknown) => void
  readonly ended: Promise<void>
}

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

function connect(cwd: string): Connection {
  const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], {
    cwd,
    stdio: 'pipe',
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const waiting = new Map<number | string, PromiseWithResolvers<unknown>>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  child.once('close', (code) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the language server ended with ${code}: ${said}`))
    end()
  })
  const send = (message: object): void => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const receive = ({ id, method, result, error }: Message): void => {
    if (id === undefined) return
    // What the server itself asks, such as for settings, has no answer here.
    if (method !== undefined) send({ id, result: null })
    else if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new Error(error.message))
    waiting.delete(id)
  }
  let rest: Buffer = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      const size = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, Math.max(head, 0)))?.[1])
      if (head === -1 || rest.length < head + 4 + size) return
      const body = rest.toString('utf8', head + 4, head + 4 + size)
      rest = rest.subarray(head + 4 + size)
      receive(JSON.parse(body) as Message)
    }
  })
  let last = 0
  return {
    ask<Answer>(method: string, params: unknown) {
      last += 1
      const answer = Promise.withResolvers<unknown>()
      waiting.set(last, answer)
      send({ id: last, method, params })
      return answer.promise as Promise<Answer>
    },
    tell: (method, params) => send({ method, params }),
    ended,
  }
}
