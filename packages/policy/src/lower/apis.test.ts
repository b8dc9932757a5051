/** Callers of routes that the policy has, and those that it has not. */
import { expect, test } from 'vitest'
import { api, device, profile } from '../author/index.ts'
import { links, siteOf, why } from '../fixtures/site.ts'
import { lower } from './lower.ts'

const sensor = profile('sensor', { why, rules: {} })
const told = (who: object): readonly string[] =>
  lower(
    siteOf({
      devices: {
        'vent-01': sensor.device({ mac: links.vent1, ip: '10.20.0.11' }),
        pump: device({ mac: links.vent2, ip: '10.20.0.12' }),
      },
      apis: { backend: api({ host: 'api.volcano.example', routes: { 'POST /readings': { who } as never } }) },
    }),
  )[1].map(({ code, path, value, hint }) => `${code} ${path} ${value}: ${hint}`)

const at = 'apis.backend.routes["POST /readings"].who'

test.each<[who: object, says: readonly string[]]>([
  [[{ profile: 'sensor' }, { device: 'vent-01' }, { device: 'pump' }], []],
  [[{ profile: 'senser' }], [`TW1005 ${at}[0].profile senser: Did you mean sensor?`]],
  // A device is no profile, and the other way round.
  [[{ profile: 'sensor' }, { profile: 'vent-01' }], [`TW1005 ${at}[1].profile vent-01: It has: sensor.`]],
  [[{ device: 'sensor' }], [`TW1005 ${at}[0].device sensor: It has: vent-01, pump.`]],
  [[{ device: 'constructor' }], [`TW1005 ${at}[0].device constructor: It has: vent-01, pump.`]],
])('%j: %j', (who, says) => {
  expect(told(who)).toEqual(says)
})
