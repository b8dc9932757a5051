/**
 * Waits until a socket or listener has given up as many things as were expected. Nothing here knows what
 * the things are.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Drains `source` until it has given `count` things or `withinMs` have passed, and returns what came, which
 * may be fewer or more. Over veth pairs everything is as a rule there at the first look; the kernel may put
 * the work off to a thread of its own when there is much of it, and then it takes a few milliseconds.
 */
export async function drainUntil<T>(
  source: { drain(): T[] },
  count: number,
  withinMs: number = 1000,
): Promise<T[]> {
  const deadline = performance.now() + withinMs
  const got = source.drain()
  while (got.length < count && performance.now() < deadline) {
    await sleep(1)
    got.push(...source.drain())
  }
  return got
}
