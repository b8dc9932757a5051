/** `--help`, rendered from the table of verbs. Imports nothing heavy: it must answer as fast as Node starts. */
import { type OptionName, type OptionSpec, options } from './options.ts'
import { pageOf } from './page.ts'
import type { Host, Page } from './report.ts'
import { type Verb, verbs } from './verbs.ts'

/** `thingwall --help`. */
export function printHelp(host: Host): void {
  host.stdout.write(helpText(pageOf(host, 'stdout')))
}

function helpText(page: Page): string {
  const rows = Object.entries(verbs).map(([name, verb]) => [name, verb.summary] as const)
  return `${page.ink('bold', 'thingwall')}: the firewall for fleets of things

${page.ink('bold', 'Usage')}
  thingwall COMMAND [OPTIONS]

${page.ink('bold', 'Commands')}
${columns(rows, page)}

${page.ink('bold', 'Options of every command')}
${columns(optionRows(['json', 'help']), page)}

${page.ink('bold', 'Exit codes')}
${columns(
  [
    ['0', 'yes; fine; nothing to do'],
    ['1', 'the answer is no: errors found, a test failed'],
    ['2', 'could not run: wrong usage, or something is missing here'],
    ['3', 'with --exit-code: there is something to do'],
  ],
  page,
)}

Next: thingwall check ${page.ink('dim', '(judges ./thingwall.policy.ts)')}
`
}

/** `thingwall VERB --help`. */
export function printVerbHelp(name: string, host: Host): void {
  host.stdout.write(verbHelpText(name, pageOf(host, 'stdout')))
}

function verbHelpText(name: string, page: Page): string {
  const verb = verbs[name] as Verb
  const operands = verb.operands.map((operand) => ` ${operand.name}`).join('')
  const takes = verb.operands.map((operand) => [operand.name, operand.help] as const)
  return `${page.ink('bold', `thingwall ${name}`)}: ${verb.summary}

${page.ink('bold', 'Usage')}
  thingwall ${name}${operands} [OPTIONS]

${takes.length === 0 ? '' : `${columns(takes, page)}\n\n`}${page.ink('bold', 'Options')}
${columns(optionRows([...verb.options, 'json', 'help']), page)}

${page.ink('bold', 'Examples')}
${verb.examples.map((example) => `  ${example}`).join('\n')}
${verb.exits === undefined ? '' : `\n${page.ink('bold', 'Exit codes')}\n${columns(verb.exits, page)}\n`}`
}

function optionRows(names: readonly OptionName[]): (readonly [string, string])[] {
  return names.map((name) => {
    const spec: OptionSpec = options[name]
    const short = spec.short === undefined ? '' : `-${spec.short}, `
    return [`${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help]
  })
}

function columns(rows: readonly (readonly [string, string])[], page: Page): string {
  const left = Math.max(...rows.map(([term]) => term.length))
  return rows.map(([term, text]) => `  ${page.ink('cyan', term.padEnd(left))}  ${text}`).join('\n')
}
