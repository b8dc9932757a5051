/**
 * The sockets that the daemon reads, opened by the privileged process: logged packets and flows for the recorder, changes
 * of rule sets for whoever watches them. It reads nothing of the first two itself.
 */
import { closeSync } from 'node:fs'
import type { Privileged } from '../privileged/privileged.ts'
import type { Log } from './log.ts'
import type { RecordingSockets } from './recording.ts'
import { type ChangedBy, ruleChanges } from './rule-changes.ts'

/** How often rule changes are read. A read without news is one system call. */
const READ_CHANGES_MS = 200
const CHANGES_BUFFER_BYTES = 1 << 20
/** What another program changes meanwhile is seen within a second still. */
const FLOOD_MS = 700
const EVENT_BUFFER_BYTES = 32 << 20
const PACKET_LOG = { copyBytes: 128, batch: 64, flushAfterMs: 100 } as const

type Opening = Pick<Privileged, 'openSocket' | 'setting'>

/** Throws where either cannot be had; null for the group leaves the packets out. */
export async function openEventSockets(privileged: Opening, group: number | null): Promise<RecordingSockets> {
  const receiveBufferBytes = EVENT_BUFFER_BYTES
  // Each comes from a process of its own, so none waits for the other.
  const opened = await Promise.allSettled([
    group === null
      ? null
      : privileged.openSocket({ kind: 'packet-log', ...PACKET_LOG, group, receiveBufferBytes }),
    privileged.openSocket({ kind: 'flow-events', receiveBufferBytes }),
  ])
  const [nflog, conntrack] = opened.map((one) => (one.status === 'fulfilled' ? one.value : null))
  const close = (): void => {
    for (const fd of [nflog, conntrack]) if (fd != null) closeSync(fd)
  }
  const refused = opened.find(({ status }) => status === 'rejected')
  if (refused?.status === 'rejected') {
    close()
    throw refused.reason
  }
  const held = (fd: number | null | undefined): RecordingSockets['nflog'] =>
    fd == null ? null : { fd, receiveBufferBytes, close: () => closeSync(fd) }
  return { nflog: held(nflog), conntrack: held(conntrack), close }
}

/**
 * Without the socket the look once a minute is all there is, and the log says so.
 *
 * While anybody listens the kernel makes a message of every element that is loaded: for a large rule set more work than
 * the load itself. So a flood is not listened to: what it said is that there is something to look at, and that is looked at
 * once more when the socket is back.
 */
export async function followChanges(
  privileged: Opening,
  log: Log,
  changed: (by: ChangedBy | null) => void,
): Promise<{ readonly end: () => void }> {
  let stop = (): void => {}
  let isEnded = false
  const onlySometimes = (error: unknown): void =>
    log.error({ error: String(error) }, 'changes of the rules are only looked for once a minute')
  const listen = async (): Promise<void> => {
    const fd = await privileged.openSocket({ kind: 'rule-changes', receiveBufferBytes: CHANGES_BUFFER_BYTES })
    if (isEnded) return closeSync(fd)
    const read = ruleChanges(fd)
    const timer = setInterval(() => {
      try {
        const { ours, by, isFlooded } = read()
        if (ours > 0) changed(by)
        if (isFlooded) pause()
      } catch (error) {
        clearInterval(timer)
        onlySometimes(error)
      }
    }, READ_CHANGES_MS)
    stop = () => {
      clearInterval(timer)
      closeSync(fd)
    }
  }
  const pause = (): void => {
    stop()
    const timer = setTimeout(() => {
      stop = () => {}
      listen().then(() => changed(null), onlySometimes)
    }, FLOOD_MS)
    stop = () => clearTimeout(timer)
  }
  await listen().catch(onlySometimes)
  return {
    end: () => {
      isEnded = true
      stop()
    },
  }
}
