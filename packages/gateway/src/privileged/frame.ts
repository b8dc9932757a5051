/**
 * How requests and answers are put on a stream: the length of the rest, the length of the head, the head (JSON), and the
 * payload as it is, so that a rule set of 50 MB is not escaped and parsed. It knows no request.
 */

/** Lengths come first, each in four bytes, most significant first. */
const LENGTHS_BYTES = 8
const HEAD_LIMIT_BYTES = 16 * 1024 * 1024
const PAYLOAD_LIMIT_BYTES = 256 * 1024 * 1024

export interface Frame {
  readonly head: unknown
  readonly payload: Buffer
}

const NOTHING: Buffer = Buffer.alloc(0)

export function writeFrame(head: object, payload: Buffer = NOTHING): readonly Buffer[] {
  const text = Buffer.from(JSON.stringify(head))
  const lengths = Buffer.alloc(LENGTHS_BYTES)
  lengths.writeUInt32BE(text.length, 0)
  lengths.writeUInt32BE(payload.length, 4)
  return payload.length === 0 ? [Buffer.concat([lengths, text])] : [lengths, text, payload]
}

/** Takes pieces as they come and gives whole frames. Throws `RangeError` or `SyntaxError`: then the stream is of no use. */
export class FrameReader {
  private pieces: Buffer[] = []
  private size = 0
  private wanted = LENGTHS_BYTES
  private lengths: { readonly head: number; readonly payload: number } | null = null

  /** How many bytes the frame that is being read still lacks. */
  get missing(): number {
    return this.wanted - this.size
  }

  /** Adds a piece, which must not be used again, and returns the frames that are whole now. */
  push(piece: Buffer): readonly Frame[] {
    this.pieces.push(piece)
    this.size += piece.length
    const frames: Frame[] = []
    while (this.size >= this.wanted) {
      const bytes = this.take(this.wanted)
      if (this.lengths === null) {
        this.lengths = lengthsIn(bytes)
        this.wanted = this.lengths.head + this.lengths.payload
        continue
      }
      const { head } = this.lengths
      frames.push({
        head: JSON.parse(bytes.toString('utf8', 0, head)) as unknown,
        payload: bytes.subarray(head),
      })
      this.lengths = null
      this.wanted = LENGTHS_BYTES
    }
    return frames
  }

  private take(count: number): Buffer {
    const first = this.pieces[0] as Buffer
    const all = this.pieces.length === 1 ? first : Buffer.concat(this.pieces, this.size)
    this.size -= count
    this.pieces = this.size === 0 ? [] : [all.subarray(count)]
    return all.subarray(0, count)
  }
}

function lengthsIn(bytes: Buffer): { readonly head: number; readonly payload: number } {
  const head = bytes.readUInt32BE(0)
  const payload = bytes.readUInt32BE(4)
  if (head < 2 || head > HEAD_LIMIT_BYTES || payload > PAYLOAD_LIMIT_BYTES)
    throw new RangeError('a frame too large')
  return { head, payload }
}
