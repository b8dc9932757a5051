/**
 * A request as the engine reads it: four plain parts that every server has, and the fields found in them. It
 * deliberately knows no `Request`, no framework and no socket; adapters make this from what they have.
 */

/** A request before it is read. Texts are as they came over the wire: nothing is decoded yet. */
export interface RequestParts {
  readonly method: string
  /** The request target: `/path?query`, or an absolute URL. */
  readonly target: string
  /** In order, repeated ones too. Values with one character for each byte. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The whole body; null where there is none. */
  readonly body: Uint8Array | null
  /** Where the connection comes from, as the server trusts it: strangers are told apart by it. */
  readonly address?: string
}

/** Where in a request a value stands; `response`: in what the server answered. */
export type Place = 'method' | 'path' | 'query' | 'header' | 'cookie' | 'body' | 'response'

/** One value, or one name, as the application will read it. */
export interface Field {
  readonly place: Place
  /** The parameter, header or cookie; in JSON the way to the value: `data.items[3].name`. Empty for a path. */
  readonly name: string
  /** Whether `text` is the name itself or the value under it. Names are judged as values are. */
  readonly part: 'name' | 'value'
  readonly text: string
  /** What kind of body part it came from, where that matters: a file's content is not typed in by a person. */
  readonly kind?: 'file' | 'file-name' | 'text'
  /** Only where a value is too long to be read at once: which piece of it `text` is. */
  readonly piece?: { readonly at: number; readonly last: boolean }
}
