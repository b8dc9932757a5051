/**
 * What the firewall remembers between requests: how much of an allowance is left to whom. Behind this interface, so that several
 * servers can share one memory. It deliberately holds nothing of a request.
 */

/** So many in so long. */
export interface Rate {
  readonly amount: number
  readonly perMs: number
}

export interface Taken {
  readonly allowed: boolean
  /** Where it is not allowed: after how long it would be. */
  readonly retryAfterMs: number
}

/** A memory of allowances. Its clock is its own: servers that share one share that too. */
export interface State {
  /** Takes one from the allowance of this key. What it rejects with is not caught: who cannot ask does not let pass. */
  take(key: string, rate: Rate): Taken | Promise<Taken>
}

const unitsMs: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000 }

/** Reads `30/min`, `5/s`, `1000/h`; null for anything else. */
export function parseRate(text: string): Rate | null {
  const [, amount = '', unit = ''] = /^(\d{1,12})\/(s|min|h)$/.exec(text) ?? []
  const perMs = unitsMs[unit]
  return perMs === undefined || Number(amount) < 1 ? null : { amount: Number(amount), perMs }
}
