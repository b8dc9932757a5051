/**
 * `multipart/form-data` (RFC 7578, RFC 2046 5.1) as it flows: parts are told as they become complete, long ones in pieces. A
 * boundary may be cut anywhere. Read strictly: lines end in one way throughout, nothing stands before the first part or
 * behind the last. It deliberately writes no file and keeps no part.
 */
import { decodeUtf8 } from '../decode/utf8.ts'
import type { Field } from '../model/request.ts'
import type { BodyReader } from './body-reader.ts'
import { byteText } from './bytes.ts'
import type { ContentType } from './content-type.ts'
import { LongValue } from './long-value.ts'
import { type PartHead, readPartHead } from './part-head.ts'
import { type Reading, Values } from './reading.ts'
import { windowLength } from './windows.ts'

const allowedBoundary = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/** The head of a part is a few lines; what is longer is no head. */
const longestHead = 16_384

export function multipartReader(reading: Reading, type: ContentType): BodyReader {
  const boundary = type.parameters.get('boundary') ?? ''
  if (!allowedBoundary.test(boundary))
    reading.refuse('multipart-boundary', 'a boundary that RFC 2046 does not allow', boundary)
  else if ([...type.parameters.keys()].some((name) => name.includes('*')))
    reading.refuse('multipart-boundary', 'a parameter in a spelling that few read')
  const parts = new Parts(reading, `--${boundary}`)
  return {
    write: (chunk) => parts.write(byteText(chunk)),
    end: () => parts.end(),
  }
}

class Parts {
  readonly #reading: Reading
  readonly #delimiter: string
  readonly #values: Values
  #state: 'first' | 'delimiter' | 'head' | 'text' | 'epilogue' = 'first'
  /** What is not read yet: never more than a head, or a delimiter and the line before it. */
  #rest = ''
  /** How lines end here: the first one says it for all. */
  #newline: '\r\n' | '\n' | null = null
  #lines: string[] = []
  #headLength = 0
  #head: PartHead | null = null
  #parts = 0
  /** Whether a name is a file's, of those that were there. */
  readonly #isFile: Map<string, boolean> = new Map()
  /** The text of the part as far as it is short. */
  #text = ''
  #long: LongValue | null = null

  constructor(reading: Reading, delimiter: string) {
    this.#reading = reading
    this.#delimiter = delimiter
    this.#values = new Values(reading)
  }

  write(chunk: string): void {
    if (this.#reading.stopped) return
    this.#rest += chunk
    while (!this.#reading.stopped && this.#advance());
  }

  end(): void {
    if (this.#reading.stopped) return
    switch (this.#state) {
      case 'first':
        this.#refuse('boundary', 'the boundary is not in the body')
        return
      case 'epilogue':
        return
      case 'delimiter':
        if (this.#rest !== '--') this.#refuse('end', 'the last part does not end')
        return
      default:
        this.#refuse('end', 'the last part does not end')
    }
  }

  #refuse(rule: string, why: string): false {
    this.#reading.refuse(`multipart-${rule}`, why, this.#rest)
    return false
  }

  /** One step; false when more text is needed. */
  #advance(): boolean {
    switch (this.#state) {
      case 'first':
        return this.#first()
      case 'delimiter':
        return this.#afterDelimiter()
      case 'head':
        return this.#headLine()
      case 'text':
        return this.#partText()
      case 'epilogue':
        if (/[^\r\n\t ]/.test(this.#rest)) this.#refuse('epilogue', 'something stands behind the last part')
        this.#rest = ''
        return false
      default:
        return this.#state satisfies never
    }
  }

  /** Empty lines, then the first delimiter. */
  #first(): boolean {
    const from = this.#rest.search(/[^\r\n]/)
    this.#rest = from < 0 ? '' : this.#rest.slice(from)
    if (this.#rest.startsWith(this.#delimiter)) return this.#delimiterEnds(this.#delimiter.length)
    if (this.#delimiter.startsWith(this.#rest)) return false
    return this.#rest.startsWith('--')
      ? this.#refuse('boundary', 'the boundary is not in the body')
      : this.#refuse('preamble', 'something stands before the first part')
  }

  #delimiterEnds(end: number): boolean {
    this.#rest = this.#rest.slice(end)
    this.#state = 'delimiter'
    return true
  }

  /** Behind a delimiter: two dashes, or the end of the line and a part. */
  #afterDelimiter(): boolean {
    if (this.#rest.length < 2 && this.#rest !== '\n') return false
    if (this.#rest.startsWith('--')) {
      this.#rest = this.#rest.slice(2)
      this.#state = 'epilogue'
      return true
    }
    const newline = this.#rest.startsWith('\r\n') ? '\r\n' : this.#rest.startsWith('\n') ? '\n' : null
    if (newline === null) return this.#refuse('boundary', 'a boundary that goes on')
    this.#newline ??= newline
    if (newline !== this.#newline) return this.#refuse('line', 'lines that end in two ways')
    this.#rest = this.#rest.slice(newline.length)
    if (++this.#parts > this.#reading.limits.parts)
      return this.#refuse('parts', `more than ${this.#reading.limits.parts} parts`)
    this.#state = 'head'
    this.#lines = []
    this.#headLength = 0
    return true
  }

  #headLine(): boolean {
    const end = this.#rest.indexOf('\n')
    const length = end < 0 ? this.#rest.length : end + 1
    if (this.#headLength + length > longestHead)
      return this.#refuse('header', `a head of more than ${longestHead} bytes`)
    if (end < 0) return false
    const newline = this.#rest[end - 1] === '\r' ? '\r\n' : '\n'
    if (newline !== this.#newline) return this.#refuse('line', 'lines that end in two ways')
    const line = this.#rest.slice(0, end + 1 - newline.length)
    this.#rest = this.#rest.slice(end + 1)
    this.#headLength += length
    if (line !== '') {
      if (line.startsWith(this.#delimiter))
        return this.#refuse('header', 'a part without an end of its headers')
      this.#lines.push(line)
      return true
    }
    const head = readPartHead(this.#lines)
    if ('rule' in head) {
      this.#reading.refuse(head.rule, head.why, head.text)
      return false
    }
    return this.#partBegins(head)
  }

  #partBegins(head: PartHead): boolean {
    const { name, fileName } = head
    const isFile = fileName !== null
    if ((this.#isFile.get(name) ?? isFile) !== isFile)
      return this.#refuse('name', 'a name that is a file once and a text once')
    this.#isFile.set(name, isFile)
    this.#head = head
    this.#state = 'text'
    if (this.#reading.name(name, name)) return false
    // A delimiter may follow at once: the line break that ends the head counts for it.
    this.#rest = this.#newline + this.#rest
    if (fileName === null) return true
    return !this.#values.value(name, { text: fileName, at: 0, last: true }, 'file-name')
  }

  /** The text up to a delimiter at the beginning of a line. */
  #partText(): boolean {
    const rest = this.#rest
    const mark = `\n${this.#delimiter}`
    const at = rest.indexOf(mark)
    // No further than the boundary: a body of many parts must not be searched again for each.
    const odd = (at < 0 ? rest : rest.slice(0, at)).indexOf(`\r${this.#delimiter}`)
    if (odd >= 0) return this.#badLine(odd)
    if (at < 0) {
      // The end of what is there may be the beginning of a delimiter, and of the line break before it.
      this.#take(rest.length - mark.length - 1)
      return false
    }
    const newline = rest[at - 1] === '\r' ? '\r\n' : '\n'
    if (newline !== this.#newline) return this.#badLine(at)
    this.#take(at + 1 - newline.length)
    if (this.#reading.stopped) return false
    this.#rest = this.#rest.slice(newline.length)
    this.#partEnds()
    return !this.#reading.stopped && this.#delimiterEnds(this.#delimiter.length)
  }

  /** What stands before is judged first, as it would be had it come in an earlier chunk. */
  #badLine(at: number): false {
    this.#take(at)
    return this.#refuse('line', 'lines that end in two ways')
  }

  #take(end: number): void {
    if (end <= 0) return
    this.#text += this.#rest.slice(0, end)
    this.#rest = this.#rest.slice(end)
    if (this.#text.length <= windowLength + 2) return
    const text = this.#ownText()
    this.#long ??= this.#longValue()
    this.#long.write(text)
  }

  /** What was taken, without the line break that was put before it. */
  #ownText(): string {
    const text = this.#long === null ? this.#text.slice(this.#newline?.length) : this.#text
    this.#text = ''
    return text
  }

  #partEnds(): void {
    const text = this.#ownText()
    if (this.#long === null && text.length <= windowLength) {
      this.#value({ text: decodeUtf8(text) ?? text, at: 0, last: true })
      return
    }
    const long = this.#long ?? this.#longValue()
    this.#long = null
    long.write(text)
    long.end()
  }

  #longValue(): LongValue {
    return new LongValue('none', (piece) => this.#value(piece))
  }

  #value(piece: Parameters<Values['value']>[1]): boolean {
    const kind: Field['kind'] = this.#head?.fileName == null ? 'text' : 'file'
    return this.#values.value(this.#head?.name ?? '', piece, kind)
  }
}
