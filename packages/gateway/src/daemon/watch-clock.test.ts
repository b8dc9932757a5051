/** What the watch over what is in force does when the clock is put back; what it tells of others is in `test/kernel`. */
import { allow, device, lower, network, noBindings, policy, type Ruleset } from '@thingwall/policy'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ApplicationRecord, InForce, Trial } from '../enforce/point.ts'
import type { NoticeEvent } from '../events/model.ts'
import { type Watch, watchInForce } from './watch.ts'

const HOUR = 3_600_000

function siteWith(ends: { readonly expires?: string }) {
  const why = 'the vendor looks today'
  const visit = allow.out({ to: '192.0.2.2', service: 'https', why, ...ends })
  const document = policy('station', {
    owner: 'geo@volcano.example',
    networks: {
      things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24'] }),
      uplink: network({ role: 'uplink', interface: 'wan0' }),
    },
    devices: {
      'vent-01': device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.11', rules: { visit } }),
    },
  })
  return { text: '', document, ruleset: lower(document)[0] as Ruleset, bindings: noBindings }
}
const dated = siteWith({ expires: '2039-01-01' })
const lasting = siteWith({})

const record: ApplicationRecord = {
  ...{ sequence: 3, digest: 'd', bootDigest: null, by: 'ada', at: 1, why: null, bindings: '', log: null },
  ...{ confirmWithinMs: null, again: null, policy: { name: 'station', file: null, digest: null } },
}
const whole: InForce = {
  ...{ digest: 'd', record, isTimeless: false, trial: null, over: null, last: null },
  integrity: { kind: 'intact', covers: 'everything' },
}
const trial: Trial = { leftMs: HOUR, until: 1, returnsTo: { digest: null, record: null } }

let wall = 0
let run = 0
let seen: InForce
let isBelieved: boolean
let site: ReturnType<typeof siteWith>
let loads: number
let told: NoticeEvent[]
beforeEach(() => {
  wall = Date.UTC(2026, 10, 22)
  run = 1000
  seen = whole
  isBelieved = true
  site = dated
  loads = 0
  told = []
})

async function watching(work: (watch: Watch) => Promise<void>): Promise<void> {
  const watch = watchInForce({
    point: { read: async () => seen, readUndisturbed: async () => seen, tidy: async () => false },
    policyOf: async () => site,
    restore: () => Promise.reject(new Error('nobody changed anything')),
    loadAnew: async () => {
      loads += 1
      return isBelieved
    },
    clock: { now: () => wall, sinceBootMs: () => run },
    tell: (event) => void told.push(event),
    follows: async () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
    now: () => wall,
  })
  await watch.look()
  await work(watch)
  await watch.close()
}
function pass(byMs: number, jumpMs = 0): void {
  run += byMs
  wall += byMs + jumpMs
}

describe('a clock that is put back', () => {
  test('has what is in force loaded anew, once', () =>
    watching(async (watch) => {
      pass(60_000)
      await watch.look()
      expect(loads).toBe(0)
      pass(60_000, -HOUR)
      await watch.look()
      await watch.look()
      expect(loads).toBe(1)
      expect(told.at(-1)).toMatchObject({
        topic: 'rules-restored',
        text: 'station (application 3) is loaded anew, because the clock was put back',
      })
      pass(60_000, -HOUR)
      await watch.look()
      expect(loads).toBe(2)
    }))

  test('by less than keeping in step takes, or forth and back again, changes nothing', () =>
    watching(async (watch) => {
      for (const jump of [-2000, HOUR, -HOUR, 5000]) {
        pass(60_000, jump)
        await watch.look()
      }
      expect(loads).toBe(0)
    }))

  test('while nobody believes it is asked about again', () =>
    watching(async (watch) => {
      isBelieved = false
      pass(60_000, -HOUR)
      await watch.look()
      isBelieved = true
      await watch.look()
      await watch.look()
      expect(loads).toBe(2)
    }))

  test('waits for the end of a trial', () =>
    watching(async (watch) => {
      pass(60_000, -HOUR)
      seen = { ...whole, digest: 'tried', record: { ...record, sequence: 4, digest: 'tried' }, trial }
      await watch.look()
      expect(loads).toBe(0)
      seen = whole
      await watch.look()
      expect(loads).toBe(1)
    }))

  test('changes nothing where nothing ends', () => {
    site = lasting
    return watching(async (watch) => {
      pass(60_000, -HOUR)
      await watch.look()
      expect(loads).toBe(0)
    })
  })
})
