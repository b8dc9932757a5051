/**
 * Private keys: the armour of PEM (RFC 7468), OpenSSH, PGP and PuTTY with key material behind it. It deliberately lets pass an
 * armour with nothing in it, as documents and forms show it.
 */
import type { LeakRule } from './leak.ts'

const armour = /-----BEGIN ((?:[A-Z0-9]{1,16} ){0,3})PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d: /g
const material = /[A-Za-z0-9+/]{40}/
/** Headers of an encrypted key, its comment, and the first lines of the key itself. */
const farthest = 600

export const privateKeys: LeakRule = {
  id: 'leak/private-key',
  triggers: ['private key', 'putty-user-key-file-'],
  find(text) {
    for (const found of text.matchAll(armour)) {
      const behind = text.slice(found.index + found[0].length, found.index + found[0].length + farthest)
      const end = behind.indexOf('-----')
      if (!material.test(end < 0 ? behind : behind.slice(0, end))) continue
      return { at: found.index, excerpt: found[0], why: 'a private key' }
    }
    return null
  },
}
