/** Which texts reach libnftables: everything the compiler writes, and nothing that reads files or touches other tables. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TABLE } from '@thingwall/policy/nftables'
import { describe, expect, test } from 'vitest'
import { standingOf } from '../nft/standing.ts'
import { comingOf, replacementBy, trialOf } from '../nft/transactions.ts'
import { isOurTable, requireRuleText } from './rule-text.ts'

const golden = join(import.meta.dirname, '../../../policy/src/compile/nftables/golden')

describe('what the compiler writes is let through', () => {
  const files = readdirSync(golden).filter((name) => name.endsWith('.txt'))

  test('there are golden rule sets', () => expect(files.length).toBeGreaterThan(5))

  test.each(files)('%s', (name) => {
    const text = ruleSetIn(readFileSync(join(golden, name), 'utf8'))
    expect(() => requireRuleText(text)).not.toThrow()
    const standing = standingOf([], { inet: null, arp: null })
    const coming = comingOf(text, 'ab'.repeat(16), 1, standing)
    for (const step of [...trialOf(coming, standing, 60_000), ...replacementBy(coming, standing)])
      expect(() => requireRuleText(step)).not.toThrow()
  })

  test('our table has a name of ours', () => expect(isOurTable(TABLE)).toBe(true))
})

describe('let through', () => {
  test.each([
    ['', 'nothing'],
    ['\n\n', 'empty lines'],
    ['table inet thingwall\ndelete table inet thingwall\n', 'a table made and deleted'],
    ['add rule inet thingwall a tcp dport { 22, 80 } accept\n', 'braces in the middle of a line'],
    [
      'add chain inet thingwall a { type filter hook input priority 0; policy drop; }',
      'the last line without its end',
    ],
    [
      'add element inet thingwall-guard live {\n\t0x1,\n\t0x2\n}\n',
      'elements over many lines, in another table of ours',
    ],
    [
      'table inet thingwall {\n\tcomment "include { \' # ; $x"\n}\n',
      'signs that mean nothing inside a string',
    ],
    [
      'table inet thingwall {\n\tcounter deny/cam/include-all {\n\t}\n\tcounter include-x {\n\t}\n}\n',
      'names with the word',
    ],
  ])('%j: %s', (text) => {
    expect(() => requireRuleText(text)).not.toThrow()
  })
})

describe('refused', () => {
  test.each([
    ['include "/etc/shadow"\n', 'a file'],
    ['table inet thingwall {\n\tinclude "/etc/shadow"\n}\n', 'a file inside a table'],
    ['table inet thingwall {\n\tchain a {\n\t\tinclude "/etc/shadow"\n\t}\n}\n', 'a file inside a chain'],
    ['table inet thingwall { include\t"/etc/shadow"\n}\n', 'a file after a tab'],
    ['table inet thingwall {\n\t5include "/etc/shadow"\n}\n', 'a word that begins where a number ends'],
    [
      'table inet thingwall {\n\tcomment "a"include "/etc/shadow"\n}\n',
      'a word that begins where a string ends',
    ],
    ['table inet thingwall {\n\tcomment "a\ninclude "/etc/shadow"\n}\n', 'a string over two lines'],
    ['table inet thingwall {\n\tcomment "a\n}\ninclude "/etc/shadow"\n"\n', 'a string that swallows a brace'],
    ['table inet thingwall {\n\t# "\n\tinclude "/etc/shadow"\n}\n', 'a comment with a quote'],
    ['table inet thingwall {\n}\n# nothing\n', 'a comment'],
    ['table inet thingwall {\n}\ninc\\\nlude "/etc/shadow"\n', 'a continued line'],
    ['table inet thingwall {\n\t}\n}\nflush ruleset\n', 'a brace too many'],
    ['table inet thingwall {\n}\n}\n', 'a brace that closes nothing'],
    ['table inet thingwall {\n', 'a brace too few'],
    ['flush ruleset\n', 'emptying the machine'],
    ['table inet thingwall; flush ruleset\n', 'two statements in a line'],
    ['table inet thingwall {\n} ; flush ruleset\n', 'two statements after braces'],
    ['delete table inet filter\n', "another program's table"],
    ['delete table inet thingwallx\n', 'a table whose name only begins like ours'],
    ['add rule inet filter forward accept\n', "a rule in another program's table"],
    ['table inet filter {\n}\n', 'a table of that name'],
    ['monitor\n', 'a command without end'],
    ['list ruleset\n', 'a listing'],
    ['define x = 1\n', 'a variable'],
    ['table inet thingwall {\n\tcomment $x\n}\n', 'the use of one'],
    [' table inet thingwall\n', 'a line that begins otherwise'],
    ['table inet thingwall {\n\tcomment "\u00e9"\n}\n', 'what is not ASCII'],
    ['table inet thingwall\u0000\nflush ruleset\n', 'a zero byte'],
    ['table inet thingwall\rflush ruleset\n', 'a carriage return'],
  ])('%j: %s', (text) => {
    expect(() => requireRuleText(text)).toThrow()
  })
})

/** A golden file tells a story, and then the rule set begins. */
function ruleSetIn(text: string): string {
  const from = text.indexOf('table inet thingwall\n')
  if (from === -1) throw new Error('no rule set in this golden file')
  return text.slice(from)
}
