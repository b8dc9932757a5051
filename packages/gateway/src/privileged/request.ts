/**
 * What may be asked of the privileged process: a closed list, and the reader that lets nothing else in. Names, numbers
 * and elements are checked character by character here; the text of a rule set is checked in rule-text.ts.
 *
 * No request names a file, a program or a command of nft.
 */
import { familyOf, fieldsOf, nameOf, numberOf, only, Refused, type TableFamily } from './checked.ts'
import { type ElementStep, readChanges } from './element-changes.ts'
import { isOurTable } from './rule-text.ts'

export type Request =
  /** The payload is the rule set. One transaction. */
  | { readonly op: 'load' }
  /** The same, and nothing is changed. */
  | { readonly op: 'check' }
  | { readonly op: 'rules' }
  | { readonly op: 'objects' }
  | { readonly op: 'table'; readonly family: TableFamily; readonly table: string }
  /** `timer` also says how long elements have left. */
  | {
      readonly op: 'set' | 'map' | 'timer'
      readonly family: TableFamily
      readonly table: string
      readonly set: string
    }
  /** Changes of elements, one step after the other. One transaction. */
  | { readonly op: 'elements'; readonly steps: readonly ElementStep[] }
  /**
   * The payload is elements of a set that no packet meets yet, as nft reads them between braces. As many transactions as
   * it takes; refused as soon as the chain `marker` is not there, and where the set is one for nft to fill.
   */
  | {
      readonly op: 'fill'
      readonly family: TableFamily
      readonly table: string
      readonly set: string
      readonly marker: string
    }
  | { readonly op: 'setting'; readonly setting: Setting; readonly value: number }
  | { readonly op: 'socket'; readonly socket: SocketRequest }

/** What the unprivileged side may receive from the kernel. It gets a socket that it can read and not configure. */
export type SocketRequest =
  /** Logged packets of one NFLOG group: the first `copyBytes` of each, at most `batch` in a message. */
  | {
      readonly kind: 'packet-log'
      readonly group: number
      readonly copyBytes: number
      readonly batch: number
      readonly flushAfterMs: number
      readonly receiveBufferBytes: number
    }
  /** Flows as connection tracking opens and closes them. */
  | { readonly kind: 'flow-events'; readonly receiveBufferBytes: number }
  /** The flows that are open now, once, ended by NLMSG_DONE. */
  | { readonly kind: 'flow-table'; readonly receiveBufferBytes: number }
  /** Every change of a rule set, by whomever. */
  | { readonly kind: 'rule-changes'; readonly receiveBufferBytes: number }
  /** Frames of one interface that say who has an address (`wire-filter.ts`), whoever sends them. */
  | {
      readonly kind: 'address-frames'
      readonly interfaceIndex: number
      readonly receiveBufferBytes: number
    }

/** Kernel settings below /proc/sys that may be set. */
export type Setting =
  | 'net/ipv4/ip_forward'
  | 'net/ipv6/conf/all/forwarding'
  | 'net/ipv4/neigh/default/gc_thresh1'
  | 'net/ipv4/neigh/default/gc_thresh2'
  | 'net/ipv4/neigh/default/gc_thresh3'
  | 'net/ipv6/neigh/default/gc_thresh1'
  | 'net/ipv6/neigh/default/gc_thresh2'
  | 'net/ipv6/neigh/default/gc_thresh3'
  | 'net/netfilter/nf_conntrack_acct'
  | 'net/netfilter/nf_conntrack_max'
  | 'net/netfilter/nf_conntrack_tcp_loose'
  | 'net/netfilter/nf_conntrack_timestamp'

/** Their least and largest value. */
const SETTINGS: Readonly<Record<Setting, readonly [least: number, largest: number]>> = {
  'net/ipv4/ip_forward': [0, 1],
  'net/ipv6/conf/all/forwarding': [0, 1],
  'net/ipv4/neigh/default/gc_thresh1': [128, 4_194_304],
  'net/ipv4/neigh/default/gc_thresh2': [128, 4_194_304],
  'net/ipv4/neigh/default/gc_thresh3': [128, 4_194_304],
  'net/ipv6/neigh/default/gc_thresh1': [128, 4_194_304],
  'net/ipv6/neigh/default/gc_thresh2': [128, 4_194_304],
  'net/ipv6/neigh/default/gc_thresh3': [128, 4_194_304],
  'net/netfilter/nf_conntrack_acct': [0, 1],
  'net/netfilter/nf_conntrack_max': [1024, 16_777_216],
  'net/netfilter/nf_conntrack_tcp_loose': [0, 1],
  'net/netfilter/nf_conntrack_timestamp': [0, 1],
}

const MOST_BUFFER_BYTES = 256 * 1024 * 1024

/** Reads one request. Throws `Refused` for anything that is not on the list. */
export function readRequest(value: unknown): Request {
  const { op, ...rest } = fieldsOf(value)
  switch (op) {
    case 'load':
    case 'check':
    case 'rules':
    case 'objects':
      only(rest, [])
      return { op }
    case 'table':
      only(rest, ['family', 'table'])
      return { op, family: familyOf(rest.family), table: nameOf(rest.table) }
    case 'set':
    case 'map':
    case 'timer':
      only(rest, ['family', 'table', 'set'])
      return { op, family: familyOf(rest.family), table: nameOf(rest.table), set: nameOf(rest.set) }
    case 'elements':
      only(rest, ['changes'])
      return { op, steps: readChanges(rest.changes) }
    case 'fill': {
      only(rest, ['family', 'table', 'set', 'marker'])
      const table = nameOf(rest.table)
      if (!isOurTable(table)) throw new Refused('not our table')
      return { op, family: familyOf(rest.family), table, set: nameOf(rest.set), marker: nameOf(rest.marker) }
    }
    case 'setting': {
      only(rest, ['setting', 'value'])
      const { setting } = rest
      if (typeof setting !== 'string' || !Object.hasOwn(SETTINGS, setting))
        throw new Refused('no such setting')
      const [least, largest] = SETTINGS[setting as Setting]
      return { op, setting: setting as Setting, value: numberOf(rest.value, least, largest) }
    }
    case 'socket':
      only(rest, ['socket'])
      return { op, socket: readSocket(rest.socket) }
    default:
      throw new Refused('no such request')
  }
}

function readSocket(value: unknown): SocketRequest {
  const { kind, ...rest } = fieldsOf(value)
  const receiveBufferBytes = numberOf(rest.receiveBufferBytes, 4096, MOST_BUFFER_BYTES)
  switch (kind) {
    case 'packet-log':
      only(rest, ['group', 'copyBytes', 'batch', 'flushAfterMs', 'receiveBufferBytes'])
      return {
        kind,
        group: numberOf(rest.group, 0, 0xffff),
        copyBytes: numberOf(rest.copyBytes, 0, 0xffff),
        batch: numberOf(rest.batch, 1, 1000),
        flushAfterMs: numberOf(rest.flushAfterMs, 10, 10_000),
        receiveBufferBytes,
      }
    case 'address-frames':
      only(rest, ['interfaceIndex', 'receiveBufferBytes'])
      return { kind, interfaceIndex: numberOf(rest.interfaceIndex, 1, 0x7fffffff), receiveBufferBytes }
    case 'flow-events':
    case 'flow-table':
    case 'rule-changes':
      only(rest, ['receiveBufferBytes'])
      return { kind, receiveBufferBytes }
    default:
      throw new Refused('no such socket')
  }
}
