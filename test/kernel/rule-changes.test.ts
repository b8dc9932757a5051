/** Changes of rules as the daemon hears of them: small ones at once, and of a flood only that there was one. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { openPrivileged, type Privileged, thisMachine } from '@thingwall/gateway'
import { afterEach, expect, test } from 'vitest'
import type { ChangedBy } from '../../packages/gateway/src/daemon/rule-changes.ts'
import { followChanges } from '../../packages/gateway/src/daemon/sockets.ts'
import { until } from './wall/agent.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
let privileged: Privileged | undefined
let following: Awaited<ReturnType<typeof followChanges>> | undefined

afterEach(() => {
  following?.end()
  privileged?.close()
  nft('flush', 'ruleset')
})

function nft(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('nft', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

const NETLINK_NETFILTER = 12
/** NFNLGRP_NFTABLES, as a bit. */
const RULES = 1 << 6

/** Whether anybody in this namespace listens to changes of rules (`/proc/net/netlink`: address, protocol, port, groups). */
function isListening(): boolean {
  return readFileSync('/proc/net/netlink', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .some(
      ([, protocol, , groups]) =>
        Number(protocol) === NETLINK_NETFILTER && (Number.parseInt(groups ?? '0', 16) & RULES) !== 0,
    )
}

/** More messages than the socket has room for. */
function flood(): void {
  const elements = Array.from({ length: 60_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`)
  writeFileSync('/run/flood.nft', `add element inet thingwall s { ${elements.join(', ')} }\n`)
  nft('-f', '/run/flood.nft')
}

test('a flood is not listened to, and what comes after it is', async () => {
  privileged = await openPrivileged(thisMachine)
  const heard: (ChangedBy | null)[] = []
  following = await followChanges(privileged, quiet, (by) => heard.push(by))
  nft('add table inet thingwall; add set inet thingwall s { type ipv4_addr; flags timeout; }')
  await until('nft to be told of', () => heard.some((by) => by?.name === 'nft'))
  expect(isListening()).toBe(true)

  heard.length = 0
  flood()
  await until('nobody to listen', () => !isListening())
  expect(heard.length).toBeGreaterThan(0)

  const told = heard.length
  await until('somebody to listen again', isListening)
  // Whatever came between is looked at.
  await until('a look', () => heard.length > told)
  heard.length = 0
  nft('add', 'counter', 'inet', 'thingwall', 'c')
  await until('nft to be told of', () => heard.some((by) => by?.name === 'nft'))
})

test('who ends it while it comes back leaves nobody listening', async () => {
  const way = await openPrivileged(thisMachine)
  privileged = way
  let opened = 0
  const opening = {
    setting: way.setting,
    openSocket: async (request: Parameters<Privileged['openSocket']>[0]) => {
      const fd = await way.openSocket(request)
      opened += 1
      if (opened === 2) following?.end()
      return fd
    },
  }
  following = await followChanges(opening, quiet, () => {})
  nft('add table inet thingwall; add set inet thingwall s { type ipv4_addr; flags timeout; }')
  flood()
  await until('it to come back', () => opened === 2)
  await until('nobody to listen', () => !isListening())
})
