/**
 * The two parts of a state folder: root's, and below it the daemon's. The daemon is not root and writes to its own part
 * only, so that root never loads, follows or removes what somebody else has put in its place.
 */
import { join } from 'node:path'

/** The part of a state folder that is the daemon's. */
export function gatewayPart(folder: string): string {
  return join(folder, 'gateway')
}
