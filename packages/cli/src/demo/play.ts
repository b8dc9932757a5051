/**
 * The whole play: the site is built, the servers answer, the policy goes into the gateway's kernel, every attempt of the
 * story is made, and all of it is taken down again. It runs inside the lab, which an interrupt ends as a whole.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSite } from '@thingwall/gateway/lab'
import { type Bindings, lower, type Ruleset, readBindings } from '@thingwall/policy'
import { Failure } from '../frame/failure.ts'
import { loadPolicy } from '../load/load.ts'
import { type Outcome, perform } from './attempt.ts'
import { makeCertificate, startServers } from './servers.ts'
import { siteDescription } from './site.ts'
import type { Stage } from './stage.ts'
import { type Scene, story } from './story.ts'
import { type RuleSet, raiseWall } from './wall.ts'
import { bindingsDocument } from './world.ts'

export interface Playing {
  /** The folder of the example. */
  readonly example: string
  readonly policy: string
  readonly rules: RuleSet
  readonly cwd: string
  readonly onBuilt: (tookMs: number) => void
  readonly onApplied: (said: string, tookMs: number) => void
  readonly onScene: (scene: Scene) => void
  readonly onOutcome: (stage: Stage, outcome: Outcome) => void
  /** Before an interrupt ends this process. */
  readonly onInterrupt: () => void
  /** After the last scene, while the site still stands. */
  readonly onEnd: (stage: Stage, outcomes: readonly Outcome[]) => Promise<void>
  /** Then, for as long as it takes; an interrupt is its to hear. Null: the site goes at once. */
  readonly onStay: (() => Promise<void>) | null
}

/** In the lab /run is private and goes with it. */
const folder = '/run/thingwall-demo'
const bindingsFile = join(folder, 'bindings.json')

export async function play(playing: Playing): Promise<readonly Outcome[]> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(bindingsFile, `${JSON.stringify(bindingsDocument(), null, 2)}\n`)
  const started = performance.now()
  const leave = endOnSignals(playing.onInterrupt)
  try {
    return await onSite(playing, started, leave)
  } finally {
    leave()
  }
}

/** `whenTold` is called after the last scene. */
async function onSite(playing: Playing, started: number, whenTold: () => void): Promise<readonly Outcome[]> {
  const loading = openPolicy(playing)
  // It is waited for once the site is built; what goes wrong before that is told then.
  loading.catch(() => {})
  const site = await buildSite(siteDescription)
  playing.onBuilt(performance.now() - started)
  try {
    const [{ ruleset, bindings }, wall, certificate] = await Promise.all([
      loading,
      raiseWall({ site, folder, policy: playing.policy, bindings: bindingsFile, rules: playing.rules }),
      makeCertificate(site, folder),
    ])
    playing.onApplied(wall.said, performance.now() - started)
    const servers = await startServers(site, playing.example, certificate)
    try {
      // Behind a wall that is known to be closed nobody has to be waited for.
      const patienceMs = { allow: playing.rules === 'closed' ? 500 : 3000, deny: 300 }
      const stage: Stage = { site, ruleset, bindings, wall, patienceMs, authority: certificate.cert }
      const outcomes = await tell(stage, playing)
      await playing.onEnd(stage, outcomes)
      if (playing.onStay !== null) {
        whenTold()
        await playing.onStay()
      }
      return outcomes
    } finally {
      servers.close()
    }
  } finally {
    await site.end()
  }
}

async function tell(stage: Stage, playing: Playing): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const scene of story) {
    playing.onScene(scene)
    for (const attempt of scene.attempts) {
      for (const outcome of await perform(stage, attempt)) {
        outcomes.push(outcome)
        playing.onOutcome(stage, outcome)
      }
    }
  }
  return outcomes
}

async function openPolicy({ policy, cwd }: Playing): Promise<{ ruleset: Ruleset; bindings: Bindings }> {
  const loaded = await loadPolicy(policy, { cwd, nowMs: Date.now() })
  const [ruleset, found] = loaded.document === null ? [null, []] : lower(loaded.document)
  const [bindings, faults] = ruleset === null ? [null, []] : readBindings(bindingsDocument(), ruleset)
  if (ruleset !== null && bindings !== null) return { ruleset, bindings }
  throw new Failure('the policy of the demo has errors', {
    code: 'policy',
    hint: `thingwall check --policy ${policy}`,
    diagnostics: [...loaded.diagnostics, ...found, ...faults],
    project: loaded.project,
  })
}

/**
 * Interrupted, it goes at once. This process is the first of the lab's, so with it go all others, and with them every
 * host; an orderly end would let what is under way fail first, and be told as a fault. Returns what puts an end to that.
 */
function endOnSignals(onInterrupt: () => void): () => void {
  const numbers = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  const handlers = Object.entries(numbers).map(([signal, exitCode]) => {
    const leave = (): void => {
      onInterrupt()
      process.exit(exitCode)
    }
    process.on(signal, leave)
    return () => process.off(signal, leave)
  })
  return () => {
    for (const off of handlers) off()
  }
}
