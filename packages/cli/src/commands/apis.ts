/**
 * What is wrong with the APIs of a policy, as the application firewall says it that would be made of them: `check` shows
 * it with all else. It deliberately judges nothing itself.
 */
import { type Code, type Diagnostic, diagnose, escapeText, type PolicyDocument } from '@thingwall/policy'
import { type DeclarationFaultKind, faultsIn, rulesOf } from '@thingwall/waf'

const codeOf: Readonly<Record<DeclarationFaultKind, Code>> = {
  shape: 'TW1002',
  route: 'TW6001',
  conflict: 'TW6002',
  contradiction: 'TW6003',
  exclusion: 'TW6004',
  pattern: 'TW6008',
  schema: 'TW6009',
}

/** Every fault of every API, with its place. */
export function faultsOfApis({ apis }: PolicyDocument): readonly Diagnostic[] {
  return Object.entries(apis).flatMap(([name, api]) =>
    faultsIn(rulesOf(api)).map(({ kind, path, message, hint, value }) =>
      diagnose(codeOf[kind], {
        message,
        path: ['apis', name, ...path].map(step).join('').slice(1),
        hint,
        origin: api.origin,
        ...(value === undefined ? {} : { value }),
      }),
    ),
  )
}

function step(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[\w#-]{1,64}$/.test(key) ? `.${key}` : `["${escapeText(key, 64)}"]`
}
