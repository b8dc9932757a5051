/** What may be said of bodies, and what is no option. */
import { describe, expect, test } from 'vitest'
import { type BodyOptions, readBodyOptions } from './body-options.ts'

const routes = ['PUT /firmware/{id}', 'POST /readings']

test('nothing said: nothing flows, and everything unjudged is refused', () => {
  const { flows, onOverflow, onUnread } = readBodyOptions({}, routes)
  expect([flows(null), flows('POST /readings'), onOverflow, onUnread]).toEqual([
    false,
    false,
    'refuse',
    'refuse',
  ])
})

test('all flows, or what is named', () => {
  expect(readBodyOptions({ stream: true }, []).flows(null)).toBe(true)
  const { flows } = readBodyOptions({ stream: ['PUT /firmware/{id}'] }, routes)
  expect([flows(null), flows('PUT /firmware/{id}'), flows('POST /readings')]).toEqual([false, true, false])
})

describe('refused', () => {
  test.each<[why: string, options: object]>([
    [
      'bodies has no option "streams"; there are: stream, onOverflow, onUnread, onWork, decoders',
      { streams: true },
    ],
    ['onUnread is "refuse", "report" or "pass", not "allow"', { onUnread: 'allow' }],
    ['stream names "PUT /firmware/:id", which is no route', { stream: ['PUT /firmware/:id'] }],
    ['stream is true, false or a list of routes', { stream: 'PUT /firmware/{id}' }],
    ['the decoder "BR" is no function under a name in lower case', { decoders: { BR: () => {} } }],
    ['the decoder "br" is no function', { decoders: { br: true } }],
  ])('%s', (why, options) => {
    expect(() => readBodyOptions(options as BodyOptions, routes)).toThrow(why)
  })
})
