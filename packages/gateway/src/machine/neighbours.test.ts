/** What `ip -json neighbour show` prints, whole, empty and broken. */
import { expect, test } from 'vitest'
import { parseNeighbours } from './neighbours.ts'

const listing = JSON.stringify([
  { dst: '10.20.0.11', dev: 'wlan0', lladdr: '24:6f:28:aa:00:01', state: ['REACHABLE'] },
  { dst: 'fd20::11', dev: 'wlan0', lladdr: '24:6f:28:aa:00:01', state: ['STALE'] },
  { dst: '10.20.0.12', dev: 'wlan0', state: ['FAILED'] },
  { dst: '10.20.0.13', dev: 'wlan0', lladdr: '24:6f:28:aa:00:03', state: ['FAILED'] },
  { dst: '224.0.0.1', dev: 'wlan0', lladdr: '01:00:5e:00:00:01', state: ['NOARP'] },
  { dst: 'nonsense', dev: 'wlan0', lladdr: '24:6f:28:aa:00:04' },
])

test('those whose link address is known, and no groups', () => {
  expect(parseNeighbours(listing)).toEqual([
    { interface: 'wlan0', link: '24:6f:28:aa:00:01', address: '0a14000b' },
    { interface: 'wlan0', link: '24:6f:28:aa:00:01', address: `fd20${'0'.repeat(26)}11` },
  ])
})

test.each(['', '{}', 'not JSON', '[null]'.replace('null', '{}')])('%j is nobody', (text) => {
  expect(parseNeighbours(text)).toEqual([])
})
