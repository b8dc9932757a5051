/** `thingwall check`: every fault of a policy at once, and its own tests. */
import { check, checkWritten, type Diagnostic, hasErrors } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import type { Host, Report } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from '../render/diagnostics.ts'
import { renderForGithub } from '../render/github.ts'
import { showFile } from '../render/place.ts'
import { renderAsSarif } from '../render/sarif.ts'
import { count } from '../render/text.ts'
import { faultsOfApis } from './apis.ts'
import { policyOption, tryPolicy } from './open.ts'
import { printedBy } from './printed.ts'

const formats: Readonly<Record<string, (diagnostics: readonly Diagnostic[], cwd: string) => string>> = {
  sarif: renderAsSarif,
  github: renderForGithub,
}

export async function run(call: Call, host: Host): Promise<Report> {
  const { loaded, document, ruleset, diagnostics: found, at } = await tryPolicy(call, host)
  const analysed =
    document === null
      ? []
      : loaded.locate([
          ...faultsOfApis(document),
          ...(ruleset === null ? checkWritten(document, { at }) : check(document, ruleset, { at })),
        ])
  const diagnostics = [...found, ...analysed]
  const failed = hasErrors(diagnostics)
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const held = diagnostics.filter(({ code }) => code === 'TW2020').length
  const option = policyOption(call)
  const machineText = formats[call.options.format ?? 'text']?.(diagnostics, host.cwd)
  return {
    exit: failed ? exits.no : exits.fine,
    json: {
      ok: !failed,
      policy: document?.name ?? null,
      file: showFile(loaded.file, host.cwd),
      at: new Date(at).toISOString(),
      errors,
      warnings: diagnostics.length - errors,
      devices: ruleset?.devices.length ?? null,
      rules: ruleset?.rules.length ?? null,
      tests: document?.tests.length ?? null,
      wall: loaded.wall,
      diagnostics: diagnostics.map((one) => jsonOf(one, host.cwd)),
    },
    aside: printedBy(loaded),
    text(page) {
      if (machineText !== undefined) return machineText
      const body = renderDiagnostics(diagnostics, loaded, page)
      if (failed || document === null || ruleset === null) return body
      const facts = [
        count(ruleset.devices.length, 'device'),
        count(ruleset.rules.length, 'rule'),
        `${count(document.tests.length - held, 'test')} passed`,
        ...(held === 0 ? [] : [`${held} set aside`]),
      ]
      return `${body}${page.ink('green', 'ok')} ${showFile(loaded.file, page.cwd)}: ${facts.join(', ')}\n`
    },
    next:
      machineText !== undefined
        ? []
        : failed
          ? [[`thingwall check${option}`, 'again, once these are mended']]
          : [
              [`thingwall explain${option} --from DEVICE --to ADDRESS:443/tcp`, 'what one flow would meet'],
              [`thingwall export nftables${option}`, 'what the kernel would be told'],
            ],
  }
}
