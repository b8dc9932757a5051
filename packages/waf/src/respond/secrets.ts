/**
 * Credentials whose form gives them away: tokens with a prefix of their issuer's, connection strings with a password, files of
 * settings and of accounts. It deliberately knows no token that is made to be seen: keys of maps, public halves, the user's own
 * session.
 */
import { type Leaked, type LeakRule, redacted } from './leak.ts'
import { linesOf } from './lines.ts'

/** Behind a prefix so many characters of a kind, and no more of them: what is longer or shorter is something else. */
interface Token {
  readonly prefix: string
  readonly behind: RegExp
  readonly why: string
}

const tokens: readonly Token[] = [
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ({
    prefix,
    behind: /[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    why: 'a token of GitHub',
  })),
  { prefix: 'github_pat_', behind: /[A-Za-z0-9_]{82}(?!\w)/y, why: 'a token of GitHub' },
  { prefix: 'glpat-', behind: /[\w-]{20,52}(?![\w-])/y, why: 'a token of GitLab' },
  { prefix: 'npm_', behind: /[A-Za-z0-9]{36}(?![A-Za-z0-9])/y, why: 'a token of npm' },
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-'].map((prefix) => ({
    prefix,
    behind: /\d{8,14}-[\w-]{10,80}/y,
    why: 'a token of Slack',
  })),
  ...['sk_live_', 'rk_live_'].map((prefix) => ({
    prefix,
    behind: /[A-Za-z0-9]{24,110}(?![A-Za-z0-9])/y,
    why: 'a secret key of Stripe',
  })),
  { prefix: 'SG.', behind: /[\w-]{22}\.[\w-]{43}(?![\w-])/y, why: 'a key of SendGrid' },
  { prefix: 'dop_v1_', behind: /[a-f0-9]{64}(?![a-f0-9])/y, why: 'a token of DigitalOcean' },
  { prefix: 'shpat_', behind: /[a-fA-F0-9]{32}(?![a-fA-F0-9])/y, why: 'a token of Shopify' },
]

export const tokenRule: LeakRule = {
  id: 'leak/token',
  triggers: tokens.map(({ prefix }) => prefix.toLowerCase()),
  find(text) {
    for (const { prefix, behind, why } of tokens) {
      for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at + 1)) {
        if (/\w/.test(text[at - 1] ?? '')) continue
        behind.lastIndex = at + prefix.length
        if (behind.test(text)) return { at, excerpt: redacted(text.slice(at), prefix.length + 2), why }
      }
    }
    return null
  },
}

const schemes = [
  'postgres',
  'postgresql',
  'mysql',
  'mariadb',
  'mongodb',
  'mongodb+srv',
  'redis',
  'rediss',
  'amqp',
  'amqps',
  'mqtt',
  'mqtts',
  'ftp',
]
const withPassword = /:\/\/([^\s:@/"'<>\\]{0,64}):([^\s@/"'<>\\]{3,128})@[a-z0-9[]/iy
/** What documents write for a password. */
const placeholder = /^(?:[x*.]+|<.*|\$?\{.*|%.*%|\[.*|pass(?:word|wd)?|pwd|secret|your.*)$/i

export const connectionStrings: LeakRule = {
  id: 'leak/connection-string',
  triggers: schemes.map((scheme) => `${scheme}://`),
  find(text) {
    for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
      const scheme = /[a-z+]{1,20}$/i.exec(text.slice(Math.max(0, at - 20), at))?.[0].toLowerCase() ?? ''
      if (!schemes.includes(scheme)) continue
      withPassword.lastIndex = at
      const [, user, password] = withPassword.exec(text) ?? []
      if (password === undefined || placeholder.test(password)) continue
      return {
        at: at - scheme.length,
        excerpt: redacted(`${scheme}://${user}:`, 80),
        why: 'a connection string with its password',
      }
    }
    return null
  },
}

const setting = /^(?:export )?([A-Z][A-Z0-9_]{2,60})=(.{0,300})$/
const secretName = /(?:PASSWORD|PASSWD|SECRET|PRIVATE_KEY|API_KEY|ACCESS_KEY|AUTH_TOKEN|CREDENTIALS)/

/** A file of settings, `.env` above all: several names in capitals, one of them a secret with a value. */
export const settingsFile: LeakRule = {
  id: 'leak/settings',
  triggers: [
    'password=',
    'passwd=',
    'secret',
    'private_key=',
    'api_key=',
    'access_key',
    'auth_token=',
    'credentials=',
  ],
  find(text) {
    let before = 0
    let secret: Leaked | null = null
    for (const { at, line } of linesOf(text)) {
      const [, name = '', value = ''] = setting.exec(line) ?? []
      if (name === '') {
        // A blank line or a comment does not end such a file.
        if (line.trim() !== '' && !line.startsWith('#')) [before, secret] = [0, null]
        continue
      }
      before++
      const bare = value.trim().replace(/^["'](.*)["']$/, '$1')
      if (secretName.test(name) && bare.length >= 6 && !placeholder.test(bare))
        secret ??= { at, excerpt: redacted(`${name}=`, 80), why: 'settings with a secret among them' }
      if (secret !== null && before >= 2) return secret
    }
    return null
  },
}

const account = /^(?:root:[x*!]?:0:0:[^:\n]{0,100}:\/|root:\$(?:[0-9a-z]{1,2})\$[./A-Za-z0-9$=,]{20,}:\d*:)/

/** The files in which Unix keeps its accounts. */
export const accountsFile: LeakRule = {
  id: 'leak/accounts',
  triggers: ['root:'],
  find(text) {
    for (const { at, line } of linesOf(text))
      if (account.test(line)) return { at, excerpt: redacted(line, 8), why: 'the accounts of the system' }
    return null
  },
}
