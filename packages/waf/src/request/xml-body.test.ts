/** What is told of XML: the document, names, attributes, texts, comments and CDATA. */
import { expect, test } from 'vitest'
import { defaultLimits } from './limits.ts'
import { Reading } from './reading.ts'
import { xmlReader } from './xml-body.ts'

function told(text: string): string[] {
  const lines: string[] = []
  const judge = {
    text: ({ part, name, text, kind }: { part: string; name: string; text: string; kind?: string }) => {
      if (kind !== 'file') lines.push(`${part} ${name} ${text}`)
      return null
    },
  }
  const reader = xmlReader(new Reading(judge, defaultLimits))
  reader.write(new TextEncoder().encode(text))
  reader.end()
  return lines
}

test.each<[text: string, lines: string[]]>([
  ['<a>1 &lt; 2</a>', ['value text 1 < 2']],
  ['<a b="c &amp; d"/>', ['name a/@b b', 'value a/@b c & d']],
  ['<a><!-- c --></a>', ['value comment  c ']],
  ['<a><![CDATA[1 > 0 <b>]]>x<![CDATA[y]]></a>', ['value text 1 > 0 <b>', 'value text x', 'value text y']],
  ['<a><![CDATA[no end > <b c="d">', ['value text no end > <b c="d">']],
  ['<a>\n  </a>', []],
])('%s', (text, lines) => {
  expect(told(text)).toEqual(lines)
})
