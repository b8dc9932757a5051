/** The token that callers over TCP show. Compared in a time that tells nothing of it. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** A token that can be guessed is none. */
export const SHORTEST_TOKEN = 16

/** Whether an `Authorization` header shows the token. */
export function shows(header: string | undefined, token: string): boolean {
  const given = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1] ?? ''
  return timingSafeEqual(digestOf(given), digestOf(token))
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
