/**
 * Names that are weaker than they look: a wildcard under which anyone can register a host, and a host whose
 * addresses are a content network's, where they serve every other customer too.
 *
 * The table holds the large hosters only. It is no blocklist: these names are fine, but they are no identity.
 */
import type { Fault } from '../model/diagnostic.ts'
import type { Rule } from '../model/ruleset.ts'
import { isAuthored, isOver } from './never.ts'
import { type Check, faultOf } from './subject.ts'

/** Anyone can get a host under these, so a wildcard under them means anyone. */
const hosting: readonly string[] = [
  ...[
    'amazonaws.com',
    'amazonaws.com.cn',
    'awsglobalaccelerator.com',
    'elasticbeanstalk.com',
    'awsapprunner.com',
  ],
  ...[
    'azurewebsites.net',
    'cloudapp.net',
    'cloudapp.azure.com',
    'windows.net',
    'azurecontainerapps.io',
    'azure.com',
  ],
  ...['azure-api.net', 'azure-devices.net', 'trafficmanager.net', 'googleapis.com', 'appspot.com', 'run.app'],
  ...[
    'cloudfunctions.net',
    'firebaseapp.com',
    'firebaseio.com',
    'web.app',
    'googleusercontent.com',
    'herokuapp.com',
  ],
  ...['netlify.app', 'vercel.app', 'pages.dev', 'workers.dev', 'r2.dev', 'trycloudflare.com', 'fly.dev'],
  ...['onrender.com', 'railway.app', 'ondigitalocean.app', 'digitaloceanspaces.com', 'linodeobjects.com'],
  ...[
    'github.io',
    'githubusercontent.com',
    'gitlab.io',
    'ngrok.io',
    'ngrok.app',
    'ngrok-free.app',
    'duckdns.org',
  ],
  ...['dyndns.org', 'no-ip.org', 'ddns.net', 'myqcloud.com', 'aliyuncs.com', 'oraclecloud.com', 'scw.cloud'],
]

/** Content networks: besides the wildcard, each host's addresses are shared with other customers. */
const contentNetworks: readonly string[] = [
  ...['cloudfront.net', 'akamai.net', 'akamaized.net', 'akamaiedge.net', 'akamaihd.net', 'edgekey.net'],
  ...[
    'edgesuite.net',
    'fastly.net',
    'fastlylb.net',
    'cloudflare.net',
    'azureedge.net',
    'azurefd.net',
    'b-cdn.net',
  ],
  ...[
    'cdn77.org',
    'kxcdn.com',
    'stackpathdns.com',
    'llnwd.net',
    'edgecastcdn.net',
    'jsdelivr.net',
    'unpkg.com',
  ],
]

export const sharedNameCheck: Check = {
  code: 'TW2010',
  *find(subject) {
    const { ruleset, at } = subject
    for (const rule of ruleset.rules) {
      if (!isAuthored(rule) || rule.effect !== 'allow' || isOver(rule.endsAt, at)) continue
      for (const pattern of namesOf(rule)) {
        const words = weaknessOf(pattern)
        if (words !== null) yield faultOf(subject, rule, words)
      }
    }
  },
}

/** Every DNS name or wildcard that a rule's ends include. */
export function namesOf(rule: Rule): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { from, to } of rule.matches) {
    for (const atom of [...from.include, ...to.include]) if (atom.kind === 'name') names.add(atom.pattern)
  }
  return names
}

function weaknessOf(pattern: string): Pick<Fault, 'message' | 'hint' | 'value'> | null {
  if (pattern.startsWith('*.')) {
    const base = pattern.slice(2)
    const shared =
      !base.includes('.') || [...hosting, ...contentNetworks].some((suffix) => isSharedBase(base, suffix))
    return shared
      ? {
          message: `${pattern} means anyone: anybody can get a host under ${base}`,
          value: pattern,
          hint: 'Name the hosts the device really asks for.',
        }
      : null
  }
  const network = contentNetworks.find((suffix) => pattern.endsWith(`.${suffix}`))
  return network === undefined
    ? null
    : {
        message: `the addresses behind ${pattern} serve other customers of ${network} too`,
        value: pattern,
        hint: 'Know that this allows more than it says; narrow the service, or use a host of your own.',
      }
}

/** The suffix itself; or, as with `*.s3.eu-west-1.amazonaws.com`, a service or region of Amazon, Azure or Google under it. */
function isSharedBase(base: string, suffix: string): boolean {
  if (base === suffix) return true
  const nested = ['amazonaws.com', 'amazonaws.com.cn', 'windows.net', 'googleapis.com', 'cloudapp.azure.com']
  return nested.includes(suffix) && base.endsWith(`.${suffix}`)
}
