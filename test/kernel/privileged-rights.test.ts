/**
 * What the privileged process has given up, and what it refuses to a client that wants to break it, against the real
 * kernel. What it does for others: privileged.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { type Purpose, spawned } from '@thingwall/gateway'
import { afterEach, describe, expect, test } from 'vitest'
import { type Frame, FrameReader, writeFrame } from '../../packages/gateway/src/privileged/frame.ts'
import { nft, onEmptyKernel, opened, pidOf, written } from './privileged/ground.ts'

const launch = spawned()
const source = join(import.meta.dirname, '../../packages/gateway/src/privileged/process.ts')
const flags = ['--conditions=thingwall-source', '--disable-warning=ExperimentalWarning']

onEmptyKernel()

describe('rights', () => {
  const network = (1n << 12n) | (1n << 13n)
  const statusOf = (path: string): ReadonlyMap<string, string> =>
    new Map(
      readFileSync(path, 'utf8')
        .split('\n')
        .map((line) => line.split(/:\s*/, 2) as [string, string]),
    )
  const capabilities = (status: ReadonlyMap<string, string>, set: string): bigint =>
    BigInt(`0x${status.get(set)}`)

  test('it has CAP_NET_ADMIN and CAP_NET_RAW and nothing else, in no thread', async () => {
    const pid = pidOf(await opened())
    const main = statusOf(`/proc/${pid}/status`)
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) expect(capabilities(main, set), set).toBe(network)
    for (const set of ['CapInh', 'CapAmb']) expect(capabilities(main, set), set).toBe(0n)
    const threads = readdirSync(`/proc/${pid}/task`)
    expect(threads).toContain(String(pid))
    for (const thread of threads) {
      const status = statusOf(`/proc/${pid}/task/${thread}/status`)
      expect(capabilities(status, 'CapEff') & ~network).toBe(0n)
      expect(capabilities(status, 'CapPrm') & ~network).toBe(0n)
      expect(status.get('NoNewPrivs')).toBe('1')
      expect(status.get('Seccomp')).toBe('2')
    }
  })

  test('it is not root where there is somebody else to be', async () => {
    const pid = pidOf(await opened())
    const isAlone = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2] === '1'
    const status = statusOf(`/proc/${pid}/status`)
    const id = isAlone ? '0' : '65534'
    expect(status.get('Uid')?.split('\t')).toEqual([id, id, id, id])
    if (!isAlone) expect(status.get('Groups')?.trim()).toBe('')
  })

  test('a process that is not told what for, or as whom, does not serve', () => {
    for (const args of [[], ['everything', '65534', '65534'], ['rules', '0', '0'], ['rules', '65534', 'x']]) {
      const { status, stderr } = spawnSync(process.execPath, [...flags, source, ...args], {
        encoding: 'utf8',
      })
      expect(status).toBe(78)
      expect(stderr).not.toBe('')
    }
  })
})

describe('a hostile client', () => {
  interface Raw {
    readonly ask: (head: unknown, payload?: string) => Promise<Frame | null>
    readonly write: (bytes: Buffer) => void
    readonly next: () => Promise<Frame | null>
  }
  let socket: Socket | undefined
  afterEach(() => {
    socket?.destroy()
    socket = undefined
  })

  async function raw(purpose: Purpose): Promise<Raw> {
    const made = new Socket({ fd: launch(purpose).fd, readable: true, writable: true })
    socket = made
    const reader = new FrameReader()
    const frames: (Frame | null)[] = []
    let wake = (): void => {}
    made.on('error', () => {})
    made.on('data', (piece: Buffer) => {
      frames.push(...reader.push(piece))
      wake()
    })
    made.on('close', () => {
      frames.push(null)
      wake()
    })
    const next = async (): Promise<Frame | null> => {
      while (frames.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
      return frames.shift() as Frame | null
    }
    expect((await next())?.head).toEqual({ kind: 'hello' })
    return {
      next,
      write: (bytes) => {
        made.write(bytes)
      },
      ask: (head, payload) => {
        for (const bytes of writeFrame(
          head as object,
          payload === undefined ? undefined : Buffer.from(payload),
        ))
          made.write(bytes)
        return next()
      },
    }
  }

  test('what is not on the list is forbidden, and the next request is served', async () => {
    const { ask } = await raw('rules')
    for (const head of [
      { op: 'run', command: 'flush ruleset' },
      { op: 'exec', file: '/bin/sh' },
      ['load'],
      null,
      70,
      {},
    ]) {
      expect((await ask(head))?.head).toMatchObject({ kind: 'forbidden' })
    }
    for (const op of ['socket', 'setting'] as const) {
      const head = {
        op,
        setting: 'net/ipv4/ip_forward',
        value: 1,
        socket: { kind: 'flow-events', receiveBufferBytes: 4096 },
      }
      expect((await ask(head))?.head).toMatchObject({ kind: 'forbidden' })
    }
    const asked = { op: 'socket', socket: { kind: 'flow-events', receiveBufferBytes: 4096 } }
    expect((await ask(asked))?.head).toMatchObject({ kind: 'forbidden' })
    expect((await ask({ op: 'rules' }))?.head).toEqual({ kind: 'listing' })
  })

  test('a process for the kernel changes no rules', async () => {
    const { ask } = await raw('kernel')
    expect((await ask({ op: 'load' }, 'table inet thingwall\n'))?.head).toMatchObject({ kind: 'forbidden' })
    expect((await ask({ op: 'rules' }))?.head).toMatchObject({ kind: 'forbidden' })
    expect(nft('list', 'ruleset')).toBe('')
  })

  test.each([
    ['lengths of 4 GiB', Buffer.alloc(8, 0xff)],
    ['no JSON', Buffer.concat([Buffer.of(0, 0, 0, 4, 0, 0, 0, 0), Buffer.from('}}}}')])],
  ])('%s ends it', async (_, bytes) => {
    const { write, next } = await raw('rules')
    write(bytes)
    expect(await next()).toBeNull()
  })

  test('a rule set reads no file', async () => {
    // Readable by everybody, so that only the refusal stands between it and the kernel.
    const secret = '/run/secret.nft'
    writeFileSync(secret, 'table inet thingwall {\n\tchain included {\n\t}\n}\n', { mode: 0o644 })
    nft('-f', written(`include "${secret}"\n`))
    expect(nft('list', 'ruleset'), 'nft itself would read it').toContain('included')
    nft('flush', 'ruleset')
    const { ask } = await raw('rules')
    for (const text of [
      `include "${secret}"\n`,
      `table inet thingwall {\n\tinclude "${secret}"\n}\n`,
      `table inet thingwall\ninclude '${secret}'\n`,
      `table inet thingwall {\n\tchain a {\n\t\tinclude "${secret}"\n\t}\n}\n`,
      `table inet thingwall {\n\t5include "${secret}"\n}\n`,
      `table inet thingwall {\n\tcomment "a"include "${secret}"\n}\n`,
      `table inet thingwall {\n\tcomment "a\n"include "${secret}"\n}\n`,
      `table inet thingwall {\n# "\n\tinclude "${secret}"\n# "\n}\n`,
      `table inet thingwall {\n\tinc\\\nlude "${secret}"\n}\n`,
    ]) {
      expect((await ask({ op: 'load' }, text))?.head, text).toMatchObject({ kind: 'forbidden' })
      expect((await ask({ op: 'check' }, text))?.head, text).toMatchObject({ kind: 'forbidden' })
    }
    expect(nft('list', 'ruleset')).toBe('')
    rmSync(secret)
  })

  test("other programs' tables cannot be touched", async () => {
    nft('add', 'table', 'inet', 'filter')
    const { ask } = await raw('rules')
    const element = { verb: 'add', family: 'inet', table: 'filter', set: 'x', elements: ['1'] }
    expect((await ask({ op: 'elements', changes: [element] }))?.head).toMatchObject({ kind: 'forbidden' })
    for (const text of [
      'flush ruleset\n',
      'delete table inet filter\n',
      'table inet thingwall\nflush table inet filter\n',
    ])
      expect((await ask({ op: 'load' }, text))?.head).toMatchObject({ kind: 'forbidden' })
    expect(nft('list', 'tables')).toBe('table inet filter\n')
  })
})
