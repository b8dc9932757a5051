/** What the nftables target can be told, beside the rule set. */
import type { Bindings } from '../../model/flow.ts'

export interface LogOptions {
  /** The NFLOG group. */
  readonly group: number
  readonly verdicts: 'deny' | 'all'
  /** How many packets of one sender are told, default `usualLogRate`; null: all. The rest is judged and counted all the same. */
  readonly perDevice?: LogRate | null
}

export interface LogRate {
  readonly perSecond: number
  /** Packets that may be told at once after a silence. */
  readonly burst: number
}

/** Enough to see all that a device tries, and little enough that a thousand of them at once do not fill the log. */
export const usualLogRate: LogRate = { perSecond: 20, burst: 200 }

export interface NftablesOptions {
  /** What devices were given and told, put into the rule set as elements with a timeout. */
  readonly bindings: Bindings
  /** The instant the artifact is for, in milliseconds since 1970: timeouts count from here. */
  readonly at: number
  /** Where packets of a verdict are logged (NFLOG), by rule id; null for nowhere. */
  readonly log: LogOptions | null
}

/** Name of the tables, in the families `inet` and `arp`. */
export const TABLE = 'thingwall'

/** The part of the connection mark that is ours; the rest is left to others. Of a flow let in, the number of its rule. */
export const MARK_MASK = 0x0fffffff
export const FIRST_LIVE = 0x01000000
/** No rule matched yet. Greater than every rank. */
export const NO_RANK = 0x0fffffff
