/**
 * One run of the command line: parse, do, report. Everything printed leaves through here, as text or as the one
 * JSON document, and every failure gets its message, hint and exit code here.
 */
import { type Exit, exits } from './exit.ts'
import { Failure } from './failure.ts'
import { pageOf } from './page.ts'
import { parse } from './parse.ts'
import type { Host, Report } from './report.ts'
import type { VerbName } from './verbs.ts'

/** Runs `argv` (without the program) and prints what comes of it. Never throws. */
export async function run(argv: readonly string[], host: Host): Promise<Exit> {
  const asJson = wantsJson(argv)
  try {
    const request = await parse(argv)
    switch (request.kind) {
      case 'help': {
        const { printHelp, printVerbHelp } = await import('./help.ts')
        if (request.verb === null) printHelp(host)
        else printVerbHelp(request.verb, host)
        return exits.fine
      }
      case 'version': {
        const { versionReport } = await import('./version.ts')
        return print(versionReport(), host, asJson)
      }
      case 'call': {
        const { commands } = await import('./commands.ts')
        const command = await commands[request.call.verb as VerbName]()
        return print(await command.run(request.call, host), host, asJson)
      }
      default:
        return request satisfies never
    }
  } catch (error) {
    const { failureReport } = await import('../render/failure.ts')
    const failure = error instanceof Failure ? error : unexpected(error)
    const { json, text } = failureReport(failure, host.cwd)
    if (asJson) host.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
    else host.stderr.write(text(pageOf(host, 'stderr')))
    return failure.exit
  }
}

function print(report: Report, host: Host, asJson: boolean): Exit {
  if (asJson) {
    host.stdout.write(`${JSON.stringify(report.json, null, 2)}\n`)
    return report.exit
  }
  const aside = pageOf(host, 'stderr')
  if (report.aside !== undefined) host.stderr.write(report.aside(aside))
  host.stdout.write(report.text(pageOf(host, 'stdout')))
  if (report.next.length > 0) {
    const lines = report.next.map(
      ([command, shows]) => `  ${aside.ink('cyan', command)}  ${aside.ink('dim', shows)}`,
    )
    host.stderr.write(`\n${aside.ink('bold', 'Next')}\n${lines.join('\n')}\n`)
  }
  return report.exit
}

/** Asked before parsing, so that a wrong command line is answered in JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}

/** Errors that carry a code and a hint (the gateway's own) keep them; anything else is a fault of ours. */
function unexpected(error: unknown): Failure {
  if (error instanceof Error && 'code' in error && 'hint' in error) {
    return new Failure(error.message, { code: String(error.code), hint: String(error.hint), cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new Failure(`something went wrong inside thingwall: ${message}`, {
    code: 'internal',
    hint: 'this is a fault of thingwall: please report it with the command line and the text above',
    cause: error,
  })
}
