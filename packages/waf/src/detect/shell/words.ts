/**
 * The words of a command line as a shell makes them: quotes, backslashes, carets, empty expansions and `$IFS` are gone, a
 * brace list is words. One pass over a bounded piece. It deliberately expands nothing that it cannot know.
 */

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
    const char = piece[at] as string
    if (word === '' && at > 12) break
    if (/[A-Za-z0-9_./:+?*[\]~-]/.test(char)) {
      // Taken apart: signs between two characters of the word.
      if (hidden && word !== '' && at > 0 && !/[A-Za-z0-9_./:+?*[\]~-]/.test(piece[at - 1] as string))
        broken = true
      word += char
    } else if (char === "'" || char === '"' || char === '\\' || char === '^') {
      // A quote in the middle of a word, not the end of one.
      if (
        !/[A-Za-z0-9/'"\\?*$^`]/.test(piece[at + 1] ?? '') &&
        !(char !== '\\' && word !== '' && piece.indexOf(char, 0) < at)
      )
        break
      hidden = true
    } else if (char === '`' && piece[at + 1] === '`') {
      at++
      hidden = true
    } else if (char === '$') {
      const gone = /^\$(?:[@*!#?0-9_-]|\{[@*]\}|\(\)|[a-z_]\w{0,8}(?=[\s/]|$)|\{?IFS\}?(?:\$\d)?)/.exec(
        piece.slice(at),
      )?.[0]
      if (gone === undefined || gone.includes('IFS')) break
      at += gone.length - 1
      hidden = true
      broken ||= word !== ''
    } else break
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

/** `c?t`, `/b*n/p?ng`: a pattern that could be the path of a command. */
export function isGlob(text: string): boolean {
  return /^\/[\w./?*[\]-]*[?*[][\w./?*[\]-]*$/.test(text)
}
