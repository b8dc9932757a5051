/** `thingwall check` and the APIs of a policy: what the application firewall would refuse is shown where it is written. */
import { afterAll, expect, test } from 'vitest'
import { siteOf } from './program.ts'

const head = `policy: mauna-loa
owner: site@volcano.example
networks:
  things: { role: things, interface: wlan0, cidrs: 10.20.0.0/24, isolation: access-point }
profiles:
  seismometer: { why: Measures ground motion, rules: { clock: { allow: out, to: gateway, service: ntp, why: TLS needs the time } } }
devices:
  vent-01: { profile: seismometer, mac: '24:6f:28:aa:00:01', ip: 10.20.0.11 }
`
const sound = `${head}apis:
  backend:
    why: Takes the readings of all sensors
    host: api.volcano.example
    routes:
      POST /readings/{id}:
        who: [{ profile: seismometer }]
        rate: 30/min
        path: { id: { format: uuid } }
        body: { content: { application/json: { schema: { $ref: '#/schemas/Reading' } } } }
    schemas:
      Reading: { type: object, properties: { value: { type: number }, note: { type: string, maxLength: 64 } } }
`
const site = siteOf({
  'sound.yaml': sound,
  'faulty.yaml': sound
    .replace('profile: seismometer }]', 'profile: seismometre }]')
    .replace('format: uuid', "pattern: '(a)\\1'")
    .replace('maxLength: 64', 'maxlength: 64')
    .replace('    schemas:', '      POST /{kind}/latest: {}\n    schemas:'),
  'loose.yaml': sound
    .replace('    why: Takes the readings of all sensors\n', '')
    .replace(
      '    schemas:',
      "    exclusions:\n      old: { rule: sqli, route: '*', field: query.q, why: People search for SQL, expires: '2026-01-01' }\n    schemas:",
    ),
})
afterAll(site.remove)

test('sound', async () => {
  const { exit, value } = await site.json(['check', '-p', 'sound.yaml'])
  expect([exit, value.diagnostics]).toEqual([0, []])
})

test('every fault at once, each at its line', async () => {
  const { exit, value } = await site.json(['check', '-p', 'faulty.yaml'])
  expect(exit).toBe(1)
  expect(value.diagnostics).toMatchObject([
    { code: 'TW1005', line: 15, hint: 'Did you mean seismometer?' },
    { code: 'TW6009', line: 21, path: 'apis.backend.schemas.Reading.properties.note.maxlength' },
    { code: 'TW6008', line: 17, path: 'apis.backend.routes["POST /readings/{id}"].path.id.pattern' },
    { code: 'TW6002', line: 19 },
  ])
})

test('what deserves a look', async () => {
  const { exit, value } = await site.json(['check', '-p', 'loose.yaml', '--at', '2026-11-22'])
  expect(exit).toBe(0)
  expect(value.diagnostics).toMatchObject([{ code: 'TW2002' }, { code: 'TW6005' }, { code: 'TW6007' }])
})

test('listed, each with its reason', async () => {
  const routes = await site.json(['list', 'routes', '-p', 'sound.yaml'])
  expect(routes.value.entries).toMatchObject([
    {
      name: 'backend POST /readings/{id}',
      why: 'Takes the readings of all sensors',
      owner: 'site@volcano.example',
      rate: '30/min',
      mode: 'enforce',
    },
  ])
  const { out } = await site.run(['list', 'routes', '-p', 'sound.yaml'], { COLUMNS: '200' })
  expect(out).toContain('for profile seismometer; at most 30/min; path: id; application/json')
  const over = await site.json(['list', 'exclusions', '-p', 'loose.yaml', '--at', '2026-11-22'])
  expect(over.value.entries).toMatchObject([
    { name: 'backend old', state: 'expired', why: 'People search for SQL' },
  ])
  expect((await site.json(['list', 'exclusions', '-p', 'sound.yaml'])).value.entries).toEqual([])
})
