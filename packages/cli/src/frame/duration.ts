/** Spans of time as people write them on a command line, `90s`, `2m`, `1h`, `1d`, and as they read them. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** Milliseconds; null where the text is no span of time. Several parts stand biggest first: `1h30m`. */
export function parseDuration(text: string): number | null {
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text)
  if (match === null || text === '') return null
  return UNITS.reduce((sum, [, length], at) => sum + Number(match[at + 1] ?? 0) * length, 0)
}

/** The same the other way round, to the second, rounded up: `1m 58s`. */
export function formatDuration(durationMs: number): string {
  let left = Math.ceil(Math.max(0, durationMs) / 1000) * 1000
  const parts = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(left / length)
    left %= length
    return count > 0 ? [`${count}${unit}`] : []
  })
  return parts.length === 0 ? '0s' : parts.join(' ')
}
