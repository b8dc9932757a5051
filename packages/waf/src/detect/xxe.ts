/**
 * detector  xxe
 * finds     XML that declares entities or names a document type elsewhere, and instructions that load something
 * how       declarations are refused as such: data has no need of them
 * passes    `<!DOCTYPE html>`, XML without declarations, `<?xml version="1.0"?>`
 * does not  resolve, expand or count anything
 */
import type { Detector } from '../model/detector.ts'

const declaration =
  /<!ENTITY[\s%]|<!DOCTYPE\s[^<>[]{0,200}(?:\[|\bSYSTEM\b|\bPUBLIC\b(?!\s+["']-\/\/(?:W3C|IETF)\/\/DTD (?:X?HTML|SVG)))|<!ATTLIST\s|<!ELEMENT\s|<!NOTATION\s|<\?xml-stylesheet\s|<xi:include\b|<xsl:(?:include|import|stylesheet|value-of|copy-of)\b|\bxmlns:xi\s*=|schemaLocation\s*=\s*["'][^"']*https?:\/\/|<\w+:Envelope[^>]*<!/i

export const xxe: Detector = {
  id: 'xxe',
  triggers: [
    '<!entity',
    '<!doctype',
    '<!attlist',
    '<!element',
    '<!notation',
    '<?xml-',
    '<xi:',
    'xmlns:xi',
    '<xsl:',
    'schemalocation',
  ],
  detect(text) {
    const at = text.search(declaration)
    return at < 0 ? null : { at, length: 60, why: 'XML that declares or loads something' }
  },
}
