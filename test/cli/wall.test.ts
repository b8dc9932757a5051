/**
 * The operating system's walls around a policy's code hold where Node's own have fallen, for root and for an ordinary
 * user. Which wall stands where, and what the program says of it: `wall-report.test.ts`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, openSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { thisMachine } from '../../packages/cli/src/load/machine.ts'
import { type Wall, wallsOn } from '../../packages/cli/src/load/wall.ts'
import { asOrdinary, hasUserNamespaces, isRoot, ORDINARY } from './ordinary.ts'
import { siteOf, volcano } from './program.ts'

const limits = { processorSeconds: 20, dataBytes: 2 ** 31, fileBytes: 0 }
const machine = thisMachine()

const attempts = join(import.meta.dirname, 'fixtures/escape.ts')
const site = siteOf({ 'thingwall.policy.ts': volcano })
const abstractName = `thingwall-wall-${process.pid}`
const servers: Server[] = []
const udp = createSocket('udp4')
let datagrams = 0
let connections = 0

beforeAll(async () => {
  const listening = (address: { port: number; host: string } | { path: string }): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        connections += 1
        socket.destroy()
      })
      servers.push(server)
      server.on('error', reject)
      server.listen(address, () => resolve(server))
    })
  await listening({ port: 0, host: '127.0.0.1' })
  await listening({ path: `\0${abstractName}` })
  udp.on('message', () => {
    datagrams += 1
  })
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
})

afterAll(() => {
  for (const server of servers) server.close()
  udp.close()
  site.remove()
})

function portOf(server: Server | undefined): number {
  const address = server?.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Runs the attempts behind a wall, or behind none. */
function escapeFrom(
  wall: Pick<Wall, 'wrap' | 'becomeId'>,
  before: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const facts = [wall.becomeId ?? 0, portOf(servers[0]), udp.address().port, abstractName, process.pid]
  const [program = '', ...args] = [
    ...before,
    ...wall.wrap,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    attempts,
    ...facts.map(String),
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.once('error', reject)
    child.once('close', () => {
      if (out === '') reject(new Error(err))
      else resolve(JSON.parse(out))
    })
  })
}

const unreachable = expect.stringMatching(/^E(NETUNREACH|CONNREFUSED|ADDRNOTAVAIL)$/)
const nothing = {
  tcp: unreachable,
  tcp6: unreachable,
  udp: unreachable,
  abstract: 'ECONNREFUSED',
  outside: unreachable,
  interfaces: [],
  capabilities: [0, 0, 0],
  noNewPrivileges: true,
}

describe('the strongest wall, with every fence inside Node gone', () => {
  test('without a wall the same attempts succeed', async () => {
    const before = { connections, datagrams }
    const got = await escapeFrom({ wrap: [], becomeId: null })
    expect(got).toMatchObject({
      tcp: 'connected',
      udp: 'sent',
      abstract: 'connected',
      signal: true,
      spawned: 'started',
    })
    expect(connections).toBe(before.connections + 2)
    await expect.poll(() => datagrams).toBe(before.datagrams + 1)
  })
  test.runIf(isRoot)('root: a user of its own that reaches nothing and starts nothing', async () => {
    const [wall] = wallsOn(machine, limits)
    expect(wall?.built).toEqual({ network: 'none', user: 'own', limits: true })
    const before = { connections, datagrams }
    expect(await escapeFrom(wall as Wall)).toMatchObject({
      ...nothing,
      uid: wall?.becomeId,
      groups: [wall?.becomeId],
      shadow: 'EACCES',
      environment: 'EACCES',
      memory: 'EACCES',
      signal: 'EPERM',
      root: 'EPERM',
      spawned: 'refused',
    })
    expect({ connections, datagrams }).toEqual(before)
  })
  test.runIf(hasUserNamespaces)(
    'an ordinary user: namespaces without rights, and nobody else in sight',
    async () => {
      const [wall] = wallsOn({ ...machine, uid: ORDINARY }, limits)
      expect(wall?.built).toEqual({ network: 'none', user: 'none', limits: true })
      const before = { connections, datagrams }
      expect(await escapeFrom(wall as Wall, asOrdinary)).toMatchObject({
        ...nothing,
        shadow: 'EACCES',
        environment: 'EACCES',
        memory: 'EACCES',
        signal: 'ESRCH',
        root: expect.stringMatching(/^E(PERM|INVAL)$/),
        processes: '64',
      })
      expect({ connections, datagrams }).toEqual(before)
    },
  )
})

test('files that somebody left open are closed, and the right to read is gone', () => {
  const open = openSync(join(site.folder, 'thingwall.policy.ts'), 'r')
  const fixtures = join(import.meta.dirname, 'fixtures')
  const node = [
    process.execPath,
    '--permission',
    '--allow-fs-read=*',
    '--disable-warning=ExperimentalWarning',
    join(fixtures, 'inherited.ts'),
  ]
  // Node marks the first sixteen of its own files itself; the kernel hands later ones on.
  const unused = Array.from({ length: 17 }, () => 'ignore' as const)
  const [program = '', ...args] = [...asOrdinary, ...node]
  const ran = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', ...unused, open],
  })
  closeSync(open)
  expect(ran.stderr).toBe('')
  expect(JSON.parse(ran.stdout)).toEqual({ before: true, after: 'EBADF', ownProgram: 'ERR_ACCESS_DENIED' })
})
