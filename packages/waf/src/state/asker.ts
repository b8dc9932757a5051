/**
 * Under which key somebody's requests are counted: the caller where it is known, else the address it comes from, else all
 * strangers together. It deliberately proves nothing.
 */
import type { Caller } from '../model/decision.ts'

const longestId = 200

export function askerOf(caller: Caller | null, address: string | undefined): string {
  if (caller !== null) return `caller ${caller.id.slice(0, longestId)}`
  return address === undefined || address === '' ? 'strangers' : `address ${groupOf(address)}`
}

/** An IPv4 address, or the /64 of an IPv6 address: whoever has one address of it has all. */
function groupOf(text: string): string {
  const address =
    text
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .split('%', 1)[0] ?? ''
  const mapped = /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':') || address.length > 45) return address.slice(0, 45)
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...new Array<string>(zeros).fill('0'), ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
