/** A first policy as the source of a policy file: TypeScript, YAML or JSON. */
import { formatAddress } from '@thingwall/policy'
import { stringify } from 'yaml'
import type { FirstPolicy, NetworkPlan } from './first-policy.ts'

const opening = (site: string): readonly string[] => [
  `The policy of ${site}: what each device may do, and why.`,
  'Things may do nothing until a rule says so, and a device that nobody has named is held.',
]

/** The text of `thingwall.policy.ts`. */
export function asTypeScript(plan: FirstPolicy): string {
  const words = [
    'network',
    'policy',
    ...(plan.devices.length > 0 ? ['device'] : []),
    ...(plan.tests.length > 0 ? ['test'] : []),
  ]
  const networks = plan.networks.map((one) => `    ${key(one.name)}: network({ ${networkWords(one)} }),`)
  const devices = plan.devices.map(
    ({ name, network: _, why, mac, ip }) =>
      `    ${key(name)}: device({ mac: ${text(mac)}, ip: ${text(ip)}, why: ${text(why)} }),`,
  )
  const strangers = plan.strangers.map(
    ({ link, address }) =>
      `    // '': camera.device({ mac: ${text(link)}, ip: ${text(formatAddress(address))} }),`,
  )
  const tests = plan.tests.map(
    ({ from, to, expect }) =>
      `    test.${expect === 'allow' ? 'allows' : 'denies'}(${text(from)}, ${text(to)}),`,
  )
  return `${[
    '/**',
    ...opening(plan.site).map((line) => ` * ${line}`),
    ' */',
    `import { ${words.sort().join(', ')} } from 'thingwall'`,
    '',
    '// Say what one kind of device may do, then name the devices of that kind below:',
    '//',
    `//   import { allow, profile } from 'thingwall'`,
    `//   const camera = profile('camera', {`,
    `//     why: 'Watches the yard',`,
    '//     rules: {',
    `//       cloud: allow.out({ to: 'api.vendor.example', service: 'https', why: 'Pictures go to the vendor' }),`,
    '//     },',
    '//   })',
    '',
    `export default policy(${text(plan.site)}, {`,
    `  owner: ${text(plan.owner)},`,
    '  networks: {',
    ...networks,
    '  },',
    devices.length + strangers.length === 0 ? '  devices: {},' : '  devices: {',
    ...devices,
    ...(strangers.length > 0
      ? ['    // Heard of on your things’ networks; name those you know:', ...strangers]
      : []),
    ...(devices.length + strangers.length === 0 ? [] : ['  },']),
    ...(tests.length > 0 ? ['  tests: [', ...tests, '  ],'] : []),
    '})',
  ].join('\n')}\n`
}

/** The text of `thingwall.policy.yaml`. */
export function asYaml(plan: FirstPolicy): string {
  const strangers = plan.strangers.map(
    ({ link, address }) => `#   mac: ${link}, ip: ${formatAddress(address)}`,
  )
  const heard =
    strangers.length > 0 ? ['# Heard of on your things’ networks; name those you know:', ...strangers] : []
  return `${[...opening(plan.site).map((line) => `# ${line}`), ...heard].join('\n')}\n${stringify(dataOf(plan), { lineWidth: 110 })}`
}

/** The text of `thingwall.policy.json`. It holds no comments, so who was only heard of stays out. */
export function asJson(plan: FirstPolicy): string {
  return `${JSON.stringify(dataOf(plan), null, 2)}\n`
}

function dataOf(plan: FirstPolicy): object {
  return {
    policy: plan.site,
    owner: plan.owner,
    networks: Object.fromEntries(plan.networks.map(({ name, ...one }) => [name, networkData(one)])),
    ...(plan.devices.length > 0 && {
      devices: Object.fromEntries(plan.devices.map(({ name, network: _, ...one }) => [name, one])),
    }),
    ...(plan.tests.length > 0 && { tests: plan.tests }),
  }
}

function networkWords(one: NetworkPlan): string {
  return Object.entries(networkData(one))
    .map(
      ([name, value]) =>
        `${name}: ${Array.isArray(value) ? `[${value.map(text).join(', ')}]` : typeof value === 'string' ? text(value) : String(value)}`,
    )
    .join(', ')
}

function networkData({ role, interfaces, cidrs, admin }: Omit<NetworkPlan, 'name'>): Record<string, unknown> {
  const single = (several: readonly string[]): unknown => (several.length === 1 ? several[0] : several)
  return {
    role,
    interface: single(interfaces),
    ...(role === 'uplink' ? { masquerade: true } : { cidrs }),
    ...(admin.length > 0 && { admin }),
  }
}

/** A property's name, quoted where it must be. */
function key(name: string): string {
  return /^[a-z]\w*$/.test(name) ? name : text(name)
}

/** A string of the source, whatever is in it. */
function text(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&').replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')}'`
}
