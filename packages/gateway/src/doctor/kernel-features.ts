/**
 * What compiled rule sets need of a kernel, asked of the kernel itself: `nft -c` has it check a table of our own and take
 * nothing. No version is trusted, because distributions build kernels as they like.
 */
import { escapeText } from '@thingwall/policy'
import type { Check, Finding, Ground } from './finding.ts'

const PROBE = 'thingwall_probe'

interface Feature {
  readonly what: string
  readonly need: 'essential' | 'wanted' | 'of use'
  /** Without it. */
  readonly without: string
  /** The kernel module that has it. */
  readonly module: string
  readonly table: string
}

/** nft ends what stands in braces with a line or a semicolon of its own. */
const inet = (...objects: readonly string[]): string => `table inet ${PROBE} {\n${objects.join('\n')}\n}`
const forward = (rule: string): string => `chain c { type filter hook forward priority 0; ${rule}; }`
const early = (rule: string): string => `chain c { type filter hook prerouting priority -300; ${rule}; }`

const features: readonly Feature[] = [
  {
    what: 'tables for IPv4 and IPv6 together',
    need: 'essential',
    without: 'nothing can be put in force',
    module: 'nf_tables',
    table: inet(forward('accept')),
  },
  {
    what: 'tables for ARP',
    need: 'essential',
    without: 'neighbours can be forged',
    module: 'nf_tables',
    table: `table arp ${PROBE} {\nchain c { type filter hook input priority 0; accept; }\n}`,
  },
  {
    what: 'sets whose elements end',
    need: 'essential',
    without: 'leases, answers and rules that end cannot be kept',
    module: 'nf_tables',
    table: inet('set s { type mark; flags timeout; elements = { 1 timeout 1m }; }'),
  },
  {
    what: 'sets of link and network address together',
    need: 'essential',
    without: 'devices cannot be told apart',
    module: 'nf_tables',
    table: inet('set s { type ether_addr . ipv4_addr; }', early('ether saddr . ip saddr @s accept')),
  },
  {
    what: 'sets of ranges',
    need: 'essential',
    without: 'prefixes cannot be matched',
    module: 'nf_tables',
    table: inet('set s { type ipv6_addr; flags interval; elements = { fd00::/8 }; }'),
  },
  {
    what: 'maps to marks and to verdicts',
    need: 'essential',
    without: 'rules would grow with devices',
    module: 'nf_tables',
    table: inet(
      'map m { type ipv4_addr : mark; }',
      early('meta mark set ip saddr map @m meta mark vmap { 1 : drop }'),
    ),
  },
  {
    what: 'marks of connections',
    need: 'essential',
    without: 'open flows would outlive their rules',
    module: 'nft_ct',
    table: inet(forward('ct state established ct mark set ct mark & 0xf0000000 | 0x01000000')),
  },
  {
    what: 'rules that ask whose an address is',
    need: 'essential',
    without: 'the gateway does not know itself',
    module: 'nft_fib_inet',
    table: inet(early('fib daddr type local accept')),
  },
  {
    what: 'time and hours in rules',
    need: 'essential',
    without: 'rules do not end by themselves',
    module: 'nf_tables',
    table: inet(forward('meta time < 1900000000 meta day 1 meta hour >= 3600 accept')),
  },
  {
    what: 'meters',
    need: 'wanted',
    without: 'limits of devices cannot be kept',
    module: 'nft_limit',
    table: inet(
      'set s { type ether_addr; flags dynamic,timeout; timeout 1m; }',
      forward('update @s { ether saddr limit rate over 10/second } drop'),
    ),
  },
  {
    what: 'masquerading',
    need: 'wanted',
    without: 'an uplink cannot masquerade',
    module: 'nft_masq',
    table: inet('chain c { type nat hook postrouting priority 100; masquerade; }'),
  },
  {
    what: 'logging to a group (NFLOG)',
    need: 'wanted',
    without: 'there are no events',
    module: 'nft_log',
    table: inet(forward('log group 5 prefix "probe"')),
  },
  {
    what: 'chains at the ingress of a device',
    need: 'of use',
    without: 'floods cost more',
    module: 'nf_tables',
    table: `table netdev ${PROBE} {\nchain c { type filter hook ingress device lo priority 0; }\n}`,
  },
  {
    what: 'flow tables',
    need: 'of use',
    without: 'nothing is lost yet: no rule uses them',
    module: 'nf_flow_table',
    table: inet('flowtable f { hook ingress priority 0; devices = { lo }; }'),
  },
]

const SEVERITIES = { essential: 'missing', wanted: 'warning', 'of use': 'note' } as const

export const kernelFeatures: Check = async (ground) => {
  const lacking: Finding[] = []
  for (const feature of features) {
    const finding = await probe(ground, feature)
    if (finding !== null) lacking.push(finding)
  }
  if (lacking.some(({ severity }) => severity !== 'note')) return lacking
  const count = features.length - lacking.length
  return [
    {
      check: 'kernel',
      severity: 'fine',
      message: `this kernel takes all that is needed (${count} probes)`,
      mend: null,
    },
    ...lacking,
  ]
}

async function probe({ machine }: Ground, feature: Feature): Promise<Finding | null> {
  const ended = await machine.run('nft', ['-c', feature.table])
  if (ended.status === 0) return null
  const said = escapeText(ended.stderr.trim().split('\n')[0] ?? '', 160)
  if (ended.isMissing || /Operation not permitted/.test(ended.stderr)) {
    return {
      check: 'kernel',
      severity: 'missing',
      message: `whether this kernel has ${feature.what} cannot be asked: ${ended.isMissing ? 'there is no nft' : said}`,
      mend: ended.isMissing ? 'apt-get install nftables' : 'sudo thingwall doctor',
    }
  }
  return {
    check: 'kernel',
    severity: SEVERITIES[feature.need],
    message: `this kernel does not take ${feature.what}: ${feature.without} (${said})`,
    mend: `modprobe ${feature.module}`,
  }
}
