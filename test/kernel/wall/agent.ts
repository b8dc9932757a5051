/**
 * Real sockets on the hosts of a test site, held by one small program on each (fixtures/host-agent.ts).
 *
 * A flow stays open between two steps of a test, across new rule sets; waiting is always for something to happen,
 * never for a time to pass.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type AgentOrder =
  | {
      readonly do: 'serve'
      readonly protocol: 'tcp' | 'udp'
      readonly port: number
      readonly groups?: readonly string[]
    }
  | ({ readonly do: 'open'; readonly id: string; readonly fromPort: number } & FlowOptions)
  | { readonly do: 'say'; readonly id: string; readonly text: string }
  | { readonly do: 'look' | 'end'; readonly id: string }
  /** From a server to whoever is connected: data of the other side. */
  | { readonly do: 'announce'; readonly port: number; readonly text: string }

export interface AgentAnswer {
  readonly fate: string
  readonly text: string
}

export interface FlowOptions {
  readonly protocol: 'tcp' | 'udp'
  readonly to: string
  readonly port: number
  readonly from?: string
  /** By default one that no other flow has. */
  readonly fromPort?: number
}

/** One flow a host has opened. */
export interface LiveFlow {
  /** Sends; what comes back shows in `hears`. */
  say(text: string): Promise<void>
  /** Waits until everything heard so far ends in this text; throws with what was heard when it does not. */
  hears(text: string): Promise<void>
  /** `say` and `hears`: the server echoes. */
  exchange(text: string): Promise<void>
  heard(): Promise<string>
  /** `opening`, `open` or the code of what went wrong. */
  fate(): Promise<string>
  /** Its own port, by which the packet log knows it. */
  readonly port: number
  end(): Promise<void>
}

export interface Agent {
  serve(protocol: 'tcp' | 'udp', port: number, groups?: readonly string[]): Promise<void>
  announce(port: number, text: string): Promise<void>
  /** Begins; does not wait for the connection. */
  begin(options: FlowOptions): Promise<LiveFlow>
  /** Begins and waits until it is open. */
  open(options: FlowOptions): Promise<LiveFlow>
  stop(): void
}

const program = join(import.meta.dirname, '../fixtures/host-agent.ts')
/** Below the kernel's own choices, and each used once. */
const firstPort = 20_000
let flows = 0
const patienceMs = 30_000

/** Starts the program in a namespace. */
export async function startAgent(namespacePath: string): Promise<Agent> {
  const child = spawn('nsenter', [`--net=${namespacePath}`, '--', process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ask = asker(child)
  await ask.ready
  const begin: Agent['begin'] = async (options) => {
    flows += 1
    const fromPort = options.fromPort ?? firstPort + flows
    const id = `flow-${flows}`
    await ask.order({ do: 'open', id, ...options, fromPort })
    return flowOf(id, fromPort, ask.order)
  }
  return {
    begin,
    async open(options) {
      const flow = await begin(options)
      await until(`${options.to} port ${options.port} to open`, async () => {
        const fate = await flow.fate()
        if (fate !== 'open' && fate !== 'opening')
          throw new Error(`${options.to} port ${options.port}: ${fate}`)
        return fate === 'open'
      })
      return flow
    },
    async serve(protocol, port, groups = []) {
      const { fate } = await ask.order({ do: 'serve', protocol, port, groups })
      if (fate !== 'serving') throw new Error(fate)
    },
    async announce(port, text) {
      await ask.order({ do: 'announce', port, text })
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

/** Looks again and again until it is so. Throws when it is not so for long. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  withinMs: number = patienceMs,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await sleep(4)
  }
}

function flowOf(id: string, port: number, order: (order: AgentOrder) => Promise<AgentAnswer>): LiveFlow {
  const look = (): Promise<AgentAnswer> => order({ do: 'look', id })
  const hears: LiveFlow['hears'] = async (text) => {
    let heard = ''
    await until(`“${text}” to be heard`, async () => {
      heard = (await look()).text
      return heard.endsWith(text)
    }).catch((error: Error) => {
      throw new Error(`${error.message}; heard “${heard}”`)
    })
  }
  const say: LiveFlow['say'] = async (text) => void (await order({ do: 'say', id, text }))
  return {
    say,
    hears,
    exchange: async (text) => {
      await say(text)
      await hears(text)
    },
    heard: async () => (await look()).text,
    fate: async () => (await look()).fate,
    port,
    end: async () => void (await order({ do: 'end', id })),
  }
}

function asker(child: ChildProcess): {
  readonly ready: Promise<AgentAnswer>
  readonly order: (order: AgentOrder) => Promise<AgentAnswer>
} {
  const waiting = new Map<number, (given: AgentAnswer) => void>()
  let tickets = 0
  child.on('message', (message: { readonly ticket: number; readonly given: AgentAnswer }) => {
    waiting.get(message.ticket)?.(message.given)
    waiting.delete(message.ticket)
  })
  const expectTicket = (ticket: number): Promise<AgentAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<AgentAnswer>()
    waiting.set(ticket, resolve)
    child.once('error', reject)
    child.once('exit', () => reject(new Error('the program on the host has ended')))
    promise.catch(() => {})
    return promise
  }
  child.setMaxListeners(0)
  return {
    ready: expectTicket(0),
    order: (order) => {
      tickets += 1
      const answered = expectTicket(tickets)
      child.send({ order, ticket: tickets })
      return answered
    },
  }
}
