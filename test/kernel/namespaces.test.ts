/**
 * The ground the other kernel tests stand on: they run as root in namespaces of their own, where rule sets
 * load and network namespaces can be made. It deliberately tests nothing of Thingwall.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

function output(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' })
}

test('this network namespace has no link but the loopback, which is up', () => {
  const links: { ifname: string; flags: string[] }[] = JSON.parse(output('ip', '-json', 'link'))
  expect(links.map(({ ifname }) => ifname)).toEqual(['lo'])
  expect(links[0]?.flags).toContain('UP')
})

test('/run is private', () => {
  expect(readFileSync('/proc/self/mounts', 'utf8')).toMatch(/^tmpfs \/run tmpfs/m)
})

test('network namespaces can be made, joined to this one and removed', () => {
  output('ip', 'netns', 'add', 'probe')
  output('ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', 'probe')
  expect(output('ip', '-n', 'probe', '-brief', 'link')).toContain('there@')
  output('ip', 'netns', 'exec', 'probe', 'true')
  output('ip', 'netns', 'delete', 'probe')
})

test('the kernel loads a rule set and gives it back', () => {
  output('nft', 'add table inet probe; add counter inet probe seen')
  expect(output('nft', 'list', 'table', 'inet', 'probe')).toContain('counter seen')
  output('nft', 'delete', 'table', 'inet', 'probe')
})
