/**
 * The verbs and what each takes. `--help`, completion and the parser read this and nothing heavier; the code of a
 * verb is in `commands/`, and `commands.ts` knows where.
 */

import type { OptionName } from './options.ts'

export interface Operand {
  readonly name: string
  readonly help: string
  readonly required: boolean
  /** Values worth offering; others may be taken too. */
  readonly choices?: readonly string[]
}

export interface Verb {
  readonly summary: string
  readonly operands: readonly Operand[]
  readonly options: readonly OptionName[]
  readonly examples: readonly string[]
  /** What its exit codes say, where the one table leaves that open. */
  readonly exits?: readonly (readonly [code: string, says: string])[]
}

const table = {
  init: {
    summary: 'look at this machine, ask a few questions, write a first policy',
    operands: [],
    options: ['site', 'owner', 'uplink', 'things', 'trusted', 'admin', 'policy', 'yes'],
    examples: [
      'thingwall init',
      'thingwall init --owner ops@volcano.example --uplink wan0 --things wlan0 --trusted lan0 --yes',
    ],
  },
  check: {
    summary: 'find faults: missing reasons, expired, dead and over-broad rules, failing tests',
    operands: [],
    options: ['policy', 'at', 'format'],
    examples: [
      'thingwall check',
      'thingwall check --format github',
      'thingwall check --policy sites/mauna-loa.policy.ts --at 2027-01-01',
    ],
  },
  explain: {
    summary: 'say why a flow is allowed or blocked, by which rule, and what to do about it',
    operands: [
      {
        name: 'EVENT',
        help: 'the id of an event, as thingwall events tells it: asks the policies of then and of now',
        required: false,
      },
    ],
    options: ['from', 'to', 'policy', 'bindings', 'at', 'state'],
    examples: [
      'thingwall explain 2s-41',
      'thingwall explain --from vent-01 --to 10.30.0.5:22/tcp',
      'thingwall explain --from vent-01 --to api.volcano.example:https --bindings told.json',
    ],
    exits: [
      ['0', 'it was answered: also where the flow is denied, or not known; --json has the verdict'],
      ['1', 'the policy has errors'],
      ['2', 'could not run: the question cannot be read, no such policy file or event'],
    ],
  },
  list: {
    summary: 'show rules, devices, profiles, networks, lists or APIs, each with its reason and its place',
    operands: [
      {
        name: 'WHAT',
        help: 'rules, devices, profiles, networks, lists, routes, exclusions, or the name of one list',
        required: true,
        choices: ['rules', 'devices', 'profiles', 'networks', 'lists', 'routes', 'exclusions'],
      },
    ],
    options: ['match', 'policy', 'at'],
    examples: ['thingwall list rules', 'thingwall list blocklist --match 198.51.100.7'],
  },
  export: {
    summary: 'write the policy for another program, or in another form, on standard output',
    operands: [
      {
        name: 'TARGET',
        help: 'nftables, yaml, json or schema (the JSON Schema of policies as data)',
        required: true,
        choices: ['nftables', 'yaml', 'json', 'schema'],
      },
    ],
    options: ['policy', 'bindings', 'at', 'accept-stricter'],
    examples: [
      'thingwall export nftables > thingwall.nft',
      'thingwall export nftables | nft -c -f -',
      'thingwall export yaml > site.policy.yaml',
    ],
  },
  plan: {
    summary:
      'say what would change: which flows become allowed or blocked, and which of those seen would be cut',
    operands: [],
    options: [
      'policy',
      'against',
      'out',
      'bindings',
      'seen',
      'at',
      'accept-stricter',
      'log',
      'state',
      'exit-code',
    ],
    examples: [
      'sudo thingwall plan',
      'sudo thingwall plan --out friday.plan && sudo thingwall apply friday.plan',
      'thingwall plan --against main.policy.ts',
      'thingwall plan --against main.policy.ts --exit-code   # 0 no change, 1 the policy has errors, 3 changes',
    ],
  },
  apply: {
    summary: 'put the policy in force on this machine, whole and in one step, on trial until you confirm',
    operands: [
      { name: 'PLAN', help: 'a file that plan --out wrote: exactly that, or nothing', required: false },
    ],
    options: [
      'policy',
      'bindings',
      'confirm-within',
      'no-confirm',
      'why',
      'dry-run',
      'lock-me-out',
      'log',
      'accept-stricter',
      'state',
    ],
    examples: [
      'thingwall apply --dry-run',
      "sudo thingwall apply --why 'GEO-12: the new vents'",
      'sudo thingwall apply --confirm-within 10m',
    ],
  },
  confirm: {
    summary: 'keep what is on trial, also over a restart',
    operands: [],
    options: ['state'],
    examples: ['sudo thingwall confirm'],
  },
  rollback: {
    summary: 'end a trial at once; or put an earlier policy in force again, on trial',
    operands: [
      {
        name: 'N',
        help: 'the number of an application, as history tells it (default: the trial, or the one confirmed before)',
        required: false,
      },
    ],
    options: [
      'bindings',
      'confirm-within',
      'no-confirm',
      'why',
      'dry-run',
      'lock-me-out',
      'accept-stricter',
      'state',
    ],
    examples: ['sudo thingwall rollback', "sudo thingwall rollback 12 --why 'the vents cannot report'"],
  },
  history: {
    summary: 'say what was applied here: when, by whom, why, and what became of it',
    operands: [],
    options: ['state'],
    examples: ['sudo thingwall history', 'sudo thingwall history --json'],
  },
  doctor: {
    summary: 'look whether anything on this machine is missing or in the way, and say what mends it',
    operands: [],
    options: ['state'],
    examples: ['sudo thingwall doctor', 'sudo thingwall doctor --json'],
  },
  boot: {
    summary: 'put what was confirmed last in force again, as the machine and its clock are now',
    operands: [],
    options: ['bindings', 'wait', 'trust-clock', 'state'],
    examples: [
      'sudo thingwall boot',
      'sudo thingwall boot --trust-clock   # after setting the clock by hand',
    ],
  },
  status: {
    summary: 'say what is in force, since when, whether it is what the file says, and what it has met',
    operands: [],
    options: ['policy', 'bindings', 'accept-stricter', 'exit-code', 'state'],
    examples: [
      'sudo thingwall status',
      'sudo thingwall status --exit-code   # 0 as the file says, 1 changed or broken, 3 apply is due',
    ],
  },
  events: {
    summary: 'show what was blocked and seen, each with device, rule, both ends and how often',
    operands: [],
    options: ['follow', 'device', 'since', 'kind', 'rule', 'limit', 'state'],
    examples: [
      'thingwall events --device vent-01 --since 1h',
      'thingwall events --follow --kind denied',
      'thingwall explain 2s-41   # why, by an event’s id',
    ],
  },
  gateway: {
    summary: 'the daemon: record what is seen and blocked, watch what is in force, answer questions',
    operands: [],
    options: ['state', 'user', 'leases', 'listen', 'token-file'],
    examples: [
      'sudo thingwall gateway',
      'sudo thingwall gateway --listen 10.30.0.1:8520 --token-file /etc/thingwall/token',
    ],
  },
  quarantine: {
    summary: 'cut a device off from everything, at once and with a reason',
    operands: [{ name: 'DEVICE', help: 'the name of a device', required: true }],
    options: ['why', 'for', 'ticket', 'owner', 'policy', 'bindings', 'state', 'lock-me-out'],
    examples: ["sudo thingwall quarantine vent-01 --why 'Scans the station since 02:10' --ticket INC-91"],
  },
  release: {
    summary: 'let a device out of quarantine, for good or for a while',
    operands: [{ name: 'DEVICE', help: 'the name of a device', required: true }],
    options: ['why', 'for', 'ticket', 'owner', 'policy', 'bindings', 'state', 'lock-me-out'],
    examples: ["sudo thingwall release vent-01 --for 2h --why 'The vendor updates its firmware'"],
  },
  allow: {
    summary: 'allow one flow for a few hours, documented',
    operands: [],
    options: ['from', 'to', 'for', 'why', 'ticket', 'owner', 'policy', 'bindings', 'state', 'lock-me-out'],
    examples: [
      "sudo thingwall allow --from vent-01 --to 203.0.113.9:443/tcp --for 2h --why 'Firmware by hand' --ticket GEO-31",
    ],
  },
  completion: {
    summary: 'write what a shell needs to complete these commands',
    operands: [
      { name: 'SHELL', help: 'bash, zsh or fish', required: true, choices: ['bash', 'zsh', 'fish'] },
    ],
    options: [],
    examples: [
      'thingwall completion bash > /etc/bash_completion.d/thingwall',
      'thingwall completion zsh > /usr/local/share/zsh/site-functions/_thingwall',
      'thingwall completion fish > ~/.config/fish/completions/thingwall.fish',
    ],
  },
  demo: {
    summary: 'play the volcano site in network namespaces on this machine; no root needed',
    operands: [],
    options: ['stay'],
    examples: ['thingwall demo', 'thingwall demo --stay', 'thingwall demo --json'],
  },
} as const

table satisfies Readonly<Record<string, Verb>>

export type VerbName = keyof typeof table

export const verbs: Readonly<Record<string, Verb>> = table
