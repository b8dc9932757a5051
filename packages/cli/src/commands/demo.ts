/**
 * `thingwall demo`: the volcano site in network namespaces on this machine, with the example's policy in force, and
 * real clients that try what they may and may not do. It ends with 0 only if all of it went as the policy says.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path'
import { enterLab } from '@thingwall/gateway/lab'
import type { Outcome } from '../demo/attempt.ts'
import {
  commandText,
  narrowed,
  openingText,
  outcomeText,
  sceneText,
  stepText,
  sumText,
} from '../demo/page.ts'
import { play } from '../demo/play.ts'
import { type Reason, reasonFor } from '../demo/reason.ts'
import { hostCount } from '../demo/site.ts'
import type { Stage } from '../demo/stage.ts'
import { isInUserNamespace, outerVariable, stayText, untilInterrupted } from '../demo/stay.ts'
import { destinationOf, type Scene } from '../demo/story.ts'
import { thingwall } from '../demo/thingwall.ts'
import type { RuleSet } from '../demo/wall.ts'
import { residents } from '../demo/world.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import { pageOf } from '../frame/page.ts'
import type { Host, Report } from '../frame/report.ts'

/** For the demo's own test: `open` or `closed` puts no policy in force, and then nearly nothing goes as it says. */
const rulesVariable = 'THINGWALL_DEMO_RULES'

export async function run(call: Call, host: Host): Promise<Report> {
  const stays = call.options.stay === true
  if (stays && call.options.json === true)
    throw usage('--stay and --json exclude each other', 'leave one out')
  const example = findExample()
  const path = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS].join(delimiter)
  requirePrograms(path)
  process.env['PATH'] = path
  process.env[outerVariable] ??= `${process.pid}`
  const entry = await enterLab()
  if (entry.kind === 'impossible') {
    throw new Failure(`the demo needs network namespaces: ${entry.reason}`, {
      code: 'environment',
      hint: entry.fix,
    })
  }
  if (entry.kind === 'ended') process.exit(entry.exitCode)

  const page = narrowed(pageOf(host, 'stdout'))
  const say = (text: string): void => {
    if (call.options.json !== true) host.stdout.write(text)
  }
  const started = performance.now()
  const policy = relative(host.cwd, policyIn(example))
  const told: ToldScene[] = []
  say(openingText(hostCount, page))
  const outcomes = await play({
    example,
    policy,
    rules: rulesOf(host),
    cwd: host.cwd,
    onBuilt: (tookMs) => say(stepText('built', `in ${Math.round(tookMs)} ms`, page)),
    onApplied: (said) => say(stepText('applied', `${policy} on the gateway: ${said}`, page)),
    onScene: (scene) => {
      told.push({ scene, attempts: [] })
      say(sceneText(scene.title, page))
    },
    onOutcome: (stage, outcome) => {
      const reason = reasonFor(stage, outcome, host.cwd)
      told.at(-1)?.attempts.push({ outcome, reason })
      say(outcomeText(outcome, reason, page))
    },
    onInterrupt: () => void host.stderr.write('thingwall: interrupted\n'),
    onEnd: async (stage, all) => {
      const tookMs = performance.now() - started
      if (call.options.json === true) return
      await ask(stage, policy, host, say)
      say(sumText(all, tookMs, page))
    },
    onStay: stays
      ? async () => {
          const outer = process.env[outerVariable] ?? ''
          say(stayText({ policy, outer, isOwnUser: await isInUserNamespace() }, page))
          await untilInterrupted()
        }
      : null,
  })
  const ok = outcomes.every(({ differences }) => differences.length === 0)
  return {
    exit: ok ? exits.fine : exits.no,
    json: { ok, policy, tookMs: Math.round(performance.now() - started), scenes: told.map(sceneJson) },
    text: () => '',
    next: [
      [`thingwall check --policy ${policy}`, 'the policy, judged; edit it, and the demo tells another story'],
      [`thingwall list rules --policy ${policy}`, 'every rule with its reason'],
      ['npm run demo -- --stay', 'the site stays up for you to try'],
    ],
  }
}

interface ToldScene {
  readonly scene: Scene
  readonly attempts: { readonly outcome: Outcome; readonly reason: Reason }[]
}

/** The example is part of the checkout. */
/** In a checkout the example itself, installed the copy that the build has made of it. */
function findExample(): string {
  const folders = ['../../../../examples/volcano', '../example'].map((path) =>
    resolve(import.meta.dirname, path),
  )
  const found = folders.find((folder) => existsSync(join(folder, 'thingwall.policy.ts')))
  if (found !== undefined) return found
  throw new Failure('the example that the demo plays is not here', {
    code: 'environment',
    hint: 'install thingwall anew, or in a checkout run: npm run demo',
  })
}

/** Node strips no types of files below `node_modules`, so an installed policy is played from a folder of the lab. */
function policyIn(example: string): string {
  const installed = join(example, 'thingwall.policy.ts')
  if (!installed.split(sep).includes('node_modules')) return installed
  const copy = '/run/thingwall-volcano/thingwall.policy.ts'
  mkdirSync(dirname(copy), { recursive: true })
  copyFileSync(installed, copy)
  return copy
}

/** nft and ip live where Debian's ordinary users do not look. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** What the play is made with, and the Debian package of each. */
const programs = {
  ip: 'iproute2',
  nft: 'nftables',
  curl: 'curl',
  nmap: 'nmap',
  ping: 'iputils-ping',
  openssl: 'openssl',
} as const

/** Without one of them most of the play would fail, and not say why. */
function requirePrograms(path: string): void {
  const folders = path.split(delimiter)
  const missing = Object.entries(programs).filter(
    ([program]) => !folders.some((folder) => existsSync(join(folder, program))),
  )
  if (missing.length === 0) return
  throw new Failure(
    `the demo needs programs that are not here: ${missing.map(([name]) => name).join(', ')}`,
    {
      code: 'environment',
      hint: `on Debian: apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    },
  )
}

function rulesOf(host: Host): RuleSet {
  const rules = host.env[rulesVariable]
  return rules === 'open' || rules === 'closed' ? rules : 'policy'
}

/** What the person on call would ask, with the answers. */
async function ask(stage: Stage, policy: string, host: Host, say: (text: string) => void): Promise<void> {
  const page = pageOf(host, 'stdout')
  const isColoured = page.ink('bold', 'x') !== 'x'
  const width = Number.isFinite(page.width) ? page.width : narrowed(page).width
  const env = { COLUMNS: `${width}`, ...(isColoured ? { FORCE_COLOR: '1' } : {}) }
  const questions = [
    ['explain', '--policy', policy, '--from', 'vent-01', '--to', `${residents.botnet[4]}:443/tcp`],
    ['list', 'known-botnets', '--policy', policy],
  ]
  const answers = await Promise.all(
    questions.map((args) => thingwall(stage.site, 'router', args, { env, cwd: host.cwd })),
  )
  for (const [at, args] of questions.entries()) {
    say(commandText(`thingwall ${args.join(' ')}`, answers[at]?.stdout ?? '', page))
  }
}

function sceneJson({ scene, attempts }: ToldScene): Record<string, unknown> {
  return {
    title: scene.title,
    attempts: attempts.map(({ outcome, reason }) => ({
      title: outcome.title,
      ok: outcome.differences.length === 0,
      verdict: outcome.verdict,
      ...reason,
      flows: outcome.openings.map((opening) => ({
        from: opening.from,
        as: opening.as ?? opening.from,
        to: destinationOf(opening),
      })),
      client: outcome.seen,
      kernel: Object.fromEntries(outcome.kernel),
      arrived: outcome.arrived,
      arrivedAs: outcome.arrivedAs,
      keptBy: outcome.keptBy,
      differences: outcome.differences,
    })),
  }
}
