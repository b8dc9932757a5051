/**
 * What the editor offers, and what it underlines, in a policy file: asked of TypeScript's own language server. The
 * place is where `|` stands in the written text; the rest of the policy stands around it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Editor, openEditor, type Place } from './server.ts'

let editor: Editor

beforeAll(async () => {
  editor = await openEditor()
})

afterAll(() => editor.close())

/** A sound site, with what a test writes in one of its places. */
function site(parts: { rule?: string; device?: string; own?: string; test?: string }): string {
  return `import { allow, deny, list, network, policy, profile, test } from 'thingwall'

const bots = list('bots', { why: 'Seen', entries: {} })
const seismometer = profile('seismometer', {
  why: 'Measures',
  rules: { own: ${parts.own ?? "allow.in({ from: 'station', service: 'ssh', why: 'Reason' })"} },
})
const camera = profile('camera', { why: 'Watches' })

export default policy('site', {
  rules: {
    bots: deny.both({ who: 'any', peer: bots, why: 'Reason' }),
    written: ${parts.rule ?? "deny.both({ who: camera, peer: bots, why: 'Reason' })"},
  },
  networks: {
    things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }),
    station: network({ role: 'trusted', interface: 'lan0', cidrs: '10.30.0.0/24' }),
  },
  devices: {
    'vent-01': seismometer.device({ mac: '02:00:00:00:00:01', ip: '10.20.0.11' }),
    'crater-cam': camera.device({ mac: '02:00:00:00:00:02'${parts.device ?? ''} }),
  },
  tests: [${parts.test ?? "test.denies('vent-01', '10.30.0.5:22/tcp')"}],
})
`
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
}

async function offered(marked: string): Promise<readonly string[]> {
  const offset = marked.indexOf("'|'") + 1
  editor.write(marked.replace("'|'", "''"))
  const labels = await editor.complete(placeOf(marked, offset))
  return labels.filter((label) => label !== '')
}

const devices = ['crater-cam', 'vent-01']
const networks = ['station', 'things']
const peers = ['any', 'crater-cam', 'gateway', 'station', 'things', 'vent-01']
const profiles = ['camera', 'seismometer']

const places: readonly (readonly [where: Parameters<typeof site>[0], offers: readonly string[]])[] = [
  [{ rule: "deny.both({ who: '|', peer: bots, why: 'Reason' })" }, peers],
  [{ rule: "deny.out({ who: 'any', to: '|', why: 'Reason' })" }, peers],
  [{ rule: "deny.out({ who: ['things', '|'], to: 'any', why: 'Reason' })" }, peers],
  [{ rule: "allow.in({ who: 'things', from: '|' })" }, peers],
  [{ rule: "deny.both({ who: 'any', peer: 'any', except: '|', why: 'Reason' })" }, peers],
  [{ rule: "deny.both({ who: { of: 'things', except: ['|'] }, peer: 'any', why: 'Reason' })" }, peers],
  [{ rule: "deny.out({ who: { network: '|' }, to: 'any', why: 'Reason' })" }, networks],
  [{ rule: "deny.out({ who: { device: '|' }, to: 'any', why: 'Reason' })" }, devices],
  [{ rule: "deny.out({ who: [{ profile: '|' }], to: 'any', why: 'Reason' })" }, profiles],
  [{ device: ", network: '|'" }, networks],
  [{ device: ", rules: { x: allow.out({ to: '|', service: 'https', why: 'Reason' }) }" }, peers],
  [{ test: "test.allows('|', '10.30.0.5:22/tcp')" }, devices],
  // In a profile no site is known: it may serve several.
  [{ own: "allow.in({ from: '|', service: 'ssh', why: 'Reason' })" }, ['any', 'gateway']],
  [{ own: "allow.both({ peer: { profile: '|' }, service: 'coap', why: 'Reason' })" }, ['seismometer']],
]

describe('offers the names of the policy', () => {
  test.each(places)('%j', async (where, offers) => {
    expect([...(await offered(site(where)))].sort()).toEqual(offers)
  })

  test('and the services', async () => {
    const service = "allow.out({ who: 'things', to: 'any', service: ['https', '|'], why: 'Reason' })"
    expect(await offered(site({ rule: service }))).toEqual(expect.arrayContaining(['https', 'mqtts', 'ntp']))
  })
})

const faults: readonly (readonly [rule: string, underlined: readonly string[]])[] = [
  ["deny.both({\n  who: 'any',\n  peer: 'statoin',\n  why: 'Reason',\n})", ['peer']],
  [
    "deny.both({\n  who: [\n    'things',\n    'thigns',\n  ],\n  peer: bots,\n  why: 'Reason',\n})",
    ["'thigns'"],
  ],
  ["deny.both({\n  who: 'any',\n  peer: bots,\n  except: 'vent-1',\n  why: 'Reason',\n})", ['except']],
  [
    "allow.out({\n  who: 'things',\n  to: 'station',\n  service: '65536/tcp',\n  why: 'Reason',\n})",
    ['service'],
  ],
  [
    "allow.out({\n  who: 'thigns',\n  to: 'statoin',\n  service: '0/udp',\n  why: 'Reason',\n})",
    ['who', 'to', 'service'],
  ],
  [
    "allow.out({ who: 'things', to: 'station', service: 'https' })",
    ["{ who: 'things', to: 'station', service: 'https' }"],
  ],
]

describe('underlines what is wrong, and nothing else', () => {
  test.each(faults)('%s', async (rule, underlined) => {
    const text = site({ rule })
    editor.write(text)
    const found = await editor.faults()
    expect(found.map(({ start }) => start)).toEqual(
      underlined.map((word) => placeOf(text, text.indexOf(rule) + rule.indexOf(word))),
    )
  })

  test('nothing, where nothing is wrong', async () => {
    editor.write(site({}))
    expect(await editor.faults()).toEqual([])
  })
})
