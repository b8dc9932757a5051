/**
 * Where this machine sends what it has no other way for, and whom it has heard of on its own links. Read from `ip`;
 * nothing is sent.
 */
import { type Address, type LinkAddress, parseAddress, parseLinkAddress } from '@thingwall/policy'
import type { Machine } from './machine.ts'

/** Somebody on one of the machine's links, as the kernel last heard of them. */
export interface Neighbour {
  readonly interface: string
  readonly link: LinkAddress
  readonly address: Address
}

interface RouteJson {
  readonly dev?: string
  readonly metric?: number
}

interface NeighbourJson {
  readonly dst?: string
  readonly dev?: string
  readonly lladdr?: string
  readonly state?: readonly string[]
}

/** The interfaces of the default routes of both families, the preferred first. */
export async function defaultInterfaces(machine: Machine): Promise<readonly string[]> {
  const texts = await Promise.all(
    ['-4', '-6'].map((family) => machine.run('ip', [family, '-json', 'route', 'show', 'default'])),
  )
  const routes = texts.flatMap(({ stdout }) => listIn<RouteJson>(stdout))
  const sorted = routes.toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0))
  return [...new Set(sorted.flatMap(({ dev }) => dev ?? []))]
}

/** Everybody whose link address the kernel knows. */
export async function neighbours(machine: Machine): Promise<readonly Neighbour[]> {
  const { stdout } = await machine.run('ip', ['-json', 'neighbour', 'show'])
  return parseNeighbours(stdout)
}

/** Reads what `ip -json neighbour show` prints. */
export function parseNeighbours(text: string): readonly Neighbour[] {
  return listIn<NeighbourJson>(text).flatMap(({ dst, dev, lladdr, state }) => {
    const [address, link] = [parseAddress(dst ?? ''), parseLinkAddress(lladdr ?? '')]
    if (dev === undefined || address === null || link === null || state?.includes('FAILED')) return []
    return [{ interface: dev, link, address }]
  })
}

/** `ip` prints nothing at all where there is nothing to list. */
function listIn<T>(text: string): readonly T[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as readonly T[]) : []
  } catch {
    return []
  }
}
