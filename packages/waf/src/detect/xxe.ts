/**
 * detector  xxe
 * finds     XML that declares entities or names a document type elsewhere, and instructions that load something
 * how       declarations are refused as such: data has no need of them
 * passes    `<!DOCTYPE html>`, XML without declarations, `<?xml version="1.0"?>`
 * does not  resolve, expand or count anything
 *
 * In both expressions each run ends where the next place to begin at may stand (`<` or a quote), so no two places share one.
 */
import type { Detector } from '../model/detector.ts'

const declaration =
  /<!ENTITY[\s%]|<!DOCTYPE\s[^<>[]{0,200}(?:\[|\bSYSTEM\b|\bPUBLIC\b(?!\s+["']-\/\/(?:W3C|IETF)\/\/DTD (?:X?HTML|SVG)))|<!ATTLIST\s|<!ELEMENT\s|<!NOTATION\s|<\?xml-stylesheet\s|<xi:include\b|<xsl:(?:include|import|stylesheet|value-of|copy-of)\b|\bxmlns:xi\s*=|schemaLocation\s*=\s*["'][^"']*https?:\/\//i
/** What begins a message of SOAP; a declaration inside this very tag is looked for behind it. */
const envelope = /<\w{1,200}:Envelope/gi

export const xxe: Detector = {
  id: 'xxe',
  triggers:
    '<!entity <!doctype <!attlist <!element <!notation <?xml- <xi: xmlns:xi <xsl: schemalocation :envelope'.split(
      ' ',
    ),
  detect(text) {
    const declared = text.search(declaration)
    const at = declared >= 0 ? declared : brokenEnvelope(text)
    return at < 0 ? null : { at, length: 60, why: 'XML that declares or loads something' }
  },
}

/** `<soap:Envelope … <!`: the tag is not closed before a declaration begins. Both ends only ever move on. */
function brokenEnvelope(text: string): number {
  let close = -1
  let mark = -1
  for (const { index } of text.matchAll(envelope)) {
    if (mark < index) mark = text.indexOf('<!', index)
    if (mark < 0) return -1
    if (close < index) close = text.indexOf('>', index)
    if (close < 0) close = text.length
    if (mark < close) return index
  }
  return -1
}
