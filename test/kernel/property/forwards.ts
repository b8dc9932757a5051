/**
 * What leads packets of the world elsewhere: random forwards, and the table of somebody else that translates, too. Ours come
 * first, so that both can be told apart.
 */
import {
  type Address,
  type EndpointDocument,
  type Flow,
  type ForwardDocument,
  parseAddress,
  type When,
} from '@thingwall/policy'
import fc from 'fast-check'
import { plainPeers } from './peers.ts'
import { devices, foreign, ports } from './world.ts'

/** Forwards of ports that packets of the world are sent to, and one that documents what somebody else translates. */
export function randomForwards(
  dates: fc.Arbitrary<string | undefined>,
  whens: fc.Arbitrary<When | null>,
): fc.Arbitrary<Record<string, ForwardDocument>> {
  const one = (service: readonly string[], others: readonly number[]): fc.Arbitrary<ForwardDocument> =>
    fc
      .record({
        to: fc.constantFrom(...devices.map(({ name }) => name), '10.20.0.77', 'fd21::77'),
        port: fc.constantFrom(null, ...others),
        from: fc.oneof(fc.constant<readonly EndpointDocument[]>([{ kind: 'any' }]), plainPeers),
        when: whens,
        expires: dates,
      })
      .map(({ expires, to, ...given }) => ({
        why: 'random',
        owner: 'test@example',
        origin: null,
        at: 'uplink',
        service,
        to: [{ kind: 'text', text: to }],
        by: null,
        ...given,
        ...(expires === undefined ? {} : { expires }),
      }))
  const documented = fc.tuple(fc.constantFrom(...foreign), one([], []), fc.boolean()).map(
    ([{ network, port, to, toPort }, given, isExact]): ForwardDocument => ({
      ...given,
      at: network,
      service: [`${port}/tcp`],
      to: [isExact ? { kind: 'text', text: to } : { kind: 'any' }],
      port: toPort,
      by: 'somebody else',
    }),
  )
  return fc
    .tuple(
      one(['22/tcp'], [80]),
      one(['443/tcp'], [443, 8443]),
      one(['443/udp', '53/udp'], []),
      one(['8000-9000/tcp', '123-130/udp'], []),
      documented,
    )
    .chain((all) => fc.subarray(all))
    .map((some) => Object.fromEntries(some.map((given, at) => [`f${at}`, given])))
}

/** The flow as somebody else's table leads it, where that translates it. */
export function translatedByOthers(flow: Flow): Flow {
  const found = foreign.find(
    (one) =>
      one.network === flow.ingress &&
      one.port === flow.destinationPort &&
      flow.protocol === 6 &&
      flow.original === undefined &&
      parseAddress(one.destination) === flow.destination,
  )
  if (found === undefined) return flow
  const original = { destination: flow.destination, port: found.port }
  return {
    ...flow,
    destination: parseAddress(found.to) as Address,
    destinationPort: found.toPort,
    original,
  }
}

/** Somebody else's translations, as Docker makes them; ours come first. */
export function foreignTable(): string {
  const rules = foreign.map(({ network, destination, port, to, toPort }) => {
    const family = destination.includes(':') ? 'ip6' : 'ip'
    const door = ports.find((one) => one.network === network)?.interface
    const target = family === 'ip6' ? `[${to}]` : to
    return `iifname "${door}" ${family} daddr ${destination} tcp dport ${port} dnat ${family} to ${target}:${toPort}`
  })
  const hook = 'type nat hook prerouting priority dstnat + 10; policy accept;'
  return `table inet somebody {\n\tchain prerouting {\n\t\t${[hook, ...rules].join('\n\t\t')}\n\t}\n}\n`
}
