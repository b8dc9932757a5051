/** Sessions that another site chose, and parameters of one's own. */
import { describe, expect, test } from 'vitest'
import { inspect } from '../inspect.ts'

const asked = async (target: string, referer: string | null, body: string | null = null) =>
  (
    await inspect({
      method: body === null ? 'GET' : 'POST',
      target,
      headers: [
        ['host', 'api.volcano.example:8443'],
        ...(referer === null ? [] : [['referer', referer] as const]),
        ...(body === null ? [] : [['content-type', 'application/json'] as const]),
      ],
      body: body === null ? null : new TextEncoder().encode(body),
    })
  ).finding?.rule ?? null

describe('refused', () => {
  test.each<[target: string, referer: string, body?: string]>([
    ['/login?PHPSESSID=abc123', 'https://evil.example/'],
    ['/login?a=1&connect.sid=s%3Ax', 'http://evil.example/a?b'],
    ['/login?__Host-next-auth.session-token=x', 'https://user@evil.example:8080/'],
    ['/', 'http://evil.example/', '{"jsessionid":"x"}'],
  ])('%s from %s', async (...[target, referer, body]) => {
    expect(await asked(target, referer, body)).toBe('fixation')
  })
})

describe('passes', () => {
  test.each<[target: string, referer: string | null]>([
    ['/login?PHPSESSID=abc123', null],
    ['/login?PHPSESSID=abc123', 'https://api.volcano.example/start'],
    ['/login?PHPSESSID=abc123', 'https://www.api.volcano.example/start'],
    ['/readings?session_id=7', 'https://dashboard.example/'],
    ['/readings?sessionId=7', 'https://dashboard.example/'],
  ])('%s from %s', async (target, referer) => {
    expect(await asked(target, referer)).toBeNull()
  })
})
