/**
 * Elements as the messages of one nftables transaction: NEWSETELEM and DELSETELEM between a begin and an end that say which
 * state of the machine's rules they are for (`linux/netfilter/nf_tables.h`, `nfnetlink.h`). Bytes only; who sends them is
 * `table-socket.ts`.
 */
import { type Layout, sizeOf } from './element-layout.ts'
import type { ElementReader } from './element-text.ts'

/** A set in the kernel. */
export interface Place {
  /** NFPROTO_…: see `FAMILY_NUMBERS`. */
  readonly family: number
  readonly table: string
  readonly set: string
}

const NFNL_BATCH_BEGIN = 0x10
const NFNL_BATCH_END = 0x11
const NFNL_BATCH_GENID = 1
export const SUBSYSTEM = 10
const NEWSETELEM = 12
const DELSETELEM = 14
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_CREATE = 0x400

const NESTED = 0x8000
const LIST_TABLE = 1
const LIST_SET = 2
const LIST_ELEMENTS = 3
const LIST_ELEM = 1
const ELEM_KEY = 1
const ELEM_DATA = 2
const ELEM_TIMEOUT = 4
const DATA_VALUE = 1

const HEAD_BYTES = 20
const BEGIN_BYTES: number = HEAD_BYTES + 8
const TIMEOUT_BYTES = 12
/** The length of an attribute has 16 bits. */
const LIST_LIMIT = 60_000

/** Puts messages together until they are sent, and can then be used again. */
export class ElementBatch {
  private readonly bytes: Buffer
  /** The same memory. What is written by words is in this machine's order, and begins at multiples of four. */
  private readonly words: Uint32Array
  private at = 0
  private last = 0
  private sequence = 0

  /** `sizeBytes`: of the whole batch. */
  constructor(sizeBytes: number) {
    const memory = new ArrayBuffer(sizeBytes)
    this.bytes = Buffer.from(memory)
    this.words = new Uint32Array(memory)
  }

  begin(): void {
    this.at = 0
    this.sequence = 0
    this.head(NFNL_BATCH_BEGIN, NLM_F_REQUEST)
    // The state it is for is filled in when it is sent.
    this.attribute(NFNL_BATCH_GENID, 4)
    this.at = BEGIN_BYTES
    this.bytes.writeUInt32LE(BEGIN_BYTES, 0)
  }

  /**
   * Adds messages for elements of one list until it is read or the batch is full; `full` leaves the rest in the reader.
   * `unknown` where the text is not for here: then nothing of the batch may be sent.
   */
  elements(
    verb: 'add' | 'delete',
    place: Place,
    layout: Layout,
    reader: ElementReader,
  ): 'done' | 'full' | 'unknown' {
    const sizes = sizesOf(layout)
    const most = 12 + sizes.keyBytes + 2 + 8 + sizes.dataBytes + TIMEOUT_BYTES
    while (reader.hasMore) {
      if (this.at + HEAD_BYTES + namesBytes(place) + 4 + most + HEAD_BYTES > this.bytes.length) return 'full'
      const from = this.at
      this.last = from
      this.head(
        (SUBSYSTEM << 8) | (verb === 'add' ? NEWSETELEM : DELSETELEM),
        NLM_F_REQUEST | (verb === 'add' ? NLM_F_CREATE : 0),
        place.family,
      )
      this.text(LIST_TABLE, place.table)
      this.text(LIST_SET, place.set)
      const list = this.at
      this.at += 4
      const end = Math.min(list + LIST_LIMIT, this.bytes.length - HEAD_BYTES) - most
      while (this.at <= end && reader.hasMore) if (!this.element(sizes, reader)) return 'unknown'
      this.attributeHead(list, this.at - list, LIST_ELEMENTS | NESTED)
      this.bytes.writeUInt32LE(this.at - from, from)
    }
    return 'done'
  }

  /** The whole, for the state of that number. Its last message asks for an answer. May be asked for again. */
  end(generation: number): Buffer {
    this.bytes[this.last + 6] = (this.bytes[this.last + 6] as number) | NLM_F_ACK
    this.bytes.writeUInt32BE(generation, HEAD_BYTES + 4)
    const from = this.at
    this.head(NFNL_BATCH_END, NLM_F_REQUEST)
    this.at = from
    return this.bytes.subarray(0, from + HEAD_BYTES)
  }

  private element({ keyBytes, dataBytes }: Sizes, reader: ElementReader): boolean {
    const from = this.at
    const keyAt = from + 12
    const keyEnd = keyAt + ((keyBytes + 3) & ~3)
    if (!reader.read(this.bytes, keyAt, keyEnd + 8)) return false
    this.attributeHead(from + 4, keyEnd - from - 4, ELEM_KEY | NESTED)
    this.attributeHead(from + 8, 4 + keyBytes, DATA_VALUE)
    let end = keyEnd
    if (dataBytes > 0) {
      this.attributeHead(keyEnd, 8 + dataBytes, ELEM_DATA | NESTED)
      this.attributeHead(keyEnd + 4, 4 + dataBytes, DATA_VALUE)
      end = keyEnd + 8 + dataBytes
    }
    const { timeoutMs } = reader
    if (timeoutMs > 0) {
      this.attributeHead(end, TIMEOUT_BYTES, ELEM_TIMEOUT)
      this.bytes.writeUInt32BE(Math.floor(timeoutMs / 0x1_0000_0000), end + 4)
      this.bytes.writeUInt32BE(timeoutMs % 0x1_0000_0000, end + 8)
      end += TIMEOUT_BYTES
    }
    this.attributeHead(from, end - from, LIST_ELEM | NESTED)
    this.at = end
    return true
  }

  private head(type: number, flags: number, family = 0): void {
    const { bytes, at } = this
    this.sequence += 1
    bytes.writeUInt32LE(HEAD_BYTES, at)
    bytes.writeUInt16LE(type, at + 4)
    bytes.writeUInt16LE(flags, at + 6)
    bytes.writeUInt32LE(this.sequence, at + 8)
    bytes.writeUInt32LE(0, at + 12)
    bytes.writeUInt8(family, at + 16)
    bytes.writeUInt8(0, at + 17)
    bytes.writeUInt16BE(type < 0x100 ? SUBSYSTEM : 0, at + 18)
    this.at = at + HEAD_BYTES
  }

  private text(type: number, value: string): void {
    const length = this.bytes.write(value, this.at + 4, 'latin1')
    this.bytes[this.at + 4 + length] = 0
    this.attribute(type, length + 1)
  }

  private attribute(type: number, lengthBytes: number): void {
    this.attributeHead(this.at, 4 + lengthBytes, type)
    this.at += (4 + lengthBytes + 3) & ~3
  }

  private attributeHead(at: number, lengthBytes: number, type: number): void {
    this.words[at >>> 2] = lengthBytes | (type << 16)
  }
}

interface Sizes {
  readonly keyBytes: number
  readonly dataBytes: number
}

/** One link address alone is not padded. */
function sizesOf({ key, data }: Layout): Sizes {
  const keyBytes = key.length === 1 && key[0] === 'link' ? 6 : sizeOf(key)
  return { keyBytes, dataBytes: data === null ? 0 : sizeOf([data]) }
}

function namesBytes({ table, set }: Place): number {
  return 2 * 8 + table.length + set.length
}
