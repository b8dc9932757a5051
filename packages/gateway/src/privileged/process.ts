/**
 * The program of the privileged process: `node process.ts PURPOSE UID GID`, with its socket as descriptor 3, which is also
 * where systemd puts an accepted connection. Started by a process with CAP_NET_ADMIN, or given that by systemd. Ends
 * with 78 where it cannot serve, and says why on standard error.
 */
import { serve } from './serve.ts'

const SOCKET = 3
const CANNOT_SERVE = 78

const [purpose, uid, gid] = process.argv.slice(2)
try {
  if (purpose !== 'rules' && purpose !== 'kernel') throw new Error('PURPOSE is rules or kernel')
  if (!isId(uid) || !isId(gid)) throw new Error('UID and GID are numbers, and not root')
  serve({ fd: SOCKET, purpose, uid: Number(uid), gid: Number(gid) })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = CANNOT_SERVE
}

function isId(text: string | undefined): boolean {
  return /^[1-9]\d{0,8}$/.test(text ?? '')
}
