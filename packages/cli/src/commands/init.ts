/**
 * `thingwall init`: looks at this machine's interfaces, asks at most six questions, and writes a first policy that
 * `check` accepts. Never over a file that is there.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import {
  defaultInterfaces,
  findCaller,
  neighbours,
  ownAddresses,
  survey,
  thisMachine,
} from '@thingwall/gateway'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { type FirstPolicy, firstPolicy } from '../init/first-policy.ts'
import { describe, type Found, suggest } from '../init/found.ts'
import { type Answers, type Question, questions } from '../init/questions.ts'
import { asJson, asTypeScript, asYaml } from '../init/source.ts'
import { DEFAULT_POLICY_FILE } from '../load/load.ts'
import { count, safe } from '../render/text.ts'
import { policyOption } from './open.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const file = resolve(host.cwd, call.options.policy ?? DEFAULT_POLICY_FILE)
  const written = formOf(file)
  if (existsSync(file)) throw taken(call)
  const found = await look(host)
  const answers = await answer(call, host, found)
  const plan = firstPolicy(found, answers)
  if ('wrong' in plan) throw usage(plan.wrong, 'answer otherwise, or write the policy by hand')
  write(file, written(plan), call)
  const option = policyOption(call)
  return {
    exit: exits.fine,
    json: {
      file,
      site: plan.site,
      networks: plan.networks,
      devices: plan.devices,
      strangers: plan.strangers.length,
    },
    text: (page) => `${page.ink('green', 'written')} ${file}: ${summary(plan)}\n`,
    next: [
      [`thingwall check${option}`, 'whether it is sound'],
      [`sudo thingwall apply${option} --dry-run`, 'whether this machine would take it'],
    ],
  }
}

/** How a policy is written in a file of that name. Throws `usage` for one that `check` would not read. */
function formOf(file: string): (plan: FirstPolicy) => string {
  if (/\.ya?ml$/i.test(file)) return asYaml
  if (/\.json$/i.test(file)) return asJson
  if (/\.m?[jt]s$/.test(file)) return asTypeScript
  throw usage(
    `${safe(basename(file), 60)} is no name of a policy file`,
    'it ends in .ts, .yaml or .json: thingwall init --policy home.policy.yaml',
  )
}

async function look(host: Host): Promise<Found> {
  const machine = await survey(thisMachine)
  const [ways, heard, caller] = await Promise.all([
    defaultInterfaces(thisMachine),
    neighbours(thisMachine),
    findCaller(thisMachine, { env: host.env, pid: process.pid, own: ownAddresses(machine) }),
  ])
  return suggest(machine, { ways, neighbours: heard, caller, hostName: hostname() })
}

interface Terminal {
  /** The next line; null at the end of input. */
  readonly ask: (prompt: string) => Promise<string | null>
  readonly close: () => void
}

/** Lines are kept that somebody types, or pastes, before they are asked for. */
function openTerminal(): Terminal {
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  const lines = reader[Symbol.asyncIterator]()
  return {
    async ask(prompt) {
      process.stderr.write(prompt)
      const { value, done } = await lines.next()
      return done === true ? null : value
    },
    close: () => reader.close(),
  }
}

/** What the options say, what the terminal says, and else what is suggested. */
async function answer(call: Call, host: Host, found: Found): Promise<Answers> {
  const isAsking = process.stdin.isTTY === true && call.options.yes !== true && call.options.json !== true
  const terminal = isAsking ? openTerminal() : null
  try {
    if (terminal !== null) {
      host.stderr.write(`Interfaces: ${found.interfaces.map(describe).join('; ')}\n\n`)
    }
    const given: Record<string, unknown> = {}
    for (const question of questions) {
      given[question.key] = await oneAnswer(question, { call, host, found, terminal, given })
    }
    return given as unknown as Answers
  } finally {
    terminal?.close()
  }
}

interface Asking {
  readonly call: Call
  readonly host: Host
  readonly found: Found
  readonly terminal: Terminal | null
  readonly given: Partial<Answers>
}

async function oneAnswer(question: Question, asking: Asking): Promise<unknown> {
  const { call, host, found, terminal, given } = asking
  const option = call.options[question.option]
  const suggestion = question.suggestion(found, given)
  if (typeof option === 'string' || terminal === null) {
    const text = typeof option === 'string' ? option : suggestion
    const read = question.read(text, found)
    if ('value' in read) return read.value
    const what =
      typeof option === 'string' ? `--${question.option} ${option}: ` : `--${question.option} is needed: `
    throw usage(`${what}${read.wrong}`, `write it as --${question.option} VALUE, or answer at a terminal`)
  }
  for (;;) {
    const said = await terminal.ask(`${question.ask}${suggestion === '' ? '' : ` [${suggestion}]`} `)
    if (said === null)
      throw usage('stopped before the last answer; nothing was written', 'thingwall init asks again')
    const read = question.read(said.trim() === '' ? suggestion : said.trim(), found)
    if ('value' in read) return read.value
    host.stderr.write(`  ${read.wrong}\n`)
  }
}

/** `wx`: a file that somebody writes meanwhile stays theirs. */
function write(file: string, text: string, call: Call): void {
  try {
    writeFileSync(file, text, { flag: 'wx' })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw taken(call)
    throw new Failure(`${file} cannot be written`, {
      code: 'environment',
      hint: cause instanceof Error ? cause.message : 'look at the folder',
      cause,
    })
  }
}

function taken(call: Call): Failure {
  const name = call.options.policy ?? DEFAULT_POLICY_FILE
  return new Failure(`${name} is there already; nothing was written`, {
    code: 'environment',
    hint: 'give another name: thingwall init --policy FILE.policy.ts',
  })
}

function summary(plan: FirstPolicy): string {
  const held = plan.strangers.length
  return [
    count(plan.networks.length, 'network'),
    count(plan.devices.length, 'device'),
    ...(held > 0 ? [`${count(held, 'device')} heard of and not named yet`] : []),
  ].join(', ')
}
