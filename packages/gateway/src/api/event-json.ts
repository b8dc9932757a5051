/** An event as programs are given it: addresses and instants as people write them. */
import { type Address, formatAddress } from '@thingwall/policy'
import type { End, TrafficEvent } from '../events/model.ts'
import type { StoredEvent } from '../store/store.ts'

interface EndJson {
  readonly address: string | null
  readonly port: number | null
  readonly device: string | null
  readonly name: string | null
}

export type EventJson =
  | {
      readonly id: string
      readonly kind: 'notice'
      readonly at: string
      readonly until: string
      readonly topic: string
      readonly text: string
      readonly device: string | null
      readonly count: number
    }
  | (Omit<TrafficEvent, 'at' | 'until' | 'source' | 'destination' | 'translated'> & {
      readonly id: string
      readonly at: string
      readonly until: string
      readonly source: EndJson
      readonly destination: EndJson
      readonly translated: { readonly source: string | null; readonly destination: string | null }
    })

export function eventJson(event: StoredEvent): EventJson {
  const times = { at: new Date(event.at).toISOString(), until: new Date(event.until).toISOString() }
  if (event.kind === 'notice') {
    const { id, kind, topic, text, device, count } = event
    return { id, kind, ...times, topic, text, device, count }
  }
  const { source, destination, translated } = event
  return {
    ...event,
    ...times,
    source: endJson(source),
    destination: endJson(destination),
    translated: { source: addressText(translated.source), destination: addressText(translated.destination) },
  }
}

function endJson({ address, port, device, name }: End): EndJson {
  return { address: addressText(address), port, device, name }
}

function addressText(address: Address | null): string | null {
  return address === null ? null : formatAddress(address)
}
