/** What is read out of nft's listings: bodies, lasting elements, coverage, other programs' drops, counters. */
import { describe, expect, test } from 'vitest'
import { warnOfForeign } from '../site/foreign-warnings.ts'
import { countersIn } from './counters.ts'
import { lastingElements, parseDump } from './dump.ts'
import { foreignDrops, foreignIn, foreignTranslations } from './foreign.ts'
import { coverageOf, differences } from './observation.ts'

const dump = `# Warning: table ip filter is managed by iptables-nft, do not touch!
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
	}
}
table inet thingwall {
	comment "thingwall 0123"
	flags dormant
	set live {
		type mark
		flags timeout
		elements = { 0x00000002, 0x00000001 timeout 10s expires 9s,
			     0x00000003 }
	}

	map class/4 {
		type ipv4_addr : classid
	}

	chain forward {
		ip daddr { 10.0.0.1, 10.0.0.2 } accept
	}
}
`

test('a dump: tables, comments, objects', () => {
  const tables = parseDump(dump)
  expect([...tables.keys()]).toEqual(['ip filter', 'inet thingwall'])
  const ours = tables.get('inet thingwall')
  expect(ours?.comment).toBe('thingwall 0123')
  expect([...(ours?.objects.keys() ?? [])]).toEqual([
    'line flags dormant',
    'set live',
    'map class/4',
    'chain forward',
  ])
  expect(ours?.objects.get('chain forward')).toBe('\t\tip daddr { 10.0.0.1, 10.0.0.2 } accept')
  expect(lastingElements(ours?.objects.get('set live') ?? '')).toEqual(['0x00000002', '0x00000003'])
  expect(lastingElements(ours?.objects.get('map class/4') ?? '')).toEqual([])
  expect(lastingElements('\t\tflags dynamic,timeout\n\t\telements = { 10.0.0.1 }')).toBeNull()
})

test('all sets are covered where there are few elements, else the small ones', () => {
  const set = (name: string, size: number): string =>
    `\tset ${name} {\n\t\ttype mark\n${Array.from({ length: size }, (_, at) => `\t\t\t${at},\n`).join('')}\t}\n`
  const text = (...sets: readonly string[]): string =>
    `table inet thingwall {\n${sets.join('')}\tchain forward {\n\t\taccept\n\t}\n}\n`
  expect(coverageOf(text(set('live', 20), set('bound', 4000)))).toBe('all')
  expect(coverageOf(text(set('live', 20), set('empty', 0), set('bound', 6000)))).toEqual(['inet live'])
})

test('differences are told by name', () => {
  const before = {
    nft: '1.0.6',
    objects: { 'inet chain a': '1', 'arp chain b': '1' },
    elements: { 'inet s': '1' },
  }
  const now = {
    nft: '1.0.6',
    objects: { 'inet chain a': '2', 'inet set c': '1' },
    elements: { 'inet s': '2' },
  }
  expect(differences(before, before)).toEqual([])
  expect(differences(before, now)).toEqual([
    'chain inet a was changed',
    'chain arp b is gone',
    'set inet c was added',
    'set inet s has other elements',
  ])
})

describe('base chains of others that may drop', () => {
  const base = { family: 'inet', table: 'other', name: 'base', hook: 'forward', prio: 0, policy: 'accept' }
  const rule = (chain: string, ...expr: readonly unknown[]) => ({
    rule: { family: 'inet', table: 'other', chain, expr },
  })
  test.each([
    ['policy accept, no rules', [], null],
    ['only accepts', [rule('base', { accept: null })], null],
    ['a drop', [rule('base', { match: {} }, { drop: null })], 'rules'],
    ['a reject', [rule('base', { reject: { type: 'tcp reset' } })], 'rules'],
    [
      'a drop behind two calls',
      [
        rule('base', { jump: { target: 'a' } }),
        rule('a', { goto: { target: 'b' } }),
        rule('b', { drop: null }),
      ],
      'rules',
    ],
    ['a drop in a chain that nothing calls', [rule('a', { drop: null })], null],
    ['calls in a circle', [rule('base', { jump: { target: 'base' } })], null],
    [
      'a drop in a verdict map',
      [rule('base', { vmap: { key: {}, data: { set: [[1, { drop: null }]] } } })],
      'rules',
    ],
    [
      'a named verdict map, whose elements are not listed',
      [rule('base', { vmap: { key: {}, data: '@m' } })],
      'rules',
    ],
    ['a REJECT of iptables', [rule('base', { xt: { type: 'target', name: 'REJECT' } })], 'rules'],
    ['some other extension of iptables', [rule('base', { xt: null })], null],
  ])('%s', (_, rules, drops) => {
    expect(foreignDrops([{ chain: base }, ...rules])[0]?.drops ?? null).toBe(drops)
  })

  test('a policy of drop; never a chain of ours', () => {
    const closed = { ...base, policy: 'drop' }
    expect(foreignDrops([{ chain: closed }])[0]?.drops).toBe('policy')
    expect(foreignDrops([{ chain: { ...closed, table: 'thingwall' } }])).toEqual([])
  })
})

describe('other programs that translate', () => {
  const rule = (table: string, chain: string, ...expr: readonly object[]) => ({
    rule: { family: 'ip', table, chain, handle: 1, expr },
  })
  /** As nft 1.0.6 lists what iptables-nft 1.8.9 wrote for Docker and for a proxy. */
  const docker = [
    {
      chain: {
        family: 'ip',
        table: 'nat',
        name: 'PREROUTING',
        type: 'nat',
        hook: 'prerouting',
        prio: -100,
        policy: 'accept',
      },
    },
    rule(
      'nat',
      'PREROUTING',
      { xt: { type: 'match', name: 'addrtype' } },
      { counter: {} },
      { jump: { target: 'DOCKER' } },
    ),
    rule('nat', 'DOCKER', { match: {} }, { counter: {} }, { xt: { type: 'target', name: 'DNAT' } }),
    rule('nat', 'PREROUTING', { match: {} }, { xt: { type: 'target', name: 'REDIRECT' } }),
  ]
  const native = (table: string) => [
    rule(table, 'a', { match: {} }, { dnat: { addr: '172.17.0.2', port: 80 } }),
    rule(table, 'a', { match: {} }, { dnat: { family: 'ip6', addr: 'fd99::2', port: 80 } }),
    rule(table, 'a', { match: {} }, { dnat: { addr: '172.17.0.2', port: 80 } }),
    rule(table, 'b', { dnat: { addr: { map: { key: {}, data: '@m' } } } }),
    rule(table, 'c', { redirect: { port: 22 } }),
    rule(table, 'c', { redirect: null }),
    rule(table, 'd', { masquerade: null }, { xt: { type: 'target', name: 'MASQUERADE' } }),
  ]

  test('through iptables and by themselves; never a table of ours, nor what hides sources', () => {
    const said = (objects: Parameters<typeof foreignTranslations>[0]) =>
      foreignTranslations(objects).map(({ family, table, chain, does }) =>
        [family, table, chain, ...does].join(' '),
      )
    expect(said(docker)).toEqual(['ip nat DOCKER DNAT', 'ip nat PREROUTING REDIRECT'])
    expect(said(native('mine'))).toEqual([
      'ip mine a dnat to 172.17.0.2:80 dnat to [fd99::2]:80',
      'ip mine b dnat',
      'ip mine c redirect to 22 redirect',
    ])
    expect(said(native('thingwall'))).toEqual([])
  })

  test('are warned of, hostile names escaped', () => {
    const odd = rule('a\u202eb', 'c', { dnat: { addr: '172.17.0.2\u001b[2J', port: 80 } })
    const [first] = warnOfForeign(foreignIn([odd]))
    expect(`${first?.code} ${first?.message}`).toBe(
      'TW4018 chain c of table ip a\\u{202e}b translates destinations (dnat to 172.17.0.2\\u{1b}[2J:80): refused unless a forward documents it',
    )
  })
})

test('counters by rule, of both families together', () => {
  const counter = (family: string, table: string, name: string, packets: number) => ({
    counter: { family, table, name, packets, bytes: packets * 100 },
  })
  const objects = [
    counter('inet', 'thingwall', 'b/rule/fixed/arp', 1),
    counter('arp', 'thingwall', 'b/rule/fixed/arp', 2),
    counter('inet', 'thingwall', 'a/rule/fixed/arp', 5),
    counter('inet', 'thingwall', 'rule/fixed/arp', 5),
    counter('inet', 'other', 'b/rule/x', 5),
    counter('inet', 'thingwall', 'b/something', 5),
  ]
  const counts = countersIn(objects, 'b')
  expect(counts).toEqual([{ rule: 'fixed/arp', packets: 3, bytes: 300 }])
})
