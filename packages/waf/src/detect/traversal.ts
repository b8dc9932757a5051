/**
 * detector  traversal
 * finds     paths that climb out of where they begin, and paths to files that are nobody's business: `../../etc/passwd`,
 *           `..;/`, `C:\boot.ini`, `/.git/config`
 * how       runs of path characters are split at every spelling of a separator and walked, counting the depth; names of
 *           well-known secret files count where a separator stands before them
 * passes    `../img/logo.png`, `/usr/share/doc`, "edit /etc/hosts", dates and version numbers, an ellipsis ...
 * does not  open, resolve or compare anything on this machine
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { secretFiles } from './secret-files.ts'

const secretsByLast: ReadonlyMap<string, readonly (readonly string[])[]> = Map.groupBy(
  secretFiles,
  (segments) => segments.at(-1) ?? '',
)

export const traversal: Detector = {
  id: 'traversal',
  triggers: [
    ...'../ ..\\ /.. \\.. .. ./. .\\. 0x2e 0x2f 0x5c \0 /./ \\.\\ /. .ssh/ .git/ .aws/ .ini etc/ etc\\ proc/'.split(
      ' ',
    ),
    ...'var/log var/www var/run var/lib var/spool system32 winnt windows/ windows\\ _log .log inetpub .config'.split(
      ' ',
    ),
    ...'-inf wp-config id_ authorized_keys .conf .history .bash .ht .env @fs/ .exe .bak .old .orig .save .sw .sql .rdb .mdb .dump .db ~'.split(
      ' ',
    ),
  ],
  detect(text, field) {
    if (field.kind === 'file') return null
    return walk(spelledOut(text), field)
  },
}

/** `0x2e` and `0x2f` as some decoders read them; separators all of one kind. */
function spelledOut(text: string): string {
  const hex = text.includes('0x')
    ? text.replace(/0x(2e|2f|5c)/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : text
  return hex.replace(/[\\\u2215\u2216\u2044]/g, '/')
}

/** What ends a run of path characters, in prose and in code. */
const ends: Uint8Array = new Uint8Array(128)
for (const char of ' \t\n\r"\'`<>(){}[],|*=') ends[char.charCodeAt(0)] = 1

/** No climb and no secret is shorter without a dot in it. */
const shortest = 7

/** Each run of path characters in turn. */
function walk(text: string, field: Field): Evidence | null {
  let from = 0
  let first = true
  let spaced = false
  while (from < text.length) {
    let end = from
    let dots = false
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (ends[code] === 1) break
      if (code === 0x2e || code === 0x3f || code === 0) dots = true
    }
    if (end > from && !dots && end - from < shortest && field.place !== 'path') first = false
    else if (end > from) {
      const found = judgeRun(text, from, end, first || (text[from - 1] === '=' && !spaced), field)
      if (found !== null) return found
      first = false
    }
    if (text.charCodeAt(end) <= 32) spaced = true
    from = end + 1
  }
  return null
}

function judgeRun(text: string, from: number, end: number, begins: boolean, field: Field): Evidence | null {
  const run = text.slice(from, end)
  const evidence = (why: string): Evidence => ({ at: from, length: Math.min(end - from, 80), why })
  if (!run.includes('/')) {
    return /^[\x20-\x7e]+\0\.?[a-z]{2,5}$/i.test(run)
      ? evidence('a name cut off by NUL before its extension')
      : null
  }
  const segments = run
    .replace(/\p{Cc}+/gu, '')
    .toLowerCase()
    .split('/')
  const { lowest, climbs, dots } = depthOf(segments)
  const whole = begins && from === 0 && end === text.length
  if (field.place === 'path' && climbs > 0) return evidence('a path that climbs')
  if (field.kind === 'file-name' && climbs > 0) return evidence('a file name that climbs')
  const secret = secretFile(segments)
  if (secret !== null && (climbs > 0 || dots || begins || isStrong(secret)))
    return evidence(`a path to ${secret}`)
  if (field.place === 'path' && segments.some(isHidden)) return evidence('a hidden file or directory')
  if (field.place === 'path' && segments.some(isBackup)) return evidence('a copy that somebody left behind')
  if (climbs > 0 && begins && (lowest <= -2 || (whole && (lowest < 0 || climbs > 1))))
    return evidence('a path that climbs out of where it begins')
  if (segments.length > 60 && segments.filter((segment) => segment === '.').length > 50)
    return evidence('a path of many steps that lead nowhere')
  return null
}

/** `.git`, not `.well-known`, `.` or `..`. */
function isHidden(segment: string): boolean {
  return /^\.[a-z_]/.test(segment) && segment !== '.well-known'
}

/** What editors, databases and people in a hurry leave beside a file. */
function isBackup(segment: string): boolean {
  return /\.(?:bak|backup|old|orig|save|swp|swo|sql|rdb|mdb|sqlite3?|dump|db)$|\.\w+~$/.test(segment)
}

/** How far a path goes below where it begins, and how often it climbs; `...` and `..;x` climb for somebody. */
function depthOf(segments: readonly string[]): {
  readonly lowest: number
  readonly climbs: number
  readonly dots: boolean
} {
  let depth = 0
  let lowest = 0
  let climbs = 0
  let dots = false
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue
    const first = segment.charCodeAt(0)
    if ((first === 0x2e || first === 0x3f) && /^[.?]{2,5}(?:;|$)/.test(segment)) {
      dots = true
      if (segment.startsWith('..') && !/^\.{3}$/.test(segment)) {
        climbs++
        depth--
        lowest = Math.min(lowest, depth)
      }
    } else depth++
  }
  return { lowest, climbs, dots }
}

/** These are told of in no context but one. */
function isStrong(secret: string): boolean {
  return /^(?:etc\/(?:passwd|shadow|issue|master)|boot\.ini|win\.ini|id_(?:rsa|dsa|ecdsa|ed25519)|proc\/self|windows\/system32|winnt\/)/.test(
    secret,
  )
}

/** The first well-known secret that the segments lead to, a separator before it. */
function secretFile(segments: readonly string[]): string | null {
  const solid = segments.filter((segment) => segment !== '' && segment !== '.')
  for (let i = 0; i < solid.length; i++) {
    const name = nameOf(solid[i] ?? '')
    for (const secret of secretsByLast.get(name) ?? []) {
      const from = i - secret.length + 1
      if (
        from < 0 ||
        (from === 0 &&
          segments[0] !== '' &&
          secret.length === 1 &&
          solid.length === segments.length &&
          i === 0)
      )
        continue
      if (secret.every((part, offset) => nameOf(solid[from + offset] ?? '') === part)) return secret.join('/')
    }
  }
  return null
}

/** A segment without its parameters, as servers take them off. */
function nameOf(segment: string): string {
  const end = segment.search(/[;?#:]/)
  return end < 0 ? segment : segment.slice(0, end)
}
