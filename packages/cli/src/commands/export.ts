/** `thingwall export TARGET`: the policy for another program, or in another form, on standard output. */
import { asWritten, type Bindings, type CompileResult, policySchema, type Ruleset } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { suggest } from '../frame/suggest.ts'
import { renderDiagnostics } from '../render/diagnostics.ts'
import { compiled } from './compiled.ts'
import { openBindings, openPolicy, policyOption } from './open.ts'
import { printedBy } from './printed.ts'

type Compile = (call: Call, ruleset: Ruleset, bindings: Bindings, at: number) => CompileResult

const targets: Readonly<Record<string, () => Promise<Compile>>> = {
  nftables: async () => {
    const { nftables } = await import('@thingwall/policy/nftables')
    return (call, ruleset, bindings, at) => compiled(call, nftables, ruleset, { bindings, at, log: null })
  },
}

/** The same policy, or what may stand in one, in other forms. */
const forms: Readonly<Record<string, (call: Call, host: Host) => Promise<Report>>> = {
  yaml: async (call, host) => {
    const { stringify } = await import('yaml')
    const schema = '# yaml-language-server: $schema=policy.schema.json   (thingwall export schema)\n'
    return policyAs(
      call,
      host,
      (data) => schema + stringify(data, { lineWidth: 110, aliasDuplicateObjects: false }),
    )
  },
  json: (call, host) => policyAs(call, host, (data) => `${JSON.stringify(data, null, 2)}\n`),
  schema: async () => ({
    exit: exits.fine,
    json: policySchema,
    text: () => `${JSON.stringify(policySchema, null, 2)}\n`,
    next: [],
  }),
}

async function policyAs(call: Call, host: Host, format: (data: object) => string): Promise<Report> {
  const { loaded, document, diagnostics } = await openPolicy(call, host)
  const data = asWritten(document)
  const printed = printedBy(loaded)
  return {
    exit: exits.fine,
    json: data,
    text: () => format(data),
    aside: (page) => printed(page) + renderDiagnostics(diagnostics, loaded, page),
    next: [['thingwall check --policy FILE.yaml', 'once it is in a file: that it says the same']],
  }
}

export async function run(call: Call, host: Host): Promise<Report> {
  const name = call.operands[0] as string
  if (Object.hasOwn(forms, name)) return (forms[name] as (typeof forms)[string])(call, host)
  const load = Object.hasOwn(targets, name) ? targets[name] : undefined
  if (load === undefined) throw await unknownTarget(name)
  const [compile, { loaded, ruleset, diagnostics, at }] = await Promise.all([load(), openPolicy(call, host)])
  const [artifact, refused] = compile(call, ruleset, openBindings(call, host, ruleset), at)
  if (artifact === null) {
    throw new Failure(`${name} cannot express this policy`, {
      code: 'policy',
      hint: 'each diagnostic says which rule, and what would do instead',
      exit: exits.no,
      diagnostics: loaded.locate(refused),
      project: loaded.project,
    })
  }
  const printed = printedBy(loaded)
  return {
    exit: exits.fine,
    json: artifact,
    text: () => artifact.text,
    aside: (page) =>
      printed(page) + renderDiagnostics([...diagnostics, ...loaded.locate(refused)], loaded, page),
    next: [
      [`thingwall export nftables${policyOption(call)} | nft -c -f -`, 'whether this kernel would take it'],
      [
        `thingwall explain${policyOption(call)} --from DEVICE --to ADDRESS:443/tcp`,
        'what one flow would meet',
      ],
    ],
  }
}

async function unknownTarget(name: string): Promise<Failure> {
  const known = [...Object.keys(targets), ...Object.keys(forms)]
  const meant = await suggest(name, known)
  return usage(
    `there is no target '${name}'`,
    meant === null ? `there is: ${known.join(', ')}` : `did you mean '${meant}'?`,
  )
}
