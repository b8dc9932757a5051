/** How the demo is told on a page: scene by scene, three lines for each thing tried, and a sum at the end. */
import type { Ink, Page } from '../frame/report.ts'
import { hanging, safe } from '../render/text.ts'
import type { Outcome } from './attempt.ts'
import type { Reason } from './reason.ts'
import { destinationOf } from './story.ts'
import { gateway, residents } from './world.ts'

const widest = 100
const indent = ' '.repeat(10)

/** The page, no wider than people read. */
export function narrowed(page: Page): Page {
  return { ...page, width: Math.min(page.width, widest) }
}

export function openingText(hosts: number, page: Page): string {
  const rows = [
    ['things', '10.20.0.0/24, fd20::/64', 'vent-01  vent-02  crater-cam, on a WiFi that keeps them apart'],
    ['station', '10.30.0.0/24, fd30::/64', 'laptop  admin-laptop'],
    ['uplink', `masqueraded as ${gateway.uplink[4]}`, 'api  vendor  time  web  botnet  attacker'],
  ].map(
    ([network = '', where = '', who = '']) =>
      `  ${page.ink('cyan', network.padEnd(8))} ${where.padEnd(27)} ${page.ink('dim', who)}\n`,
  )
  const head = `The volcano site of Mauna Loa: ${hosts} hosts, each a network namespace of this machine`
  return `${page.ink('bold', head)}\n${rows.join('')}`
}

export function stepText(what: string, said: string, page: Page): string {
  return `  ${page.ink('cyan', what.padEnd(8))} ${hanging(' '.repeat(11), said, page.width).trimStart()}\n`
}

export function sceneText(title: string, page: Page): string {
  return `\n${page.ink('bold', title)}\n`
}

export function outcomeText(outcome: Outcome, reason: Reason, page: Page): string {
  const { title, differences } = outcome
  const where = whereText(outcome)
  const line = (text: string, ink: Ink = 'dim'): string =>
    hanging(indent, safe(text), page.width).replaceAll(
      /^( *)(.*)$/gm,
      (_, space, words) => space + page.ink(ink, words),
    )
  const room = page.width - indent.length - title.length
  const ends = where.length < room ? where.padStart(room) : `\n${indent}${where}`
  const behind = [reason.why.replace(/\.$/, ''), reason.owner, reason.ticket, reason.at]
  const out = [
    `  ${markOf(outcome, page)} ${safe(title)}${where === '' ? '' : page.ink('dim', ends)}`,
    line(seenText(outcome)),
    line(behind.filter((text) => text !== null).join(' · ')),
    ...differences.map((text) => line(text, 'yellow')),
  ]
  return `${out.join('\n')}\n`
}

function markOf({ verdict, differences }: Outcome, page: Page): string {
  if (differences.length > 0) return page.ink('yellow', 'DIFFERS')
  return verdict === 'allow' ? page.ink('green', 'allowed') : page.ink('red', 'blocked')
}

function whereText(outcome: Outcome): string {
  const [first] = outcome.openings
  if (first === undefined) return ''
  return `${residents[first.as ?? first.from][first.to.includes(':') ? 6 : 4]} → ${more(outcome)}`
}

function more({ openings }: Outcome): string {
  const [first] = openings
  if (first === undefined) return ''
  if (openings.length === 1) return destinationOf(first)
  const hosts = new Set(openings.map(({ to }) => to))
  const ports = new Set(openings.map(({ port }) => port))
  return `${first.to}${hosts.size > 1 ? ` and ${hosts.size - 1} more` : ''}, ${ports.size} ports`
}

/** What the client, the kernel and the far end saw. */
function seenText({ seen, kernel, arrived, arrivedAs, rule, keptBy, verdict }: Outcome): string {
  const counted = kernel.get(rule.id) ?? 0
  const packets = `${counted} ${counted === 1 ? 'packet' : 'packets'}`
  const as = arrivedAs === null ? '' : ` as ${arrivedAs}`
  const wire = arrived === null ? [] : [arrived === 0 ? 'nothing arrived' : `arrived${as}`]
  const inKernel = keptBy ?? `${packets} ${verdict === 'allow' ? 'let in' : 'dropped'} by ${rule.id}`
  return [seen.words, ...wire, inKernel].join(' · ')
}

export function sumText(outcomes: readonly Outcome[], tookMs: number, page: Page): string {
  const different = outcomes.filter(({ differences }) => differences.length > 0)
  const allowed = outcomes.filter(({ verdict }) => verdict === 'allow').length
  const facts = `${outcomes.length} tried, ${allowed} allowed, ${outcomes.length - allowed} blocked, in ${(tookMs / 1000).toFixed(1)} s`
  if (different.length === 0) return `\n${page.ink('green', 'All went as the policy says')}: ${facts}\n`
  const list = different.map((one) => `  ${safe(one.title)}: ${safe(one.differences.join('; '))}`)
  return `\n${page.ink('red', `${different.length} did not go as the policy says`)}: ${facts}\n${list.join('\n')}\n`
}

export function commandText(command: string, output: string, page: Page): string {
  return `\n${page.ink('cyan', `$ ${command}`)}\n${output.trimEnd()}\n`
}
