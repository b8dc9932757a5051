/**
 * Entering the lab, and above all leaving it: however a program ends, no process and no namespace of it is
 * left. Where namespaces are forbidden it says so, and why.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'

const program = join(import.meta.dirname, 'fixtures/lab-program.ts')
const node = [process.execPath, '--conditions=thingwall-source', program]
/**
 * Root by number only, with no right to make namespaces other than any user has. The one right kept is what
 * the kernel wants (since 5.12) of whoever maps the number 0 into a user namespace.
 */
const withoutRights = ['setpriv', '--bounding-set=-all,+setfcap', '--inh-caps=-all']

/** What a program sees that was not started from inside a lab, wherever these tests run. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('THINGWALL_LAB_')),
)

type Seen = { readonly networks: readonly string[]; readonly uid: number }

test.each([
  ['with rights', []],
  ['without rights', withoutRights],
])('the exit code comes out and the network inside is another one, %s', (_, before) => {
  const [command = '', ...args] = [...before, ...node, 'look']
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env })
  expect(stderr).toBe('')
  expect(status).toBe(3)
  const seen: Seen = JSON.parse(stdout)
  expect(seen.uid).toBe(0)
  expect(seen.networks).not.toContain(readlinkSync('/proc/self/ns/net'))
  expect(new Set(seen.networks).size).toBe(2)
})

test.each<[task: string, signal: NodeJS.Signals, exit: number | NodeJS.Signals]>([
  ['wait', 'SIGINT', 130],
  ['wait', 'SIGTERM', 143],
  ['wait', 'SIGHUP', 129],
  ['wait', 'SIGKILL', 'SIGKILL'],
  ['busy', 'SIGKILL', 'SIGKILL'],
  ['clean', 'SIGTERM', 7],
])('a program that would %s, after %s: nothing is left', async (task, signal, exit) => {
  for (const before of [[], withoutRights]) {
    const [command = '', ...args] = [...before, ...node, task]
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
    const { networks } = await firstLine(child)
    expect(processesIn(networks).length).toBeGreaterThan(0)
    child.kill(signal)
    const [code, killedBy] = await once(child, 'exit')
    expect(code ?? killedBy).toBe(exit)
    // The kernel ends what was below a killed process in its own time, which is short.
    for (let waited = 0; waited < 100 && processesIn(networks).length > 0; waited += 1) await sleep(10)
    expect(processesIn(networks)).toEqual([])
  }
})

test('where user namespaces are forbidden it says why, and what would help', () => {
  const [command = '', ...args] = ['unshare', '--user', '--map-root-user', ...node, 'forbid']
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', env })
  expect(status).toBe(2)
  expect(JSON.parse(stdout)).toEqual({
    kind: 'impossible',
    reason: 'this machine allows no user namespaces (user.max_user_namespaces is 0)',
    fix: 'sysctl -w user.max_user_namespaces=1000, or run the command as root',
  })
})

async function firstLine(child: ChildProcess): Promise<Seen> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += chunk
    if (text.includes('\n')) return JSON.parse(text)
  }
  throw new Error(`it ended after ${JSON.stringify(text)}`)
}

/** The processes we can see that are in one of these network namespaces. A namespace lives while it has any. */
function processesIn(networks: readonly string[]): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && networks.includes(readlinkSync(`/proc/${name}/ns/net`))
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}
