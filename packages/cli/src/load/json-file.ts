/** A JSON file that may come from anywhere: of a size that can be read at once, and what is wrong with it in words. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../frame/failure.ts'
import { safe } from '../render/text.ts'

/** Throws `Failure` (exit 2) where it cannot be read, is larger than that, or is not JSON. */
export function readJsonFile(path: string, cwd: string, mostBytes: number): unknown {
  const file = resolve(cwd, path)
  try {
    const { size } = statSync(file)
    if (size > mostBytes) throw new Error(`it has ${size} bytes; more than ${mostBytes} are not read`)
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    const hint = cause instanceof Error ? safe(cause.message, 300) : 'look at the file'
    throw new Failure(`${safe(path, 300)} ${what}`, { code: 'environment', hint, cause })
  }
}
