/** The folder a policy belongs to: it may read below it, and its source may be shown from below it. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** The nearest folder above a policy that holds `package.json` or `.git`; its own folder where none does. */
export function projectOf(path: string): string {
  const own = dirname(path)
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || existsSync(join(folder, '.git'))) return folder
  }
  return own
}

/** Whether a file that is there lies below a folder, links and `..` resolved. */
export function isBelow(folder: string, file: string): boolean {
  try {
    return realpathSync(file).startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
  } catch {
    return false
  }
}
