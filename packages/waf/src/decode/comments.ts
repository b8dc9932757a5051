/**
 * A text without its block comments, for languages in which they stand between any two words, or within what a filter
 * takes for one. It deliberately keeps a comment that is left open: what it hides is no code to anybody.
 */

/** Null where there is none. */
export function dropComments(text: string): string | null {
  let out = ''
  let kept = 0
  for (let open = text.indexOf('/*'); open >= 0; ) {
    const close = text.indexOf('*/', open + 2)
    if (close < 0) break
    out += text.slice(kept, open)
    kept = close + 2
    open = text.indexOf('/*', kept)
  }
  return kept === 0 ? null : out + text.slice(kept)
}
