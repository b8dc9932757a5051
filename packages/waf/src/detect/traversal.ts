/**
 * detector  traversal
 * finds     paths that climb out of where they begin, and paths to files that are nobody's business: `../../etc/passwd`,
 *           `..;/`, `C:\boot.ini`, `/.git/config`
 * how       runs of path characters are walked segment by segment at every spelling of a separator, counting the depth; names
 *           of well-known secret files count where a separator stands before them. One pass, no string is made of a segment
 * passes    `../img/logo.png`, `/usr/share/doc`, "edit /etc/hosts", dates and version numbers, an ellipsis ...
 * does not  open, resolve or compare anything on this machine
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { codeAt } from './characters.ts'
import { PathRun } from './path/run.ts'

export const traversal: Detector = {
  id: 'traversal',
  triggers: [
    ...'.. .\\. 0x2e 0x2f 0x5c \0 \\.\\ /. .ssh/ .git/ .aws/ .ini etc/ etc\\ proc/'.split(' '),
    ...'var/log var/www var/run var/lib var/spool system32 winnt windows/ windows\\ _log .log inetpub'.split(
      ' ',
    ),
    ...'-inf wp-config id_ authorized_keys .conf .history .bash .ht .env @fs/ .exe .bak .old .orig .save .sw .sql .rdb .mdb .dump .db ~'.split(
      ' ',
    ),
  ],
  detect(text, field) {
    return field.kind === 'file' ? null : walk(text, field)
  },
}

/** What a character is in a path. */
const PLAIN = 0
const ENDS = 1
const SEPARATES = 2
const DOTS = 3
const ENDS_NAME = 4
const IGNORED = 5
const MAY_BE_HEX = 6

/** What ends a run of path characters, in prose and in code. */
const kinds: Uint8Array = new Uint8Array(160)
kinds.fill(IGNORED, 0, 32)
kinds.fill(IGNORED, 127, 160)
for (const char of ' \t\n\r"\'`<>(){}[],|*=') kinds[char.charCodeAt(0)] = ENDS
for (const char of '/\\') kinds[char.charCodeAt(0)] = SEPARATES
for (const char of '.?') kinds[char.charCodeAt(0)] = DOTS
for (const char of ';#:') kinds[char.charCodeAt(0)] = ENDS_NAME
kinds[0x30] = MAY_BE_HEX

function kindOf(code: number): number {
  if (code < 160) return kinds[code] as number
  return code === 0x2215 || code === 0x2216 || code === 0x2044 ? SEPARATES : PLAIN
}

const DOT = 0x2e
const QUESTION = 0x3f
const EQUALS = 0x3d

/** `0x2e`, `0x2f` and `0x5c` as some decoders read them: what they spell, 0 for nothing. */
function hexAt(text: string, at: number): number {
  if ((codeAt(text, at + 1) | 32) !== 0x78) return 0
  const [high, low] = [codeAt(text, at + 2), codeAt(text, at + 3) | 32]
  if (high === 0x32) return low === 0x65 ? DOT : low === 0x66 ? 0x2f : 0
  return high === 0x35 && low === 0x63 ? 0x5c : 0
}

/** No climb and no secret is shorter without a dot in it. */
const shortest = 7

/** Each run of path characters in turn. */
function walk(text: string, field: Field): Evidence | null {
  const run = new PathRun({ longest: text.length, isTarget: field.place === 'path' })
  let first = true
  let spaced = false
  for (let from = 0; from < text.length; ) {
    run.reset()
    let dots = false
    let odd = -1
    let at = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      let kind = kindOf(code)
      if (kind === PLAIN) {
        run.put(code >= 65 && code <= 90 ? code + 32 : code)
        if (code > 126 && odd < 0) odd = at
        continue
      }
      if (kind === ENDS) break
      let sign = code
      if (kind === MAY_BE_HEX) {
        sign = hexAt(text, at)
        if (sign !== 0) at += 3
        kind = sign === 0 ? PLAIN : sign === DOT ? DOTS : SEPARATES
        if (sign === 0) run.put(code)
      }
      if (kind === SEPARATES) run.separate()
      else if (kind === DOTS) {
        dots = true
        if (sign === QUESTION) run.putEnd(sign)
        else run.put(sign)
      } else if (kind === ENDS_NAME) run.putEnd(code)
      else if (kind === IGNORED) {
        dots ||= code === 0
        if (odd < 0) odd = at
      }
    }
    if (at > from) {
      run.end()
      const begins = first || (codeAt(text, from - 1) === EQUALS && !spaced)
      first = false
      if (dots || at - from >= shortest || field.place === 'path') {
        const whole = begins && from === 0 && at === text.length
        const why = run.segments > 1 ? whyOf(run, field, begins, whole) : cutOff(text, from, at, odd)
        if (why !== null) return { at: from, length: Math.min(at - from, 80), why }
      }
    }
    if (at < text.length && text.charCodeAt(at) <= 32) spaced = true
    from = at + 1
  }
  return null
}

/** `shell.php`, NUL, `.png`: `odd` is where the first character stands that is not printed. */
function cutOff(text: string, from: number, end: number, odd: number): string | null {
  if (odd <= from || end - odd > 7 || text.charCodeAt(odd) !== 0) return null
  return /^\.?[a-z]{2,5}$/i.test(text.slice(odd + 1, end)) ? 'a name cut off by NUL' : null
}

function whyOf(run: PathRun, field: Field, begins: boolean, whole: boolean): string | null {
  const { climbs, lowest, secret } = run
  const inPath = field.place === 'path'
  if (climbs > 0 && inPath) return 'a path that climbs'
  if (climbs > 0 && field.kind === 'file-name') return 'a file name that climbs'
  if (secret !== null && (climbs > 0 || run.dotted || begins || isStrong(secret)))
    return `a path to ${secret}`
  if (inPath && run.hidden) return 'a hidden file or directory'
  if (inPath && run.leftover) return 'a file that was left behind'
  if (climbs > 0 && begins && (lowest <= -2 || (whole && (lowest < 0 || climbs > 1))))
    return 'a path that climbs out'
  return run.segments > 60 && run.still > 50 ? 'a path of steps that lead nowhere' : null
}

/** These are told of in no context but one. */
function isStrong(secret: string): boolean {
  return /^(?:etc\/(?:passwd|shadow|issue|master)|boot\.ini|win\.ini|id_(?:rsa|dsa|ecdsa|ed25519)|proc\/self|windows\/system32|winnt\/)/.test(
    secret,
  )
}
