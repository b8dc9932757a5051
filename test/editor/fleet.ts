/**
 * Policy files of any size as a person would write them: every device, rule and test in full, no loops. A rule in turn
 * is of each form that names can stand in. The same size is the same text.
 */

/** How much a policy file says. */
export interface Size {
  readonly devices: number
  readonly rules: number
}

const KINDS = 12
const NETWORKS = 6

/** The text of a policy file, in which `more` is one more rule. */
export function fleetSource({ devices, rules }: Size, more = ''): string {
  return `import { allow, deny, list, network, policy, profile, test } from 'thingwall'

const bots = list('bots', { why: 'Seen', entries: {} })
${lines(KINDS, kind)}
export default policy('site', {
  networks: {
    station: network({ role: 'trusted', interface: 'lan0', cidrs: '10.30.0.0/24' }),
${lines(NETWORKS, inside)}  },
  devices: {
${lines(devices, device)}  },
  rules: {
${lines(rules, (at) => rule(at, devices))}${more}
  },
  tests: [
${lines(devices, (at) => `    test.${at % 2 ? 'allows' : 'denies'}('dev-${at}', '10.30.0.5:22/tcp'),`)}  ],
})
`
}

function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => `${line(at)}\n`).join('')
}

function kind(at: number): string {
  return `const kind${at} = profile('kind-${at}', {
  why: 'Measures',
  rules: {
    shell: allow.in({ from: 'station', service: 'ssh', why: 'Reason' }),
    readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'Reason' }),
  },
})`
}

function inside(at: number): string {
  return `    'things-${at}': network({ role: 'things', interface: 'wlan${at}', cidrs: '10.${at}.0.0/16' }),`
}

function device(at: number): string {
  const mac = `02:00:00:00:${hex(at >> 8)}:${hex(at & 255)}`
  const network = at % 7 === 0 ? `, network: 'things-${at % NETWORKS}'` : ''
  const rules =
    at % 20 === 0 ? ", rules: { clock: allow.out({ to: 'station', service: 'ntp', why: 'Reason' }) }" : ''
  return `    'dev-${at}': kind${at % KINDS}.device({ mac: '${mac}'${network}${rules} }),`
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function rule(at: number, devices: number): string {
  const one = `dev-${(at * 7) % devices}`
  const other = `dev-${(at * 13 + 5) % devices}`
  const forms = [
    `allow.out({ who: '${one}', to: 'api-${at}.volcano.example', service: 'https', why: 'Reason' })`,
    `allow.out({ who: ['${one}', '${other}'], to: 'station', service: ['443/tcp', 'ntp'], why: 'Reason' })`,
    `deny.both({ who: { device: '${one}' }, peer: bots, why: 'Reason' })`,
    `allow.in({ who: kind${at % KINDS}, from: { network: 'station' }, service: 'ssh', why: 'Reason' })`,
    `allow.both({ who: 'things-${at % NETWORKS}', peer: ['${one}', '10.9.${at % 256}.1'], service: '${1000 + at}/udp', why: 'Reason' })`,
    `deny.out({ who: { label: { site: 'summit' }, except: ['${one}'] }, to: 'any', why: 'Reason' })`,
  ]
  return `    'rule-${at}': ${forms[at % forms.length]},`
}
