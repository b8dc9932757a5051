/**
 * What a browser does with a URL in an attribute, as far as it can be told from its scheme (WHATWG URL 4.4: leading
 * controls and spaces go, tabs and line breaks go everywhere). It deliberately resolves nothing.
 */
import { decodeEntities } from '../../decode/entities.ts'

const running = /^(?:javascript|vbscript|livescript|mocha|jscript|view-source|feed:javascript|jar):/
const carrying =
  /^data:(?:text\/(?:html|xml|javascript|ecmascript|x-scriptlet|vbscript)|image\/svg|application\/(?:xml|xhtml|javascript|x-javascript|ecmascript)|,|;|[a-z-]*\/?[a-z-]*[^,]{0,99},[^a-z]{0,9}<)/

/** The scheme that runs or carries code: `javascript:`, `data:text/html`; null where the URL only leads somewhere. */
export function runningScheme(value: string): string | null {
  const url = plainUrl(value)
  return running.exec(url)?.[0] ?? carrying.exec(url)?.[0] ?? null
}

/** Lower case, references resolved, and without what a URL parser leaves out; the first 200 characters. */
function plainUrl(value: string): string {
  const decoded = decodeEntities(value.slice(0, 2000), 'attribute')
  let out = ''
  for (let i = 0; i < decoded.length && out.length < 200; i++) {
    const code = decoded.charCodeAt(i)
    if (code <= 32 ? out !== '' && code === 32 : code !== 0xa0 && code !== 0xfffd && code !== 0x7f)
      out += decoded[i]
  }
  return out.toLowerCase()
}
