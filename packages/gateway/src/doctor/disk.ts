/** Whether the state folder can be written, and there is room: a full disk stops every apply. */
import type { Check } from './finding.ts'

const MEBI = 2 ** 20
const LITTLE_BYTES = 256 * MEBI
const TOO_LITTLE_BYTES = 16 * MEBI

export const disk: Check = async ({ room, state }) => {
  const { freeBytes, isWritable } = await room(state)
  const free = `${Math.floor(freeBytes / MEBI)} MiB free for ${state}`
  if (!isWritable)
    return [
      {
        check: 'disk',
        severity: 'missing',
        message: `${state} cannot be written by who asks`,
        mend: 'sudo thingwall doctor',
      },
    ]
  if (freeBytes < TOO_LITTLE_BYTES)
    return [
      {
        check: 'disk',
        severity: 'missing',
        message: `only ${free}: nothing can be applied`,
        mend: `du -xh ${state} | sort -h | tail`,
      },
    ]
  return freeBytes < LITTLE_BYTES
    ? [
        {
          check: 'disk',
          severity: 'warning',
          message: `only ${free}`,
          mend: `du -xh ${state} | sort -h | tail`,
        },
      ]
    : [{ check: 'disk', severity: 'fine', message: free, mend: null }]
}
