/** Programs that say what they are. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { scanner } from './scanner.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['sqlmap/1.7#stable (https://sqlmap.org)', { place: 'header', name: 'user-agent' }],
    ['Mozilla/5.0 zgrab/0.x', { place: 'header', name: 'user-agent' }],
    ['Nuclei - Open-source project', { place: 'header', name: 'user-agent' }],
    ['masscan/1.3', { place: 'header', name: 'user-agent' }],
  ])('%s', (...[text, field]) => {
    expect(asked(scanner, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:105.0) Gecko/20100101 Firefox/105.0',
      { place: 'header', name: 'user-agent' },
    ],
    ['curl/8.4.0', { place: 'header', name: 'user-agent' }],
    ['ESP32HTTPClient', { place: 'header', name: 'user-agent' }],
    ['Googlebot/2.1 (+http://www.google.com/bot.html)', { place: 'header', name: 'user-agent' }],
    ['how do I use sqlmap?'],
    ['nikto is a name'],
  ])('%s', (...[text, field]) => {
    expect(asked(scanner, text, field)).toBeNull()
  })
})
