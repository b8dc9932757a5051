/**
 * Looks up whom the routes of APIs name as their callers. APIs become no rules: the gateway sees the flow to a backend, not
 * what is said in it; the application firewall reads them from the document.
 */
import { didYouMean } from '../model/name.ts'
import { type Lowering, report } from './context.ts'

/** Reports every caller that the policy does not have. */
export function lowerApis(lowering: Lowering): void {
  const { apis, profiles, devices } = lowering.document
  const known = { profile: Object.keys(profiles), device: Object.keys(devices) }
  const names = { profile: new Set(known.profile), device: new Set(known.device) }
  for (const [api, { routes, origin }] of Object.entries(apis)) {
    for (const [key, route] of Object.entries(routes)) {
      for (const [at, caller] of (route.who ?? []).entries()) {
        const [kind, name] =
          'profile' in caller ? (['profile', caller.profile] as const) : (['device', caller.device] as const)
        if (names[kind].has(name)) continue
        const near = didYouMean(name, names[kind])
        report(lowering, 'TW1005', {
          message: `route ${key} of API ${api} is for ${kind} ${name}, which this policy does not have`,
          path: `apis.${api}.routes["${key}"].who[${at}].${kind}`,
          value: name,
          hint:
            near !== null
              ? `Did you mean ${near}?`
              : known[kind].length === 0
                ? `The policy has no ${kind}s.`
                : `It has: ${known[kind].slice(0, 10).join(', ')}.`,
          origin,
        })
      }
    }
  }
}
