/**
 * Draws what a command printed, colours included, as an SVG picture of a terminal:
 *
 *     FORCE_COLOR=1 npm run --silent demo 2>/dev/null | node scripts/picture.ts 'npm run demo' > docs/demo.svg
 *
 * The first argument is the command to show; further ones select paragraphs by words of their first line. It knows the
 * few colours that Thingwall prints and no other escape sequence.
 */
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'

const inks: Readonly<Record<string, string>> = {
  1: 'font-weight="bold"',
  2: 'fill="#8b949e"',
  31: 'fill="#ff7b72"',
  32: 'fill="#7ee787"',
  33: 'fill="#e3b341"',
  36: 'fill="#79c0ff"',
}
const lineHeight = 18
const letterWidth = 7.85
const margin = 16

const [command = '', ...wanted] = process.argv.slice(2)
const paragraphs = (await text(process.stdin)).trimEnd().split('\n\n')
const chosen = paragraphs.filter((paragraph) => {
  const [first = ''] = paragraph.split('\n')
  return wanted.length === 0 || wanted.some((words) => first.includes(words))
})
const lines = [`\u001b[36m$ ${command}\u001b[39m`, ...chosen.join('\n\n').split('\n')]
const columns = Math.max(...lines.map((line) => stripVTControlCharacters(line).length))
const width = Math.ceil(columns * letterWidth) + 2 * margin
const height = lines.length * lineHeight + 2 * margin
// The stated length keeps columns in line whatever font the reader has.
const rows = lines.map((line, at) => {
  const length = (stripVTControlCharacters(line).length * letterWidth).toFixed(0)
  return `<text x="${margin}" y="${margin + 13 + at * lineHeight}" textLength="${length}">${drawn(line)}</text>`
})
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(command)}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g fill="#e6edf3" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`)

/** Runs of text between escape sequences, each in its colour. */
function drawn(line: string): string {
  const [first = '', ...runs] = line.split('\u001b[')
  const drawnRuns = runs.map((run) => {
    const end = run.indexOf('m')
    const ink = inks[run.slice(0, end)]
    const part = escaped(run.slice(end + 1))
    return ink === undefined || part === '' ? part : `<tspan ${ink}>${part}</tspan>`
  })
  return escaped(first) + drawnRuns.join('')
}

function escaped(part: string): string {
  return part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
