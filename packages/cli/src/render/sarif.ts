/**
 * Diagnostics as SARIF 2.1.0, the format in which code scanning takes the results of any tool.
 *
 * One run, one result for each diagnostic, one rule for each code that occurs. Paths are relative to where it runs.
 */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Code, codes, type Diagnostic, type Origin } from '@thingwall/policy'
import { readVersion } from '../frame/version.ts'
import { nearBy, showFile } from './place.ts'

/** One SARIF log, ended by a line break. */
export function renderAsSarif(diagnostics: readonly Diagnostic[], cwd: string): string {
  const found = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'thingwall', version: readVersion(), rules: found.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map((diagnostic) => resultOf(diagnostic, found.indexOf(diagnostic.code), cwd)),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(code: Code): object {
  const { title, severity } = codes[code]
  return {
    id: code,
    shortDescription: { text: title },
    help: { text: `docs/errors/${code}.md` },
    defaultConfiguration: { level: severity },
  }
}

function resultOf(diagnostic: Diagnostic, ruleIndex: number, cwd: string): object {
  const { code, severity, origin, related } = diagnostic
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: `${nearBy(diagnostic.message, cwd)}. ${nearBy(diagnostic.hint, cwd)}` },
    locations: origin === null ? [] : [locationOf(origin, cwd)],
    ...(related && {
      relatedLocations: [{ ...locationOf(related, cwd), id: 1, message: { text: 'what it contradicts' } }],
    }),
    ...(diagnostic.path !== '' && { properties: { path: diagnostic.path } }),
  }
}

function locationOf({ file, line, column }: Origin, cwd: string): object {
  const shown = showFile(file, cwd)
  const uri = isAbsolute(shown)
    ? pathToFileURL(shown).href
    : shown.split('/').map(encodeURIComponent).join('/')
  return {
    physicalLocation: { artifactLocation: { uri }, region: { startLine: line, startColumn: column } },
  }
}
