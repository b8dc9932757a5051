/**
 * Ceilings as text with units: `64 kB/s` of traffic, `30/min` new connections.
 *
 * Decimal units are powers of 1000 and `KiB`, `MiB`, `GiB` powers of 1024; `kbit` and its like are an eighth. Reads
 * only; what a ceiling does is the kernel's business.
 */
import type { Limit } from '../model/ruleset.ts'

/** How many bytes or connections in how many seconds. */
export type Rate = Pick<Limit, 'amount' | 'perSeconds'>

const bytesIn: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  bit: 1 / 8,
  kbit: 1e3 / 8,
  Mbit: 1e6 / 8,
  Gbit: 1e9 / 8,
}

const secondsIn: Readonly<Record<string, Rate['perSeconds']>> = { s: 1, min: 60, h: 3600 }

/** The largest amount, in bytes or connections; far above any interface, and exact as a number. */
const LARGEST = 1e12

/** Reads `64 kB/s` as 64,000 bytes in 1 second; null when it is no whole, positive amount of bytes. */
export function parseByteRate(text: string): Rate | null {
  const parts = /^(\d{1,12})(?:\.(\d{1,6}))? ?([A-Za-z]{1,4})\/(s|min|h)$/.exec(text)
  if (parts === null) return null
  const [, whole = '', fraction = '', unit = '', per = ''] = parts
  if (!Object.hasOwn(bytesIn, unit)) return null
  return rateOf((Number(whole + fraction) * (bytesIn[unit] as number)) / 10 ** fraction.length, per)
}

/** Reads `30/min` as 30 connections in 60 seconds; null when it is no whole, positive number. */
export function parseConnectionRate(text: string): Rate | null {
  const parts = /^(\d{1,12})\/(s|min|h)$/.exec(text)
  return parts === null ? null : rateOf(Number(parts[1]), parts[2] as string)
}

function rateOf(amount: number, per: string): Rate | null {
  const perSeconds = secondsIn[per]
  if (perSeconds === undefined || !Number.isInteger(amount) || amount < 1 || amount > LARGEST) return null
  return { amount, perSeconds }
}
