/**
 * The words of a command line as a shell makes them: quotes, backslashes, carets, empty expansions and `$IFS` are gone, a
 * brace list is words. One pass over a bounded piece. It deliberately expands nothing that it cannot know.
 */

/** No command has a longer name. */
const longestName = 40

/** As much of a command as is ever looked at. */
const longest = 160

export interface Words {
  /** The first word; lower case, without its directory. */
  readonly command: string
  /** Whether the word had to be spelt out: nobody writes `w'h'oami` who means no harm. */
  readonly hidden: boolean
  /** Whether it was taken apart within: `w'h'oami`, `who$@ami`; a quoted word is not. */
  readonly broken: boolean
  /** Whether it was called by an absolute path. */
  readonly path: boolean
  /** What follows the word, as written. */
  readonly rest: string
  /** What stands right behind the word: empty at the end of the text. */
  readonly next: string
}

const PLAIN = 1
const SPELT = 2
const HIDING = 4

const classes: Uint8Array = new Uint8Array(128)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-')
  classes[char.charCodeAt(0)] = PLAIN
for (const char of '/:+?*[]~') classes[char.charCodeAt(0)] = SPELT
for (const char of '\'"\\^`$') classes[char.charCodeAt(0)] = HIDING

const classAt = (text: string, at: number): number => classes[text.charCodeAt(at)] ?? 0
const isWordly = (text: string, at: number): boolean => (classAt(text, at) & (PLAIN | SPELT)) !== 0

/** The plain word at `from`, when nothing in it or behind it can hide another one; else null. */
export function plainWordAt(text: string, from: number): string | null {
  let at = from
  while (at < from + 48 && classAt(text, at) === PLAIN) at++
  const next = classAt(text, at)
  // Two backticks are nothing, one ends the command.
  const isOver = next === 0 || (text[at] === '`' && text[at + 1] !== '`')
  return at > from && isOver ? text.slice(from, at).toLowerCase() : null
}

/** Reads the command that begins at `from`. */
export function wordsAt(text: string, from: number): Words | null {
  const piece = text.slice(from, from + longest)
  let word = ''
  let hidden = false
  let broken = false
  let at = 0
  if (piece.startsWith('{') && /^\{[\w./-]+,/.test(piece)) {
    at = 1
    hidden = true
  }
  for (; at < piece.length; at++) {
    if (word === '' && at > 12) break
    if (isWordly(piece, at)) {
      // Taken apart: signs between two characters of the word.
      if (hidden && word !== '' && !isWordly(piece, at - 1)) broken = true
      word += piece[at]
      if (word.length > longestName && !word.includes('/')) return null
      continue
    }
    const skipped = hiding(piece, at, word)
    if (skipped === 0) break
    if (piece[at] === '$') broken ||= word !== ''
    hidden = true
    at += skipped - 1
  }
  if (word === '') return null
  const slash = Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\'))
  const name = slash < 0 ? word : word.slice(slash + 1)
  return {
    command: name.toLowerCase(),
    hidden: hidden && word.length > 1,
    broken: broken && word.length > 1,
    path: slash >= 0 && /^(?:[/~.]|[a-zA-Z]:)/.test(word),
    rest: piece.slice(at),
    next: piece[at] ?? '',
  }
}

/** How many characters at `at` come to nothing within a word; 0: the word ends there. */
function hiding(piece: string, at: number, word: string): number {
  const char = piece[at] as string
  switch (char) {
    case "'":
    case '"':
    case '\\':
    case '^': {
      // A quote in the middle of a word, not the end of one.
      const goesOn = /[A-Za-z0-9/'"\\?*$^`]/.test(piece[at + 1] ?? '')
      return goesOn || (char !== '\\' && word !== '' && piece.indexOf(char, 0) < at) ? 1 : 0
    }
    case '`':
      return piece[at + 1] === '`' ? 2 : 0
    case '$': {
      const gone =
        /^\$(?:[@*!#?0-9_-]|\{[@*]\}|\(\)|[a-z_]\w{0,8}(?=[\s/]|$)|\{?IFS\}?(?:\$\d)?)/.exec(
          piece.slice(at, at + 16),
        )?.[0] ?? ''
      return gone.includes('IFS') ? 0 : gone.length
    }
    default:
      return 0
  }
}

/** `c?t`, `/b*n/p?ng`: a pattern that could be the path of a command. */
export function isGlob(text: string): boolean {
  if (!text.startsWith('/')) return false
  let pattern = false
  for (let at = 1; at < text.length; at++) {
    const char = text[at] as string
    if (char === '?' || char === '*' || char === '[') pattern = true
    else if (!/[\w./\]-]/.test(char) && !(char === '!' && text[at - 1] === '[')) return false
  }
  return pattern
}
