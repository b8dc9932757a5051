/** Whether the store can be read without the daemon: said before an unreadable folder looks like an empty one. */
import { readdirSync } from 'node:fs'
import { Failure } from '../frame/failure.ts'

/** Throws `Failure` where there is no store, or not for us. */
export function requireReadable(folder: string): void {
  try {
    readdirSync(folder)
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code !== 'ENOENT'
    throw new Failure(
      isThere ? `${folder} cannot be read` : 'no gateway runs here, and nothing was recorded',
      {
        code: 'environment',
        hint: isThere
          ? 'run it with sudo, or start the gateway and ask as a member of the group of its socket'
          : 'start it: sudo thingwall gateway',
        cause,
      },
    )
  }
}
