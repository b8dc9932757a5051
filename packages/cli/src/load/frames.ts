/**
 * Frames on a byte stream: two lengths, a JSON head, a body of any bytes. Reading takes what comes piece by piece
 * and holds no more than a limit; what a head means is not decided here.
 */

export interface Frame {
  readonly head: unknown
  readonly body: Uint8Array
}

/** Two 32-bit lengths, little-endian. */
export const PREFIX_BYTES = 8
const noBytes = new Uint8Array()

/** A frame as bytes. */
export function frameOf(head: object, body: Uint8Array = noBytes): Buffer {
  const text = Buffer.from(JSON.stringify(head))
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(body.length, 4)
  return Buffer.concat([prefix, text, body])
}

/** How many bytes of head and body follow a prefix. */
export function lengthsOf(prefix: Buffer): readonly [headBytes: number, bodyBytes: number] {
  return [prefix.readUInt32LE(0), prefix.readUInt32LE(4)]
}

/** Takes bytes, gives whole frames. Throws `RangeError` at a frame over the limit, `SyntaxError` at a head not JSON. */
export function frameReader(limitBytes: number): (piece: Buffer) => readonly Frame[] {
  let parts: Buffer[] = []
  let heldBytes = 0
  let wantedBytes = PREFIX_BYTES
  return (piece) => {
    parts.push(piece)
    heldBytes += piece.length
    const frames: Frame[] = []
    while (heldBytes >= wantedBytes) {
      const held = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
      parts = [held]
      const [headBytes, bodyBytes] = lengthsOf(held)
      wantedBytes = PREFIX_BYTES + headBytes + bodyBytes
      if (wantedBytes > limitBytes) throw new RangeError(`a frame of ${wantedBytes} bytes`)
      if (heldBytes < wantedBytes) break
      const headEnd = PREFIX_BYTES + headBytes
      frames.push({
        head: JSON.parse(held.toString('utf8', PREFIX_BYTES, headEnd)),
        body: held.subarray(headEnd, wantedBytes),
      })
      parts = [held.subarray(wantedBytes)]
      heldBytes -= wantedBytes
      wantedBytes = PREFIX_BYTES
    }
    return frames
  }
}
