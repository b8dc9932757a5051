/** The checks that every request is put together from. They throw `Refused`, and never repeat what was sent. */

export const TABLE_FAMILIES = ['inet', 'arp', 'netdev', 'bridge', 'ip', 'ip6'] as const
export type TableFamily = (typeof TABLE_FAMILIES)[number]

const NAME = /^[A-Za-z][A-Za-z0-9/_.-]{0,127}$/

/** Something that is not on the list. The message never repeats what was sent. */
export class Refused extends Error {}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refused('not an object')
  return value as Readonly<Record<string, unknown>>
}

export function only(fields: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  if (Object.keys(fields).some((name) => !names.includes(name)))
    throw new Refused('a field that has no meaning')
}

export function familyOf(value: unknown): TableFamily {
  if (typeof value !== 'string' || !TABLE_FAMILIES.some((family) => family === value))
    throw new Refused('no such family')
  return value as TableFamily
}

/** A name as nft writes it without quotes. */
export function nameOf(value: unknown): string {
  if (typeof value !== 'string' || !NAME.test(value)) throw new Refused('not a name')
  return value
}

/** A whole number within its range. */
export function numberOf(value: unknown, least: number, largest: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > largest)
    throw new Refused('a number out of its range')
  return value
}
