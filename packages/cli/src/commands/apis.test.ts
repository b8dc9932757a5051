/** What the application firewall says of a policy's APIs, as diagnostics with codes and paths. */
import { type ApiOptions, api, network, policy } from '@thingwall/policy'
import { expect, test } from 'vitest'
import { faultsOfApis } from './apis.ts'

const told = (rules: object): readonly string[] =>
  faultsOfApis(
    policy('site', {
      owner: 'ops@volcano.example',
      networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) },
      apis: {
        backend: api({ why: 'Readings', owner: 'web', host: 'api.volcano.example', ...rules } as ApiOptions),
      },
    }),
  ).map(({ code, path, origin }) => `${code} ${path} ${origin?.file.endsWith('apis.test.ts') === true}`)

test.each<[rules: object, says: readonly string[]]>([
  [{ routes: { 'GET /a': {} } }, []],
  [{ routes: { 'GET /a/{b}': {}, 'GET /{a}/b': {} } }, ['TW6002 apis.backend.routes["GET /{a}/b"] true']],
  [
    { routes: { 'GET /v{n}': {}, 'GET /a': { query: { b: { minimum: 1 } } } } },
    ['TW6001 apis.backend.routes["GET /v{n}"] true', 'TW6003 apis.backend.routes["GET /a"].query.b true'],
  ],
  [
    {
      routes: { 'GET /a': {} },
      exclusions: {
        one: { rule: 'sql', route: 'GET /a', field: 'query.q', why: 'Seen', expires: '2027-03-01' },
      },
    },
    ['TW6004 apis.backend.exclusions.one.rule true'],
  ],
])('%j: %j', (rules, says) => {
  expect(told(rules)).toEqual(says)
})
