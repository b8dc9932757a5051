/** Turns what a disk says into the one error that tells what to do about the state folder. */
import { ThingwallError } from '../error.ts'

/** Does some work that writes to the state folder. Throws TW4008 where the disk does not take it. */
export async function refusing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const meaning = why === 'ENOSPC' ? 'the disk is full' : why === 'EROFS' ? 'it is read-only' : why
    throw new ThingwallError('TW4008', `the state folder ${folder} cannot be written: ${meaning}`, {
      hint: `nothing was changed: make room or give write access there, or name another folder with --state DIR (df -h ${folder})`,
      cause,
    })
  }
}
