/**
 * Source that should have been run on the server and not sent: PHP, JSP, ASP, scripts with the line that names their
 * interpreter. It deliberately says nothing of what browsers run, nor of source that is shown: escaped, or in Markdown's fences.
 */
import type { LeakRule } from './leak.ts'

const openings: readonly (readonly [RegExp, string])[] = [
  [
    /<\?php\s[^<>]{0,400}(?:\$[a-z_]\w{0,60}\s*=|\b(?:require|include)(?:_once)?\b|\bfunction\s|\bnamespace\s|\buse\s|\becho\s)/i,
    'PHP',
  ],
  [/<%@\s*(?:page|import|include|taglib|language|control|master)\b[^%]{0,300}%>/i, 'a server page'],
  [/<cf(?:query|component|function|set)\b[^>]{0,300}>/i, 'ColdFusion'],
]
const interpreter =
  /^#!\/(?:usr\/)?(?:local\/)?bin\/(?:env )?(?:bash|sh|dash|zsh|python\d?|perl|ruby|node|php)\b/

export const sourceCode: LeakRule = {
  id: 'leak/source',
  triggers: ['<?php', '<%@', '<cf', '#!/'],
  find(text, from) {
    for (const [opening, language] of openings) {
      const found = opening.exec(text)
      if (found === null || isFenced(text, found.index)) continue
      return { at: found.index, excerpt: found[0].slice(0, 80), why: `the source of ${language}` }
    }
    const script = from === 0 ? interpreter.exec(text.slice(0, 100)) : null
    return script === null ? null : { at: 0, excerpt: script[0], why: 'the source of a script' }
  },
}

/** Whether Markdown's fence stands right before it. */
function isFenced(text: string, at: number): boolean {
  return /```[^\n`]{0,20}\n\s{0,20}$/.test(text.slice(Math.max(0, at - 60), at))
}
