/**
 * What a hijacked host does that no ordinary program would: takes another's address, sends by a road it was not given,
 * and tells the gateway lies about who has which address. Each puts the host back as it was.
 */
import { buildFrame, neighbourAdvertisement, openPacketSocket, type Site } from '@thingwall/gateway/lab'
import type { Attempt } from './attempt.ts'
import { interfaceOf } from './site.ts'
import { type Family, gateway, type Name, residents } from './world.ts'

type Act = Attempt['act']

/** Acts with the address of `victim` on the interface of `forger`, and with the gateway's link address set by hand. */
export function withAddressOf(victim: Name, forger: Name, family: Family, act: Act): Act {
  return async (stage, task) => {
    const dev = interfaceOf(forger)
    const address = `${residents[victim][family]}/${family === 4 ? 32 : 128}`
    // Other than its own, or the host would have it already.
    const isOwn = victim === forger
    const router = ['neigh', 'replace', gateway.things[family], 'lladdr', gateway.things.link, 'dev', dev]
    await ip(stage.site, forger, [...router, 'nud', 'permanent'])
    if (!isOwn)
      await ip(stage.site, forger, [
        'address',
        'add',
        address,
        'dev',
        dev,
        ...(family === 6 ? ['nodad'] : []),
      ])
    try {
      return await act(stage, task)
    } finally {
      if (!isOwn) await ip(stage.site, forger, ['address', 'delete', address, 'dev', dev])
      await ip(stage.site, forger, ['neigh', 'delete', gateway.things[family], 'dev', dev])
    }
  }
}

/** Reaches a neighbour through the gateway instead of over the air, where the access point would keep them apart. */
export function aroundThe(target: Name, from: Name, family: Family, act: Act): Act {
  return async (stage, task) => {
    const route = [residents[target][family], 'via', gateway.things[family], 'dev', interfaceOf(from)]
    await ip(stage.site, from, ['route', 'add', ...route])
    try {
      return await act(stage, task)
    } finally {
      await ip(stage.site, from, ['route', 'delete', ...route])
    }
  }
}

/** Tells the gateway that the victim's address is at the forger, and sees whom the gateway then believes. */
export function poison(forger: Name, victim: Name, family: Family): Act {
  return async ({ site }) => {
    const socket = openPacketSocket({
      namespacePath: site.namespacePath(forger),
      interface: interfaceOf(forger),
    })
    try {
      for (const frame of lies(forger, victim, family)) socket.send(frame)
    } finally {
      socket.close()
    }
    const listing = await site.must('router', [
      'ip',
      'neigh',
      'show',
      residents[victim][family],
      'dev',
      'wlan0',
    ])
    const believed = /lladdr (\S+)/.exec(listing)?.[1] ?? 'nobody'
    return believed === residents[forger].link
      ? { reached: true, words: `the gateway believes it: ${victim} is at ${believed}` }
      : { reached: false, words: `the gateway still has ${victim} at ${believed}` }
  }
}

function lies(forger: Name, victim: Name, family: Family): readonly Uint8Array[] {
  const source = residents[forger].link ?? ''
  const destination = gateway.things.link
  const claimed = residents[victim][family]
  if (family === 6) {
    const payload = neighbourAdvertisement({
      target: claimed,
      flags: ['solicited', 'override'],
      options: [{ kind: 'target-link', link: source }],
    })
    const packet = {
      kind: 'ipv6',
      source: claimed,
      destination: gateway.things[6],
      hops: 255,
      payload,
    } as const
    return [buildFrame({ destination, source, payload: packet })]
  }
  return (['request', 'reply'] as const).map((operation) =>
    buildFrame({
      destination,
      source,
      payload: {
        kind: 'arp',
        operation,
        senderLink: source,
        sender: claimed,
        targetLink: operation === 'reply' ? destination : '00:00:00:00:00:00',
        target: gateway.things[4],
      },
    }),
  )
}

async function ip(site: Site, host: Name, args: readonly string[]): Promise<void> {
  await site.must(host, ['ip', ...args])
}
