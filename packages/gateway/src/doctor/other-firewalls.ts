/**
 * Others that judge packets on this machine: those known by name, chains of anybody that may drop what is allowed, and
 * translations of destinations that a policy knows nothing of. They are shown and never touched.
 */
import { escapeText } from '@thingwall/policy'
import { foreignDrops } from '../nft/foreign.ts'
import type { NftObject } from '../nft/program.ts'
import type { Check, Finding, Ground } from './finding.ts'
import { isOurs, wordsIn } from './foreign-rules.ts'

interface Known {
  readonly name: string
  readonly isHere: (ground: Ground) => boolean | Promise<boolean>
  readonly mend: string
}

const hasChain =
  (pattern: RegExp) =>
  ({ tables }: Ground): boolean =>
    (tables ?? []).some(({ chain }) => chain !== undefined && pattern.test(String(chain.name)))

/** Its main chains stay until the next restart when it is disabled, with nothing in them. */
const hasRules =
  (pattern: RegExp) =>
  ({ tables }: Ground): boolean =>
    (tables ?? []).some(({ rule }) => rule !== undefined && pattern.test(String(rule['chain'])))

const known: readonly Known[] = [
  {
    name: 'firewalld',
    isHere: ({ tables }) => (tables ?? []).some(({ table }) => table?.name === 'firewalld'),
    mend: 'systemctl disable --now firewalld',
  },
  { name: 'ufw', isHere: hasRules(/^ufw6?-/), mend: 'ufw disable' },
  { name: 'Docker', isHere: hasChain(/^DOCKER(?:-|$)/), mend: 'nft list chain ip nat DOCKER' },
  {
    name: 'iptables with its own tables (iptables-legacy)',
    isHere: async ({ machine }) =>
      ((await machine.read('/proc/net/ip_tables_names')) ?? '').trim() !== '' ||
      ((await machine.read('/proc/net/ip6_tables_names')) ?? '').trim() !== '',
    mend: 'iptables-legacy-save',
  },
]

export const otherFirewalls: Check = async (ground) => {
  const { tables, machine } = ground
  const findings: Finding[] = []
  for (const { name, isHere, mend } of known) {
    if (await isHere(ground))
      findings.push({
        check: 'firewalls',
        severity: 'warning',
        message: `${name} judges packets here as well`,
        mend,
      })
  }
  for (const { family, table, chain, hook, drops } of foreignDrops(tables ?? [])) {
    const [of, name] = [`${family} ${table}`, chain].map((text) => escapeText(text, 80))
    const how = drops === 'policy' ? 'drops by policy' : 'has rules that may drop'
    findings.push({
      check: 'firewalls',
      severity: 'warning',
      message: `chain ${name} of table ${of} (hook ${escapeText(hook, 40)}) ${how}, whatever a policy allows`,
      mend: `nft list table ${of}`,
    })
  }
  for (const of of translating(tables ?? []))
    findings.push({
      check: 'firewalls',
      severity: 'warning',
      message: `table ${escapeText(of, 80)} sends packets to other destinations (DNAT), which no policy speaks of`,
      mend: `nft list table ${escapeText(of, 80)}`,
    })
  if (/^\s*flush\s+ruleset/m.test((await machine.read('/etc/nftables.conf')) ?? ''))
    findings.push({
      check: 'firewalls',
      severity: 'note',
      message: '/etc/nftables.conf begins with `flush ruleset`: loading it again takes every wall down',
      mend: "sed -i 's/^flush ruleset/#&/' /etc/nftables.conf",
    })
  return findings.some(({ severity }) => severity === 'warning')
    ? findings
    : [
        { check: 'firewalls', severity: 'fine', message: 'nobody else judges packets here', mend: null },
        ...findings,
      ]
}

function translating(tables: readonly NftObject[]): readonly string[] {
  const found = tables.flatMap(({ rule }) =>
    rule !== undefined &&
    !isOurs(rule) &&
    wordsIn(rule['expr']).some((word) => word === 'dnat' || word === 'redirect')
      ? [`${rule['family']} ${rule['table']}`]
      : [],
  )
  return [...new Set(found)]
}
