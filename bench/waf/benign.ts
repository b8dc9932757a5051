/**
 * Long texts that nobody should be refused for: what people write and what devices and their tools send, each of any length.
 * The same in every run.
 */

const words =
  'the gateway measured a pressure that was lower than what its neighbour had told and so valve number seven closed again before anybody could look at it while rain fell on the roof of the station'.split(
    ' ',
  )

/** Numbers from 0 to 1 that look random. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
}

/** Each kind of text under its name, `length` characters of it. */
export function* benignTexts(length: number): Generator<readonly [what: string, text: string]> {
  const random = numbers(1)
  const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const sentence = (): string => {
    const some = Array.from({ length: 6 + Math.floor(random() * 14) }, () => any(words)).join(' ')
    return `${some}${any(['. ', '; they said so. ', "! It's fine. ", '? "Yes", he wrote. ', ' (at noon). '])}`
  }
  const fixed = (digits: number): string => (random() * 90).toFixed(digits)
  const bytes = Uint8Array.from({ length: Math.ceil(length * 0.75) }, () => random() * 256)
  const base64 = Buffer.from(bytes).toString('base64')
  const kinds: Readonly<Record<string, (line: number) => string>> = {
    prose: () => sentence(),
    'prose with umlauts': () => sentence().replaceAll('a', 'ä').replaceAll('o', 'ø'),
    Chinese: () =>
      `${String.fromCharCode(...Array.from({ length: 20 }, () => 0x4e00 + Math.floor(random() * 5000)))}。`,
    'a log': (i) =>
      `2026-11-22T10:00:${i % 60}Z vent-0${i % 9} info temperature=${fixed(2)} state="open" from 10.0.0.${i % 255}:5683\n`,
    syslog: (i) =>
      `Nov 22 10:00:12 host kernel: [ ${i}.12] usb 1-1: new device number ${i % 9}; idProduct=${i}\n`,
    'an access log': (i) =>
      `10.0.0.${i % 255} - - [22/Nov/2026:10:00:00 +0000] "GET /search?q=red%20wine%26cheese&page=${i} HTTP/1.1" 200 ${i}\n`,
    Markdown: (i) =>
      any([
        `## ${sentence()}\n\n`,
        `- ${sentence()} see [this](https://example.com/${i})\n`,
        `${sentence()} use \`config.get\` and *more*\n\n`,
        `| a | b |\n|---|---|\n| ${i} | ${sentence()} |\n`,
      ]),
    CSV: (i) => `${i},2026-11-22 10:00:00,"vent-${i % 9}",${fixed(3)},${fixed(3)},ok\n`,
    HTML: (i) => `<p class="x">${sentence()}&amp; <b>${sentence()}</b> &lt;${i}&gt;</p>\n`,
    'JSON in a text': (i) =>
      `{"id":${i},"name":"vent-${i % 9}","values":[${fixed(3)},${fixed(3)}],"note":"all fine"},`,
    C: (i) =>
      `int read_${i}(struct dev *d, int n)\n{\n\tfor (int i = 0; i < n; i++) {\n\t\tif (d->state == ${i} && !d->busy)\n\t\t\treturn n - 1; /* ${sentence()} */\n\t}\n}\n`,
    JavaScript: (i) =>
      `function a${i}(b,c){if(b&&c.length>0){for(var d=0;d<b.length;d++)c[d]=b[d]+"x"}return c.map(function(e){return e*${i}})}`,
    'a dump': (i) => `${i.toString(16).padStart(8, '0')}: ${fixed(9)} ${fixed(9)}  ................\n`,
    settings: (i) =>
      `[section-${i}]\nname = vent-${i}\npath = /var/lib/vent/${i}\n# ${sentence()}\nenabled = true\n\n`,
    'all encodings at once': (i) =>
      `${sentence()} 100% of R&D, C:\\data\\${i} Zürich + Genève /* note */ a&amp;b %20 \\u00e4\n`,
  }
  yield ['base64', base64.slice(0, length)]
  yield ['base64 in lines', base64.replace(/.{76}/g, '$&\n').slice(0, length)]
  yield ['text in base64', Buffer.from(filled(length, sentence)).toString('base64').slice(0, length)]
  for (const [what, line] of Object.entries(kinds)) yield [what, filled(length, line)]
}

function filled(length: number, line: (index: number) => string): string {
  const lines: string[] = []
  for (let index = 0, size = 0; size < length; index++) {
    const next = line(index)
    lines.push(next)
    size += next.length
  }
  return lines.join('').slice(0, length)
}
