/**
 * How generations stand, read from listings as nft prints them, and the transactions from one standing to the next. What
 * the kernel makes of these is seen in test/kernel.
 */
import { describe, expect, test } from 'vitest'
import { parseDump } from './dump.ts'
import { FAMILIES, markerOf, type Standing, standingOf, type Timers } from './standing.ts'
import {
  abandonmentOf,
  comingOf,
  confirmationOf,
  replacementBy,
  trialOf,
  withoutRest,
} from './transactions.ts'

const [first, second] = ['1'.repeat(32), '2'.repeat(32)]
const hook = 'type filter hook input priority filter; policy drop;'

/** A rule set as compiled, with one base chain in each table. */
function compiled(digest: string, base = 'input'): string {
  return FAMILIES.map(
    (family) => `table ${family} thingwall
delete table ${family} thingwall

table ${family} thingwall {
\tcomment "thingwall ${digest}"

\tset live {
\t\ttype mark
\t}

\tchain judge {
\t\tct mark @live accept
\t}

\tchain root/${base} {
\t\tgoto judge
\t}

\tchain ${base} {
\t\t${hook}
\t\tgoto root/${base}
\t}
}
`,
  ).join('\n')
}

interface Table {
  readonly generations: Readonly<Record<string, readonly [digest: string, sequence: number]>>
  readonly door: readonly string[]
  readonly more?: string
}
function table({ generations, door, more = '' }: Table): string {
  const objects = Object.entries(generations).map(
    ([letter, [digest, sequence]]) => `\tset ${letter}/live {
\t\ttype mark
\t}
\tchain ${letter}/${markerOf(digest, sequence)} {
\t}
\tchain ${letter}/root/input {
\t\tgoto ${letter}/judge
\t}
\tchain ${letter}/judge {
\t\tct mark @${letter}/live accept
\t}
`,
  )
  return `${objects.join('')}${more}\tchain input {\n\t\t${hook}\n${door.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`
}
function standing(
  inet: Table,
  leftMs: number | null = null,
  arp: Table = inet,
  timers: Timers = { inet: leftMs, arp: leftMs },
): Standing {
  const text = [inet, arp].map((one, at) => `table ${FAMILIES[at]} thingwall {\n${table(one)}}\n`).join('')
  const tables = parseDump(text)
  return standingOf(
    FAMILIES.map((family) => ({
      family,
      table: tables.get(`${family} thingwall`) as NonNullable<ReturnType<typeof tables.get>>,
    })),
    timers,
  )
}

const none: Timers = { inet: null, arp: null }
const timed = '\tset trial {\n\t\ttype nf_proto\n\t\tflags timeout\n\t}\n'
const tries = (to: string): string => `meta nfproto & ipv4 == @trial goto ${to}/root/input`
const a = { a: [first, 1] } as const
const both = { ...a, b: [second, 2] } as const
const onTrial: Table = { generations: both, door: [tries('b'), 'goto a/root/input'], more: timed }

describe('reading', () => {
  const said = ({ settled, trial, odd }: Standing) => ({
    settled: settled?.digest ?? null,
    trial: trial === null ? null : [trial.digest, trial.sequence, trial.leftMs],
    odd,
  })
  test.each([
    [
      'one stands',
      { generations: a, door: ['goto a/root/input'] },
      null,
      { settled: first, trial: null, odd: [] },
    ],
    ['one on trial', onTrial, 500, { settled: first, trial: [second, 2, 500], odd: [] }],
    ['a trial that is over', onTrial, null, { settled: first, trial: [second, 2, null], odd: [] }],
    [
      'the first of all, on trial',
      { generations: { b: [second, 2] }, door: [tries('b'), 'accept'], more: timed },
      9,
      { settled: null, trial: [second, 2, 9], odd: [] },
    ],
    [
      'a rule of somebody else',
      { generations: a, door: ['accept', 'goto a/root/input'] },
      null,
      { settled: first, trial: null, odd: ['inet input', 'arp input'] },
    ],
    [
      'a base chain emptied',
      { generations: a, door: [] },
      null,
      { settled: null, trial: null, odd: ['inet input', 'arp input'] },
    ],
    [
      'a rule behind the trial',
      { ...onTrial, door: [tries('b'), 'counter', 'goto a/root/input'] },
      5,
      { settled: first, trial: [second, 2, 5], odd: ['inet input', 'arp input'] },
    ],
  ] as const)('%s', (_, inet, leftMs, expected) => {
    expect(said(standing(inet, leftMs))).toEqual(expected)
  })
  test('tables that do not agree have no digest', () => {
    const other = { generations: { a: [second, 1] }, door: ['goto a/root/input'] } as const
    expect(standing({ generations: a, door: ['goto a/root/input'] }, null, other).settled).toEqual({
      generation: 'a',
      digest: null,
      sequence: null,
    })
  })
  test.each([
    ['both run', { inet: 5000, arp: 4990 }, [5000, null]],
    ['both have ended', { inet: null, arp: null }, [null, null]],
    ['seen as they end', { inet: 1900, arp: null }, [1900, null]],
    ['seen as they end, the other way', { inet: null, arp: 1900 }, [null, null]],
    ['ARP’s was taken away', { inet: 5000, arp: null }, [null, 'arp']],
    ['ours for packets was taken away', { inet: null, arp: 5000 }, [null, 'inet']],
  ] as const)('a trial runs while its timers do: %s', (_, timers, [leftMs, halted]) => {
    const found = standing(onTrial, null, onTrial, timers)
    expect({ leftMs: found.trial?.leftMs, halted: found.halted }).toEqual({ leftMs, halted })
  })
  test('timers without a trial say nothing', () => {
    const stands: Table = { generations: a, door: ['goto a/root/input'], more: timed }
    expect(standing(stands, null, stands, { inet: 9000, arp: null })).toMatchObject({
      trial: null,
      halted: null,
    })
  })
  test('base chains of a trial that an older version began are understood', () => {
    const older = { ...onTrial, door: ['meta nfproto @trial goto b/root/input', 'goto a/root/input'] }
    expect(standing(older, 5)).toMatchObject({ trial: { sequence: 2, leftMs: 5 }, odd: [] })
  })
  test('nothing at all', () => {
    expect(standingOf([], none)).toMatchObject({
      residents: [],
      settled: null,
      trial: null,
      odd: [],
      families: [],
    })
  })
})

describe('transactions', () => {
  const lines = (text: string | null): readonly string[] =>
    (text ?? '').split('\n').filter((line) => line !== '')
  const coming = comingOf(
    compiled(second),
    second,
    2,
    standing({ generations: a, door: ['goto a/root/input'] }),
  )

  test('the first free letter is taken, and created so that nobody else has it', () => {
    expect(coming.generation).toBe('b')
    expect(comingOf(compiled(second), second, 3, standing(onTrial, 5)).generation).toBe('c')
    const [beside] = trialOf(coming, standing({ generations: a, door: ['goto a/root/input'] }), 1000)
    expect(beside).toContain('create chain inet thingwall b/taken')
  })
  test('what comes is whole before any base chain leads to it', () => {
    const there = standing({ generations: a, door: ['goto a/root/input'] })
    for (const [beside, inPlace] of [trialOf(coming, there, 1500), replacementBy(coming, there)]) {
      const said = lines(beside)
      expect(said).toContainEqual(expect.stringMatching(/chain b\/root\/input \{$/))
      expect(said).not.toContainEqual(expect.stringMatching(/^(?:delete|flush|add rule)|\bhook\b|@trial/))
      expect(lines(inPlace)).not.toContainEqual(expect.stringMatching(/^(?:create|table)/))
      expect(inPlace).toContain('goto b/root/input')
    }
  })
  test('a trial adds, and says in each base chain what comes first and what after', () => {
    const text = trialOf(coming, standing({ generations: a, door: ['goto a/root/input'] }), 1500).join('')
    const said = lines(text)
    expect(said).not.toContainEqual(expect.stringMatching(/^(?:delete|flush chain (?!\S+ thingwall input$))/))
    for (const [family, key] of [
      ['inet', 'meta nfproto & ipv4'],
      ['arp', 'meta protocol'],
    ] as const) {
      const at = said.indexOf(`flush chain ${family} thingwall input`)
      expect(said.slice(at + 1, at + 3)).toEqual([
        `add rule ${family} thingwall input ${key} @trial goto b/root/input`,
        `add rule ${family} thingwall input goto a/root/input`,
      ])
    }
    expect(text).toContain('{ ipv4 timeout 1500ms }')
    expect(text).toContain('{ arp timeout 1500ms }')
  })
  test('a hook is in force before its rules are: it lets everything pass first, and drops at the end', () => {
    const said = lines(
      replacementBy(
        comingOf(compiled(second, 'output'), second, 2, standingOf([], none)),
        standingOf([], none),
      ).join(''),
    )
    const opened = said.findIndex((line) => line.includes('policy accept'))
    expect(opened).toBeGreaterThan(-1)
    expect(said.findIndex((line) => line.includes('output { policy drop; }'))).toBe(opened + 1)
    expect(said).toContain('add rule inet thingwall output goto a/root/output')
  })
  test('a base chain that the new one has no use for goes, once nothing is on trial', () => {
    const there = standing({ generations: a, door: ['goto a/root/input'] })
    const other = comingOf(compiled(second, 'output'), second, 2, there)
    expect(lines(replacementBy(other, there).join(''))).toContain('delete chain inet thingwall input')
    const trial = lines(trialOf(other, there, 1000).join(''))
    expect(trial).toContain('add rule inet thingwall input meta nfproto & ipv4 @trial accept')
    expect(trial).toContain('add rule inet thingwall output accept')
    expect(trial).not.toContain('delete chain inet thingwall input')
  })
  test('a confirmation deletes the timer first, so that one too late fails', () => {
    const said = lines(confirmationOf(standing(onTrial, 5)))
    expect(said[0]).toBe('delete element inet thingwall trial { ipv4 }')
    expect(said).toContain('add rule inet thingwall input goto b/root/input')
    expect(said.join()).not.toContain('@trial')
  })
  test('ending a trial goes back to what stood, or to letting everything pass', () => {
    const back = lines(abandonmentOf(standing(onTrial, 5)))
    expect(back).toContain('flush set inet thingwall trial')
    expect(back).toContain('add rule arp thingwall input goto a/root/input')
    const nothing = { generations: { b: [second, 2] }, door: [tries('b'), 'accept'], more: timed } as const
    expect(lines(abandonmentOf(standing(nothing, 5)))).toContain('add rule inet thingwall input accept')
  })
  test('taking out the rest keeps what stands and what is on trial, and removes nothing else than the rest', () => {
    expect(withoutRest(standing({ generations: a, door: ['goto a/root/input'] }))).toBeNull()
    expect(withoutRest(standing(onTrial, 5))).toBeNull()
    const rest = lines(withoutRest(standing({ generations: both, door: ['goto a/root/input'], more: timed })))
    expect(rest.length).toBeGreaterThan(5)
    for (const line of rest) expect(line).toMatch(/^(?:flush|delete) \w+ \w+ thingwall (?:b\/\S+|trial)$/)
    // What is referred to goes after what refers to it.
    const kinds = rest.map((line) => line.split(' ').slice(0, 2).join(' '))
    expect(kinds.lastIndexOf('flush chain')).toBeLessThan(
      kinds.findIndex((kind) => kind.startsWith('delete')),
    )
    expect(lines(withoutRest(standing({ generations: both, door: ['accept'] })))).toEqual([
      'delete table inet thingwall',
      'delete table arp thingwall',
    ])
  })
})
