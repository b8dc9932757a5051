/** This machine, as far as walls depend on it. Programs are taken from the system's folders, never from PATH. */
import { randomInt } from 'node:crypto'
import { accessSync, constants, readFileSync } from 'node:fs'
import type { Machine } from './wall.ts'

const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    userMap: readUserMap(),
    find: (program) => folders.map((folder) => `${folder}/${program}`).find(isProgram) ?? null,
    chance: (below) => randomInt(below),
  }
}

function readUserMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'utf8')
  } catch {
    return ''
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
