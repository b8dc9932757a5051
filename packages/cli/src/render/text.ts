/** Text on a page: escaped, wrapped, padded. Whatever came from a policy goes through `safe` before it is printed. */
import { escapeText } from '@thingwall/policy'

/** Foreign text, fit for a terminal: no control characters, at most `maxLength` long. */
export function safe(text: string, maxLength = 1000): string {
  return escapeText(text, maxLength)
}

/** Lines of at most `width` columns, broken between words where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    while (word.length > width) {
      const room = line === '' ? width : width - line.length - 1
      lines.push(line === '' ? word.slice(0, room) : `${line} ${word.slice(0, room)}`)
      word = word.slice(room)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** A paragraph whose lines after the first stand under its text, behind a term of fixed width. */
export function hanging(term: string, text: string, width: number): string {
  const lines = wrap(text, Math.max(20, width - term.length))
  return lines.map((line, at) => (at === 0 ? term : ' '.repeat(term.length)) + line).join('\n')
}

/** `1 error`, `2 errors`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${amount === 1 ? noun : noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}
