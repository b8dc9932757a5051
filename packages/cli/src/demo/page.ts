/** How the demo is told on a page: scene by scene, three lines for each thing tried, and a sum at the end. */
import type { Page } from '../frame/report.ts'
import { hanging, safe } from '../render/text.ts'
import type { Outcome } from './attempt.ts'
import type { Reason } from './reason.ts'
import { destinationOf } from './story.ts'
import { gateway, residents } from './world.ts'

const widest = 100
const termWidth = 10

/** The page, no wider than people read. */
export function narrowed(page: Page): Page {
  return { ...page, width: Math.min(page.width, widest) }
}

export function openingText(hosts: number, page: Page): string {
  const { things, station, uplink } = gateway
  const rows = [
    [
      'things',
      'vent-01  vent-02  crater-cam',
      'WiFi; the access point keeps them apart',
      `${things[4]}, ${things[6]}`,
    ],
    ['station', 'laptop  admin-laptop', 'the geologists', `${station[4]}, ${station[6]}`],
    ['uplink', 'api  vendor  time  web  botnet  attacker', 'masqueraded', `${uplink[4]}, ${uplink[6]}`],
  ].map(([network = '', hosts = '', what = '', gate = '']) =>
    [
      `  ${page.ink('cyan', network.padEnd(8))}`,
      hosts.padEnd(42),
      page.ink('dim', `${what}; gateway ${gate}`),
    ].join(' '),
  )
  const head = `The volcano site of Mauna Loa: ${hosts} hosts, each a network namespace of this machine`
  return `${page.ink('bold', head)}\n${rows.join('\n')}\n`
}

export function stepText(what: string, said: string, page: Page): string {
  return `  ${page.ink('cyan', what.padEnd(8))} ${said}\n`
}

export function sceneText(title: string, page: Page): string {
  return `\n${page.ink('bold', title)}\n`
}

export function outcomeText(outcome: Outcome, reason: Reason, page: Page): string {
  const { verdict, differences, title, openings } = outcome
  const [first] = openings
  const where =
    first === undefined
      ? ''
      : `${residents[first.as ?? first.from][first.to.includes(':') ? 6 : 4]} → ${more(outcome)}`
  const mark = verdict === 'allow' ? page.ink('green', 'allowed') : page.ink('red', 'blocked')
  const line = (term: string, text: string): string =>
    page.ink('dim', hanging(`  ${term.padEnd(termWidth - 2)}`, text, page.width))
  const room = Math.min(page.width, widest) - termWidth - title.length
  const ends = where.length < room ? where.padStart(room) : `\n${' '.repeat(termWidth)}${where}`
  const out = [`  ${mark} ${safe(title)}${page.ink('dim', ends)}`, line('', seenText(outcome))]
  const behind = [reason.owner, reason.ticket, reason.at].filter((text) => text !== null)
  out.push(line('', [reason.why.replace(/\.$/, ''), ...behind].map((text) => safe(text)).join(' · ')))
  for (const difference of differences) {
    out.push(page.ink('yellow', hanging('  DIFFERS ', safe(difference), page.width)))
  }
  return `${out.join('\n')}\n`
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
function seenText({ seen, kernel, arrived, rule, keptBy, verdict }: Outcome): string {
  const counted = kernel.get(rule.id) ?? 0
  const packets = `${counted} ${counted === 1 ? 'packet' : 'packets'}`
  const wire = arrived === null ? [] : [arrived === 0 ? 'nothing arrived' : 'arrived']
  const inKernel = keptBy ?? `${packets} ${verdict === 'allow' ? 'let in' : 'dropped'} by ${rule.id}`
  return [safe(seen.words), ...wire, inKernel].join(' · ')
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
