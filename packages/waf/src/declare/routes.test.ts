/** Which declared route a request meets. */
import { expect, test } from 'vitest'
import { type RouteMatch, routesOf } from './routes.ts'
import { readTemplate, type Template } from './template.ts'

const match = routesOf(
  [
    'GET /',
    'GET /v1/devices',
    'GET /v1/devices/{id}',
    'POST /v1/devices/{id}',
    'GET /v1/devices/{id}/readings',
    'GET /v1/devices/self',
    'GET /v1/devices/self/readings',
    'DELETE /v1/devices/{id}',
    'GET /files/{path*}',
    'GET /Größe/{x}',
    'PUT /slash/',
    'GET /__proto__/{x}',
  ].map((key) => ({ template: readTemplate(key) as Template, route: key })),
)
const told = (found: RouteMatch<string>): unknown =>
  found.kind === 'route'
    ? [found.route, Object.fromEntries(found.values)]
    : found.kind === 'method'
      ? ['method', ...found.allow]
      : found.kind

test.each<[method: string, path: string, met: unknown]>([
  ['GET', '/', ['GET /', {}]],
  ['GET', '/v1/devices', ['GET /v1/devices', {}]],
  ['GET', '/v1/devices/vent-01', ['GET /v1/devices/{id}', { id: 'vent-01' }]],
  ['HEAD', '/v1/devices/vent-01', ['GET /v1/devices/{id}', { id: 'vent-01' }]],
  ['GET', '/v1/devices/self', ['GET /v1/devices/self', {}]],
  // The most specific that has the method.
  ['POST', '/v1/devices/self', ['POST /v1/devices/{id}', { id: 'self' }]],
  ['GET', '/v1/devices/self/readings', ['GET /v1/devices/self/readings', {}]],
  ['GET', '/v1/devices/a%20b', ['GET /v1/devices/{id}', { id: 'a b' }]],
  ['GET', '/v1/%64evices/x', ['GET /v1/devices/{id}', { id: 'x' }]],
  ['GET', '/v1/devices/%C3%A4', ['GET /v1/devices/{id}', { id: 'ä' }]],
  ['GET', '/v1/devices/a+b', ['GET /v1/devices/{id}', { id: 'a+b' }]],
  ['GET', '/v1/devices/__proto__', ['GET /v1/devices/{id}', { id: '__proto__' }]],
  ['GET', '/__proto__/constructor', ['GET /__proto__/{x}', { x: 'constructor' }]],
  ['GET', '/Gr%C3%B6%C3%9Fe/1', ['GET /Größe/{x}', { x: '1' }]],
  ['GET', '/files/a/b/c.txt', ['GET /files/{path*}', { path: 'a/b/c.txt' }]],
  ['PUT', '/slash/', ['PUT /slash/', {}]],

  ['PUT', '/v1/devices', ['method', 'GET', 'HEAD']],
  ['PUT', '/v1/devices/self', ['method', 'DELETE', 'GET', 'HEAD', 'POST']],
  ['constructor', '/v1/devices', ['method', 'GET', 'HEAD']],

  ['GET', '/v2/devices', 'unknown'],
  ['GET', '/v1', 'unknown'],
  ['GET', '/files', 'unknown'],
  ['GET', '/v1/devices/a/b', 'unknown'],
  ['GET', '*', 'unknown'],

  // What other servers would take for a declared path.
  ['GET', '/v1/devices/', 'spelling'],
  ['GET', '/V1/devices', 'spelling'],
  ['GET', '//v1/devices', 'spelling'],
  ['GET', '/v1//devices', 'spelling'],
  ['GET', '/v1/./devices', 'spelling'],
  ['GET', '/x/../v1/devices', 'spelling'],
  ['GET', '/x/%2e%2e/v1/devices', 'spelling'],
  ['GET', '/v1%2fdevices', 'spelling'],
  ['GET', '/v1%252fdevices', 'spelling'],
  ['GET', '/v1%5cdevices', 'spelling'],
  ['GET', '/v1;a=b/devices', 'spelling'],
  ['PUT', '/slash', 'spelling'],
  ['GET', '/v1/devices/a%2fb', 'unknown'],
  ['GET', '/v1/devices/a%00', 'spelling'],
  ['GET', '/files/../v1/devices', 'spelling'],
])('%s %s: %j', (method, path, met) => {
  expect(told(match(method, path))).toEqual(met)
})

test('hostile paths are answered', () => {
  for (const path of [
    '/'.repeat(10_000),
    '/a'.repeat(10_000),
    `/v1/devices/${'%25'.repeat(10_000)}`,
    '/%',
    '/%ff',
    '',
  ])
    expect(['unknown', 'spelling', 'route']).toContain(match('GET', path).kind)
})
