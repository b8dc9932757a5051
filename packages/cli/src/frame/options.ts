/**
 * Every option of the command line, once: an option means the same in each verb that takes it.
 *
 * Data only; `parse.ts` hands it to Node's own `util.parseArgs`.
 */

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** What stands after the option, `FILE`. */
  readonly value?: string
  readonly short?: string
  readonly help: string
  /** All values there are. */
  readonly choices?: readonly string[]
}

export const options = {
  policy: {
    type: 'string',
    value: 'FILE',
    short: 'p',
    help: 'the policy file, .ts, .yaml or .json (default: thingwall.policy.ts)',
  },
  bindings: {
    type: 'string',
    value: 'FILE',
    help: 'addresses that devices were given and told, as JSON',
  },
  at: {
    type: 'string',
    value: 'DATE',
    help: 'judge as if it were this instant: 2026-03-02 or 2026-03-02T18:00:00Z',
  },
  from: { type: 'string', value: 'WHO', help: 'who opens the flow: a device, a name or an address' },
  to: {
    type: 'string',
    value: 'WHERE',
    help: 'where to, and for what: 10.30.0.5:22/tcp, api.example:https, vent-01:icmp/8',
  },
  match: {
    type: 'string',
    value: 'TEXT',
    help: 'only entries that have this text, or that cover this address or name',
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    choices: ['text', 'sarif', 'github'],
    help: 'text, sarif (for code scanning) or github (remarks in a workflow)',
  },
  against: {
    type: 'string',
    value: 'FILE',
    help: 'compare with this policy file (default: what is in force on this machine)',
  },
  out: { type: 'string', value: 'FILE', help: 'write the plan there, for thingwall apply FILE' },
  seen: {
    type: 'string',
    value: 'FILE',
    help: 'flows that were seen, as JSON (default: what the gateway recorded in the last seven days)',
  },
  state: {
    type: 'string',
    value: 'DIR',
    help: 'where the record of what was applied is (default: $THINGWALL_STATE or /var/lib/thingwall)',
  },
  log: {
    type: 'string',
    value: 'GROUP',
    help: 'the NFLOG group that refused packets are told to, or none (default: 8520, which the gateway listens to)',
  },
  device: { type: 'string', value: 'DEVICE', help: 'only what has this device at either end' },
  since: { type: 'string', value: 'TIME', help: 'how far back: 30m, 1h, 7d, or a date (default: 1h)' },
  kind: {
    type: 'string',
    value: 'KINDS',
    help: 'only these, with commas: denied, allowed, opened, closed, notice',
  },
  rule: { type: 'string', value: 'RULE', help: 'only what this rule has decided' },
  limit: { type: 'string', value: 'COUNT', help: 'at most so many, the newest (default: 100)' },
  follow: { type: 'boolean', short: 'f', help: 'go on with what comes, until Ctrl-C' },
  listen: {
    type: 'string',
    value: 'ADDRESS:PORT',
    help: 'answer questions over TCP too; takes --token-file',
  },
  'token-file': { type: 'string', value: 'FILE', help: 'the token that callers over TCP must show' },
  user: {
    type: 'string',
    value: 'NAME',
    help: 'whom the daemon runs as when root starts it (default: thingwall)',
  },
  leases: {
    type: 'string',
    value: 'FILES',
    help: 'lease files to follow, as dnsmasq:FILE or kea:FILE with commas, or none (default: where Debian keeps both)',
  },
  'dry-run': { type: 'boolean', help: 'ask the kernel whether it would take it; change nothing' },
  'lock-me-out': { type: 'boolean', help: 'apply even where that cuts the connection this is called from' },
  'accept-stricter': {
    type: 'boolean',
    help: 'take a rendering that allows less than the policy where there is no exact one',
  },
  'confirm-within': {
    type: 'string',
    value: 'TIME',
    help: 'how long it is on trial before it goes back by itself: 90s, 2m, 1h (default: 2m)',
  },
  'no-confirm': { type: 'boolean', help: 'put it in force for good at once, without a trial' },
  why: { type: 'string', value: 'TEXT', help: 'the reason, kept in the history' },
  for: { type: 'string', value: 'TIME', help: 'how long: 30m, 2h, 1d' },
  ticket: { type: 'string', value: 'ID', help: 'where it was decided' },
  'exit-code': { type: 'boolean', help: 'end with 3 where there is something to do' },
  site: { type: 'string', value: 'NAME', help: 'what the site is called' },
  owner: { type: 'string', value: 'WHO', help: 'who answers for its rules' },
  uplink: { type: 'string', value: 'INTERFACES', help: 'the interface that leads to the internet' },
  things: { type: 'string', value: 'INTERFACES', help: 'interfaces with things on them, or none' },
  trusted: {
    type: 'string',
    value: 'INTERFACES',
    help: 'interfaces with your own computers on them, or none',
  },
  admin: { type: 'string', value: 'ADDRESSES', help: 'addresses this gateway is administered from, or none' },
  yes: { type: 'boolean', short: 'y', help: 'take what is suggested where nothing is said' },
  wait: { type: 'boolean', help: 'go on until the time is known, and then put in force what needs it' },
  'trust-clock': { type: 'boolean', help: 'take the clock to be right, though nothing else says so' },
  stay: { type: 'boolean', help: 'leave the site up until Ctrl-C, with commands to try' },
  json: { type: 'boolean', help: 'one JSON document on standard output, nothing else' },
  help: { type: 'boolean', short: 'h', help: 'this help' },
  version: { type: 'boolean', short: 'V', help: 'the version' },
} as const

options satisfies Readonly<Record<string, OptionSpec>>

export type OptionName = keyof typeof options

/** What was given, by option name. */
export type OptionValues = {
  readonly [Name in OptionName]?: (typeof options)[Name]['type'] extends 'boolean' ? boolean : string
}
