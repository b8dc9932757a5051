/**
 * Holds the kernel to `evaluate` while everything changes: packets are sent, and each must come out exactly where the rule
 * set in force, with what the journal says devices have, lets it through. It also sees whether the steady device's packets
 * all arrive. Verdicts only: which rule decided is the property test's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { readJournal, thisClock } from '@thingwall/gateway'
import { buildFrame, parseFrame } from '@thingwall/gateway/lab'
import {
  type Address,
  bind,
  evaluate,
  type Flow,
  formatAddress,
  type LinkAddress,
  lower,
  type PolicyDocument,
  parseAddress,
  type Ruleset,
  readBindings,
  validate,
} from '@thingwall/policy'
import { isStated } from '@thingwall/policy/nftables'
import { doors, everyDoor, type Ground } from './ground.ts'
import { type Ends, STEADY } from './rounds.ts'

/** What is in force. */
export interface InForce {
  readonly ruleset: Ruleset
  /** As `readBindings` reads them. */
  readonly told: object
}

const own = new Set(
  Object.values(doors).flatMap(({ addresses }) =>
    addresses.map((text) => parseAddress(text.replace(/\/.*/, '')) as Address),
  ),
)

/** A policy as `apply` means it on the ground. */
export function inForceOf(document: PolicyDocument, told: object): InForce {
  const [valid, faults] = validate(JSON.parse(JSON.stringify(document)))
  const [ruleset, unmeant] = valid === null ? [null, []] : lower(valid)
  if (ruleset === null) throw new Error([...faults, ...unmeant].map(({ message }) => message).join('; '))
  return { ruleset, told }
}

export interface Judge {
  /** Sends a packet of the steady device. */
  readonly beat: () => void
  /** Sends packets that nobody waits for. */
  readonly flood: (all: readonly Ends[]) => void
  /** Sends each as a flow of its own; returns how many were let through. Throws where the kernel decides otherwise. */
  readonly judge: (all: readonly Ends[], inForce: InForce) => Promise<number>
  /** Sent and arrived packets of the steady device, once nothing more comes. */
  readonly steady: () => Promise<{ readonly sent: number; readonly arrived: number }>
}

const FIRST_PORT = 10_000
const LAST_PORT = 60_000

export function judging({ sockets, state }: Ground): Judge {
  let port = FIRST_PORT
  let beats = 0
  const heard = new Set<number>()
  const arrived = new Set<string>()

  const receive = (): void => {
    for (const door of everyDoor) {
      for (const bytes of sockets[door].drain()) {
        const { payload: packet } = parseFrame(bytes)
        if ((packet.kind !== 'ipv4' && packet.kind !== 'ipv6') || packet.payload.kind !== 'udp') continue
        const { sourcePort, data } = packet.payload
        if (sourcePort === STEADY.sourcePort && data !== undefined)
          heard.add(new DataView(data.buffer, data.byteOffset).getUint32(0))
        else arrived.add(`${sourcePort} ${packet.destination}`)
      }
    }
  }
  const send = (
    { ingress, link, source, destination, port: to }: Ends,
    from: number,
    data: Uint8Array,
  ): void => {
    const payload = { kind: 'udp', sourcePort: from, destinationPort: to, data } as const
    const packet = destination.includes(':')
      ? ({ kind: 'ipv6', source, destination, payload } as const)
      : ({ kind: 'ipv4', source, destination, payload } as const)
    sockets[ingress].send(buildFrame({ destination: doors[ingress].link, source: link, payload: packet }))
  }
  const settled = async (): Promise<void> => {
    for (let quiet = 0, before = -1; quiet < 3; quiet = arrived.size === before ? quiet + 1 : 0) {
      before = arrived.size
      await sleep(30)
      receive()
    }
  }
  const flowOf = ({ ingress, link, source, destination, port: to }: Ends, from: number): Flow => ({
    ingress,
    link: link as LinkAddress,
    source: parseAddress(source) as Address,
    destination: parseAddress(destination) as Address,
    protocol: 17,
    sourcePort: from,
    destinationPort: to,
    opens: true,
  })
  const modelOf = ({ ruleset, told }: InForce): ((ends: Ends, from: number) => string) => {
    const [bindings] = readBindings(told, ruleset)
    const { owners } = readJournal(state, thisClock()).said(ruleset)
    const bound = bind(ruleset, { owners, names: bindings?.names ?? new Map(), gateway: own })
    return (ends, from) => evaluate(ruleset, flowOf(ends, from), bound, Date.now()).verdict
  }
  return {
    beat: () => {
      const data = new Uint8Array(4)
      new DataView(data.buffer).setUint32(0, beats)
      beats += 1
      const ends = { ingress: 'things', link: STEADY.mac, source: STEADY.four } as const
      send({ ...ends, destination: STEADY.to, port: STEADY.port }, STEADY.sourcePort, data)
      receive()
    },
    flood: (all) => {
      for (const [at, ends] of all.entries()) send(ends, 61_000 + (at % 1000), new Uint8Array(40))
      receive()
    },
    judge: async (all, inForce) => {
      const sent = all.map((ends) => {
        port = port >= LAST_PORT ? FIRST_PORT : port + 1
        send(ends, port, new Uint8Array(8))
        return { ends, port }
      })
      await settled()
      const judged = modelOf(inForce)
      let allowed = 0
      for (const one of sent) {
        const verdict = judged(one.ends, one.port)
        const isThrough = arrived.delete(`${one.port} ${one.ends.destination}`)
        if (isThrough !== (verdict === 'allow'))
          throw new Error(
            `evaluate: ${verdict}; kernel: ${isThrough ? 'through' : 'dropped'}; ${JSON.stringify(one.ends)}`,
          )
        if (isThrough) allowed += 1
      }
      return allowed
    },
    steady: async () => {
      await settled()
      return { sent: beats, arrived: heard.size }
    },
  }
}

/** `MAC . ADDRESS` of each IPv6 address that a device has by the policy and the journal. */
export function boundByModel({ state }: Pick<Ground, 'state'>, { ruleset }: InForce): readonly string[] {
  const journal = readJournal(state, thisClock())
  return ruleset.devices
    .flatMap(({ link, addresses }, at) => {
      const given = journal
        .given(ruleset, at)
        .addresses.map(({ address }) => address)
        .filter((address) => !isStated(ruleset, address))
      return [...addresses, ...given]
        .filter((one) => one.length === 32)
        .map((one) => `${link} . ${formatAddress(one)}`)
    })
    .sort()
}

/** The same by the kernel, of every generation that is there. */
export function boundByKernel(listing: string): readonly string[] {
  return [...listing.matchAll(/([0-9a-f:]{17} \. [0-9a-f:]+)(?: timeout [^,}]*)?[,\s}]/g)]
    .map(([, one]) => one as string)
    .sort()
}
