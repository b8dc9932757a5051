/**
 * What systemd's socket units do, for a gateway that somebody starts by hand as root: two sockets that only one user may
 * connect to, and a privileged process for each connection, which has it as descriptor 3. It reads nothing itself.
 */
import { lchownSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { startProgram } from './launch.ts'
import type { Purpose } from './serve.ts'

export interface AcceptOptions {
  /** Where the sockets are made: a folder that only root may change. */
  readonly folder: string
  /** Who may connect. */
  readonly uid: number
  readonly gid: number
  /** A process could not be started; whoever connected finds its connection closed. */
  readonly failed: (error: Error) => void
}

/** As many at a time as the units allow. */
const MOST_CONNECTIONS = 16

/** Paths of the sockets in a folder, under the names that the units give them. */
export function privilegedSockets(folder: string): Readonly<Record<Purpose, string>> {
  return { rules: join(folder, 'rules'), kernel: join(folder, 'kernel') }
}

/** Throws where a socket cannot be made. What is there already is somebody's who was killed, and is taken over. */
export async function acceptPrivileged(options: AcceptOptions): Promise<{ readonly close: () => void }> {
  const servers: Server[] = []
  const paths = privilegedSockets(options.folder)
  const close = (): void => {
    for (const server of servers) server.close()
  }
  try {
    for (const purpose of ['rules', 'kernel'] as const) {
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        socket.on('error', () => {})
        const child = startProgram(purpose, { connection: socket })
        child.stderr?.pipe(process.stderr, { end: false })
        child.on('error', (error) => options.failed(error))
        // The process has its own.
        socket.destroy()
      })
      server.maxConnections = MOST_CONNECTIONS
      servers.push(server)
      await bound(server, paths[purpose])
      lchownSync(paths[purpose], options.uid, options.gid)
    }
    return { close }
  } catch (error) {
    close()
    throw error
  }
}

/** Nobody but root may connect until it is somebody's. */
async function bound(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const before = process.umask(0o177)
  try {
    server.listen(path, resolve)
  } finally {
    process.umask(before)
  }
  await promise
  server.removeListener('error', reject)
}
