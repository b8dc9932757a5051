/** A server that runs beside the benchmark: where it is, what it costs, how it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Running {
  readonly url: string
  /** All processes that work for it. */
  processes(): readonly number[]
  stop(): Promise<void>
}

/** Starts `node.ts` as one of its servers. */
export async function startNode(which: 'bare' | 'ours' | 'easy-waf'): Promise<Running> {
  const args = ['--conditions=thingwall-source', join(import.meta.dirname, 'node.ts'), which]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([
    once(lines, 'line'),
    ended.then(([code]) => {
      throw new Error(`the server ${which} ended with ${code}`)
    }),
  ])) as [string]
  return {
    url: `http://127.0.0.1:${line}`,
    processes: () => [child.pid ?? 0],
    stop: async () => {
      child.kill()
      await ended
    },
  }
}

/** CPU seconds that the kernel has counted for some processes. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    // utime and stime, in ticks of a hundredth.
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

/** One that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until something is so; what it throws meanwhile counts as not yet, for ten seconds. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let last: unknown = null
  for (let tries = 0; tries < 200; tries++) {
    try {
      if (await isSo()) return
    } catch (error) {
      last = error
    }
    await sleep(50)
  }
  throw new Error(`${what} does not come up`, { cause: last })
}
