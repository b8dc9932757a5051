/** Runs the real program on real policy files in a folder of its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../packages/cli/bin/thingwall', import.meta.url))

export interface Ended {
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

export interface Site {
  readonly folder: string
  readonly write: (name: string, text: string | Uint8Array) => void
  readonly run: (args: readonly string[], env?: Record<string, string>) => Promise<Ended>
  /** Runs with `--json` and reads what comes out; fails where that is not one JSON document and nothing else. */
  readonly json: (args: readonly string[]) => Promise<{ readonly exit: number | null; readonly value: Json }>
  readonly remove: () => void
}

/** What a document holds, by key; `listOf` reads arrays. */
export interface Json {
  readonly [key: string]: Json
}

export function listOf(value: Json | undefined): readonly Json[] {
  if (!Array.isArray(value)) throw new Error(`not a list: ${JSON.stringify(value)}`)
  return value as readonly Json[]
}

/** A folder with these files, `thingwall.policy.ts` among them, far from any `node_modules`. */
export function siteOf(files: Readonly<Record<string, string>>): Site {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'thingwall-cli-')))
  const site: Site = {
    folder,
    write(name, text) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    },
    run: (args, env = {}) => runIn(folder, args, env),
    async json(args) {
      const { exit, out, err } = await runIn(folder, [...args, '--json'], {})
      if (err !== '') throw new Error(`with --json nothing belongs on standard error: ${err}`)
      return { exit, value: JSON.parse(out) as Json }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  for (const [name, text] of Object.entries(files)) site.write(name, text)
  return site
}

function runIn(cwd: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...inherited } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(launcher, args, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.once('error', reject)
    child.once('close', (exit) => resolve({ exit, out, err }))
  })
}

/** The volcano site in short: two devices, one list, sound but for what a test changes. */
export const volcano = `import { allow, deny, list, network, policy, profile, test } from 'thingwall'

const bots = list('known-botnets', {
  why: 'Command-and-control hosts seen in the March incident',
  owner: 'secops@volcano.example',
  entries: {
    '198.51.100.7': { why: 'Mirai loader', source: 'incident INC-88', added: '2026-03-02' },
    '203.0.113.0/28': { why: 'Mozi peers', source: 'abuse feed' },
  },
})

const seismometer = profile('seismometer', {
  why: 'ESP32 that pushes ground-motion readings',
  owner: 'geo@volcano.example',
  rules: {
    readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'POST /readings', ticket: 'GEO-12' }),
    clock: allow.out({ to: 'gateway', service: 'ntp', why: 'TLS needs the time' }),
  },
})

export default policy('mauna-loa', {
  owner: 'site@volcano.example',
  networks: {
    things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'], isolation: 'access-point' }),
    station: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] }),
    uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
  },
  devices: {
    'vent-01': seismometer.device({ mac: '24:6f:28:aa:00:01', ip: ['10.20.0.11', 'fd20::11'] }),
    'vent-02': seismometer.device({ mac: '24:6f:28:aa:00:02', ip: '10.20.0.12' }),
  },
  rules: { botnets: deny.both({ who: 'any', peer: bots, why: 'Never, whatever else is allowed' }) },
  tests: [
    test.denies('vent-01', '10.30.0.5:22/tcp'),
    test.allows('vent-01', 'api.volcano.example:443/tcp'),
  ],
})
`
