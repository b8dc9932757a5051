/**
 * One text for each JSON value, so that equal values have equal texts whatever the order of their properties. It deliberately
 * reads nothing back.
 */
import type { JsonValue } from '../../request/body-reader.ts'

/** Recursion is as deep as the value, which is read within a limit. */
export function canonical(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] as JsonValue)}`)
  return `{${members.join()}}`
}

/** Whether a declared value is one that JSON has, no deeper than `depth`. */
export function isJson(value: unknown, depth = 32): value is JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return value === null || (depth > 0 && Object.values(value).every((one) => isJson(one, depth - 1)))
    default:
      return false
  }
}
