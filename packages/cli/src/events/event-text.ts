/** One event as a line for people: when, what, both ends, the rule, how often, and the id to ask more with. */
import type { EventJson } from '@thingwall/gateway'
import { formatService } from '@thingwall/policy'
import type { Ink, Page } from '../frame/report.ts'
import { safe } from '../render/text.ts'

const inks: Readonly<Record<EventJson['kind'], Ink>> = {
  denied: 'red',
  allowed: 'green',
  opened: 'green',
  closed: 'dim',
  notice: 'yellow',
}

/** Without a line break at its end. */
export function eventLine(event: EventJson, page: Page): string {
  const at = page.ink('dim', event.at.replace('T', ' ').replace(/\.\d+Z$/, 'Z'))
  const kind = page.ink(inks[event.kind], event.kind.padEnd(7))
  const times = event.count === 1 ? '' : ` ×${event.count}`
  const id = page.ink('dim', event.id)
  if (event.kind === 'notice')
    return `${at}  ${kind}  ${safe(`${event.topic}: ${event.text}`, 600)}${times}  ${id}`
  const ends = `${endText(event.source, '')} → ${endText(event.destination, serviceText(event))}`
  const rule = event.rule === null ? page.ink('dim', 'no rule') : page.ink('bold', safe(event.rule, 160))
  const gathered = event.isGathered ? ' (many counted together)' : ''
  return `${at}  ${kind}  ${ends}${gathered}  ${rule}${times}  ${id}`
}

type Traffic = Exclude<EventJson, { readonly kind: 'notice' }>

/** `vent-01 (10.20.0.11)`, `api.volcano.example (203.0.113.10):443/tcp`. */
function endText({ address, device, name }: Traffic['source'], service: string): string {
  const called = device ?? name
  const where = address ?? 'several'
  const text = called === null ? where : `${safe(called, 120)} (${where})`
  if (service === '') return text
  return `${called === null && where.includes(':') ? `[${text}]` : text}:${service}`
}

function serviceText({ protocol, destination, icmpType, etherType }: Traffic): string {
  if (etherType === 0x0806) return 'arp'
  if (protocol === null) return ''
  const { port } = destination
  if (protocol === 6 || protocol === 17)
    return port === null
      ? protocol === 6
        ? 'tcp'
        : 'udp'
      : formatService({ kind: 'ports', protocol, first: port, last: port })
  if ((protocol === 1 || protocol === 58) && icmpType !== null)
    return formatService({ kind: 'icmp', family: protocol === 1 ? 4 : 6, type: icmpType })
  return formatService({ kind: 'protocol', number: protocol })
}
