/**
 * The journal says after any end of a process what it said before, at any later instant, whatever the clocks did between;
 * it stays bounded, and goes on from memory while the disk takes nothing. Long because clocks, files and bounds are told
 * by the same words.
 */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type Address,
  device,
  formatAddress,
  type LinkAddress,
  lower,
  network,
  parseAddress,
  policy,
  type Ruleset,
} from '@thingwall/policy'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BindingClock } from './clock.ts'
import type { Fact } from './entry.ts'
import { type Journal, journalOrNothing, openJournal, readJournal } from './journal.ts'
import { type JournalFile, journalIn, openJournalFile } from './journal-file.ts'

const MINUTE = 60_000
const links = [
  '24:6f:28:aa:00:01',
  '24:6f:28:aa:00:02',
  '24:6f:28:aa:00:99',
] as unknown as readonly LinkAddress[]
const ruleset = lower(
  policy('volcano', {
    owner: 'geo@volcano.example',
    networks: {
      things: network({
        role: 'things',
        interface: 'wlan0',
        cidrs: ['10.20.0.0/24', 'fd20::/64'],
        gateway: '10.20.0.1',
      }),
      uplink: network({ role: 'uplink', interface: 'wan0' }),
    },
    devices: {
      'vent-01': device({ mac: links[0] as string, network: 'things' }),
      'vent-02': device({ mac: links[1] as string, network: 'things' }),
    },
  }),
)[0] as Ruleset
const read = (text: string): Address => parseAddress(text) as Address
const lease = (link: number, text: string): Fact => ({
  kind: 'lease',
  link: links[link] as LinkAddress,
  address: read(text),
  source: 'dnsmasq',
})
const answer = (name: string, text: string, to = 'vent-01'): Fact => ({
  kind: 'answer',
  device: to,
  name,
  address: read(text),
})

/** Clocks that a test moves. */
interface Clocks {
  wall: number
  run: number
  boot: string
  trusted: boolean
}
const clocks: Clocks = { wall: 0, run: 0, boot: 'one', trusted: true }
const clock: BindingClock = {
  now: () => clocks.wall,
  sinceBootMs: () => clocks.run,
  get boot() {
    return clocks.boot
  },
  isTrusted: () => clocks.trusted,
}
const pass = (ms: number): void => {
  clocks.wall += ms
  clocks.run += ms
}

let folder = ''
const opened: Journal[] = []
function open(file: JournalFile = openJournalFile(folder)): Journal {
  const journal = openJournal({ file, clock })
  opened.push(journal)
  return journal
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-journal-'))
  Object.assign(clocks, { wall: Date.UTC(2026, 10, 22), run: 1000, boot: 'one', trusted: true })
})
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  rmSync(folder, { recursive: true, force: true })
})

/** `address: device, minutes left` and `name address, minutes left`, as another process reads them. */
function says(journal: Pick<Journal, 'said'> = readJournal(folder, clock)): readonly string[] {
  const { owners, names } = journal.said(ruleset)
  const left = (until: number): string => `${Math.round((until - clocks.wall) / MINUTE)}m`
  const leases = [...owners].map(
    ([address, one]) => `${formatAddress(address)}: ${one.device} ${left(one.until)}`,
  )
  const told = [...names].flatMap(([to, all]) =>
    [...all].flatMap(([name, answers]) =>
      answers.map((one) => `${to} ${name} ${formatAddress(one.address)} ${left(one.until)}`),
    ),
  )
  return [...leases, ...told].sort()
}

describe('what was bound is bound', () => {
  test('for another process at once, and for the next one', async () => {
    const journal = open()
    journal.put(lease(0, '10.20.0.7'), 10 * MINUTE)
    journal.put(answer('api.volcano.example', '203.0.113.9'), 5 * MINUTE)
    journal.put(lease(1, 'fd20::7'), Number.POSITIVE_INFINITY)
    pass(MINUTE)
    const expected = [
      '10.20.0.7: vent-01 9m',
      'fd20::7: vent-02 Infinitym',
      'vent-01 api.volcano.example 203.0.113.9 4m',
    ]
    expect(says()).toEqual(expected)
    expect(says(journal)).toEqual(expected)
    await journal.close()
    expect(says(open())).toEqual(expected)
  })

  test('until it ends or is let go', () => {
    const journal = open()
    journal.put(lease(0, '10.20.0.7'), MINUTE)
    journal.put(lease(1, '10.20.0.8'), 10 * MINUTE)
    journal.put(lease(1, '10.20.0.9'), 10 * MINUTE)
    expect(journal.drop(lease(0, '10.20.0.8'))).toBe(false)
    expect(journal.drop(lease(1, '10.20.0.8'))).toBe(true)
    pass(MINUTE)
    expect(says()).toEqual(['10.20.0.9: vent-02 9m'])
  })

  test('an answer told again ends no sooner than it was told at first', () => {
    const journal = open()
    journal.put(answer('a.example', '203.0.113.9'), 10 * MINUTE)
    journal.put(answer('a.example', '203.0.113.9'), MINUTE)
    expect(says(journal)).toEqual(['vent-01 a.example 203.0.113.9 10m'])
  })

  test('a stranger, an address of elsewhere and the gateway’s own bind nobody', () => {
    const journal = open()
    for (const text of ['10.20.1.7', '203.0.113.1', '10.20.0.1', 'fd21::1'])
      journal.put(lease(0, text), MINUTE)
    journal.put(lease(2, '10.20.0.66'), MINUTE)
    journal.put(answer('a.example', '203.0.113.9', 'nobody'), MINUTE)
    expect(says(journal)).toEqual([])
  })

  test('of two that claim an address the first keeps it while it lasts', () => {
    const journal = open()
    journal.put(lease(0, '10.20.0.7'), MINUTE)
    expect(journal.put(lease(1, '10.20.0.7'), MINUTE)).toEqual({ kind: 'taken', by: links[0] })
    expect(says()).toEqual(['10.20.0.7: vent-01 1m'])
    pass(MINUTE)
    expect(journal.put(lease(1, '10.20.0.7'), MINUTE)).toMatchObject({ kind: 'kept' })
    expect(says()).toEqual(['10.20.0.7: vent-02 1m'])
  })
})

describe('clocks', () => {
  const TEN = 10 * MINUTE
  test.each([
    ['the clock jumps ahead by years', () => Object.assign(clocks, { wall: clocks.wall + 3e11 }), '10m'],
    ['the clock falls back to 1970', () => Object.assign(clocks, { wall: 0 }), '10m'],
    ['four minutes pass', () => pass(4 * MINUTE), '6m'],
    [
      'a restart takes four minutes',
      () => Object.assign(clocks, { boot: 'two', run: 0, wall: clocks.wall + 4 * MINUTE }),
      '6m',
    ],
    [
      'a restart, and the clock is a day behind',
      () => Object.assign(clocks, { boot: 'two', run: 0, wall: clocks.wall - 864e5 }),
      '10m',
    ],
    [
      'a restart, and nobody knows the time',
      () => Object.assign(clocks, { boot: 'two', run: 0, wall: 0, trusted: false }),
      '10m',
    ],
  ])('%s', (_, happens, left) => {
    open().put(lease(0, '10.20.0.7'), TEN)
    happens()
    expect(says()).toEqual([`10.20.0.7: vent-01 ${left}`])
  })

  test('what was written while nobody knew the time lasts over a restart that does', () => {
    Object.assign(clocks, { wall: 5000, trusted: false })
    open().put(lease(0, '10.20.0.7'), TEN)
    Object.assign(clocks, { boot: 'two', run: 0, wall: Date.UTC(2026, 10, 23), trusted: true })
    expect(says()).toEqual(['10.20.0.7: vent-01 10m'])
  })

  test('a restart after its end brings nothing back', () => {
    open().put(lease(0, '10.20.0.7'), TEN)
    Object.assign(clocks, { boot: 'two', run: 0, wall: clocks.wall + 11 * MINUTE })
    expect(says()).toEqual([])
  })
})

describe('whatever the file is', () => {
  test('a torn last line is no line, and what comes after it is', async () => {
    const journal = open()
    journal.put(lease(0, '10.20.0.7'), MINUTE)
    journal.put(lease(1, '10.20.0.8'), MINUTE)
    await journal.close()
    const path = journalIn(folder)
    const whole = readFileSync(path)
    const ends = whole.subarray(0, -1).lastIndexOf(10) + 1
    for (let cut = ends; cut < whole.length; cut++) {
      rmSync(path)
      appendFileSync(path, whole.subarray(0, cut))
      expect(says()).toEqual(['10.20.0.7: vent-01 1m'])
      const again = open()
      again.put(lease(1, '10.20.0.9'), MINUTE)
      expect(says()).toEqual(['10.20.0.7: vent-01 1m', '10.20.0.9: vent-02 1m'])
      await again.close()
    }
    expect(whole.length - ends).toBeGreaterThan(50)
  })

  test('garbage is passed over and counted, and breaks nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json()), { maxLength: 20 }), (lines) => {
        mkdirSync(dirname(journalIn(folder)), { recursive: true })
        rmSync(journalIn(folder), { force: true })
        appendFileSync(journalIn(folder), `${lines.map((line) => line.replaceAll('\n', ' ')).join('\n')}\n`)
        const journal = openJournal({ file: openJournalFile(folder), clock })
        journal.put(lease(0, '10.20.0.7'), MINUTE)
        expect(says()).toEqual(['10.20.0.7: vent-01 1m'])
        expect(journal.size().unread).toBe(Math.max(lines.length, 1))
      }),
      { numRuns: 100 },
    )
  })
})

/** Its folder is the daemon's: who breaks into that can put anything there. */
describe('what is no file', () => {
  const strange = [
    ['a folder', () => mkdirSync(journalIn(folder)), /not a file/],
    ['a pipe that nobody writes to', () => execFileSync('mkfifo', [journalIn(folder)]), /not a file/],
    [
      'a link to elsewhere',
      () => {
        writeFileSync(join(folder, 'elsewhere'), 'secret')
        symlinkSync('../elsewhere', journalIn(folder))
      },
      /ELOOP/,
    ],
  ] as const

  test.each(strange)('%s is not read, and keeps nobody waiting', (_, make, why) => {
    mkdirSync(dirname(journalIn(folder)))
    make()
    expect(() => readJournal(folder, clock)).toThrow(why)
    const nothing = journalOrNothing(folder, clock)
    expect(says(nothing)).toEqual([])
    expect(nothing.unread).toMatch(why)
  })

  test.each(strange)('%s is put aside, and a new one begun', async (_, make, why) => {
    mkdirSync(dirname(journalIn(folder)))
    make()
    const journal = open()
    expect(journal.unread).toMatch(why)
    journal.put(lease(0, '10.20.0.7'), 10 * MINUTE)
    await journal.flush()
    expect(journal.trouble()).toBeNull()
    expect(says()).toEqual(['10.20.0.7: vent-01 10m'])
    expect(journalOrNothing(folder, clock).unread).toBeNull()
    expect(existsSync(`${journalIn(folder)}.unread`)).toBe(true)
    // What a link led to was nobody's business here.
    if (why.source === 'ELOOP') expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('secret')
  })
})

describe('bounded', () => {
  test('a device has at most 16 addresses: the one that ends first makes room', () => {
    const journal = open()
    for (let at = 0; at < 40; at++)
      journal.put(lease(0, `fd20::${(at + 16).toString(16)}`), (100 - at) * MINUTE)
    const held = says()
    expect(held).toHaveLength(16)
    // The ones that end soonest went, each when the next came: the last is there.
    expect(held).toContain('fd20::37: vent-01 61m')
    expect(held).toContain('fd20::10: vent-01 100m')
    expect(says(journal)).toEqual(held)
  })

  test('answers to a device that asks for ever new names stay bounded', () => {
    const journal = open()
    for (let at = 0; at < 3000; at++) journal.put(answer(`n${at}.example`, '203.0.113.9'), (at + 1) * MINUTE)
    journal.put(answer('a.example', '203.0.113.9', 'vent-02'), MINUTE)
    expect(says().length).toBe(1025)
  })

  test('the file is written anew when most of it says nothing any more', async () => {
    const journal = open()
    for (let at = 0; at < 3000; at++) journal.put(lease(0, '10.20.0.7'), (at + 1) * MINUTE)
    expect(journal.size().lines).toBe(3000)
    await journal.flush()
    expect(journal.size().lines).toBe(1)
    expect(says()).toEqual(['10.20.0.7: vent-01 3000m'])
    expect(statSync(journalIn(folder)).size).toBeLessThan(200)
    journal.put(lease(1, '10.20.0.8'), MINUTE)
    expect(says()).toEqual(['10.20.0.7: vent-01 3000m', '10.20.0.8: vent-02 1m'])
  })
})

test('a full disk: all goes on from memory, it is said, and written as soon as there is room', async () => {
  const real = openJournalFile(folder)
  let isFull = false
  const full = (): void => {
    if (isFull) throw new Error('ENOSPC: no space left on device')
  }
  const journal = open({
    ...real,
    append: (text) => {
      full()
      real.append(text)
    },
    replace: (text) => {
      full()
      real.replace(text)
    },
  })
  journal.put(lease(0, '10.20.0.7'), MINUTE)
  isFull = true
  journal.put(lease(1, '10.20.0.8'), MINUTE)
  journal.drop(lease(0, '10.20.0.7'))
  expect(journal.trouble()).toContain('ENOSPC')
  expect(says(journal)).toEqual(['10.20.0.8: vent-02 1m'])
  expect(says()).toEqual(['10.20.0.7: vent-01 1m'])
  await journal.flush()
  expect(journal.trouble()).toContain('ENOSPC')
  isFull = false
  await journal.flush()
  expect(journal.trouble()).toBeNull()
  expect(says()).toEqual(['10.20.0.8: vent-02 1m'])
})
