/**
 * What this thread has computed so far. `getrusage`, which Node asks, knows of the running slice only what the last tick
 * told, 4 ms ago or less: too coarse for what takes microseconds. The kernel's clock of the thread is exact.
 */
import { libc, systemError } from '../netlink/libc.ts'

const CLOCK_THREAD_CPUTIME_ID = 3

/** CPU nanoseconds of this thread since it began, work done in the kernel on its behalf included. */
export function threadCpuNanoseconds(): bigint {
  const time = new BigInt64Array(2)
  if (libc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, time) !== 0) throw systemError('clock_gettime')
  const [seconds = 0n, nanoseconds = 0n] = time
  return seconds * 1_000_000_000n + nanoseconds
}
