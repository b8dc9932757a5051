/**
 * A decision as one line of JSON, for logs. Whatever a client sent, it stays one line and shows what it is: control characters, line
 * separators, and what turns or hides text on a screen are escaped.
 */
import type { Decision } from '../model/decision.ts'

/** The line, without its end. `atMs` is when it was decided, in milliseconds since 1970. */
export function decisionLine({ finding, answer, ...decision }: Decision, atMs: number): string {
  const line = JSON.stringify({
    at: new Date(atMs).toISOString(),
    ...decision,
    status: answer === null ? null : answer.status,
    ...(finding ?? { rule: null }),
  })
  return line.replace(/[\p{C}\u2028\u2029]/gu, escaped)
}

function escaped(char: string): string {
  let text = ''
  for (let at = 0; at < char.length; at++) text += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`
  return text
}
