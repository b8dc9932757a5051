/**
 * detector  fixation
 * finds     sessions that somebody else has chosen: the identifier of a session in a parameter, in a request that another
 *           site led to
 * how       the names that frameworks give their sessions, where Referer's host is not Host
 * passes    the same parameter from the site itself or without a Referer, `session_id` of one's own API
 * does not  know which sessions there are
 */
import type { Finding } from '../model/decision.ts'
import type { Field, RequestParts } from '../model/request.ts'

const names =
  /^(?:__(?:host|secure)-)?(?:jsessionid|session-id|_session_id|php_?sess(?:id|ion)|asp\.?net_sessionid|aspsessionid\w*|cfs?id|cftoken|cfglobals|connect\.sid|koa[.:]sess|_?(?:laravel|play|ci|flask|rails|django|express|fuel|cake|october|yii|bottle|redmine|gitlab)_session|zend_session_id|symfony|viewstate_sid|meteor_login_token|next-auth\.session-token|sails\.sid|express\.sid|jwsessionid|weblogicsession|zenid)$/i

const longestName = 80

/** What it is called in decisions, and in exclusions. */
export const fixationId = 'fixation'

/** What judges the parameters of one request so; null where no other site led to it, which is nearly always. */
export function fixationOf(headers: RequestParts['headers']): ((field: Field) => Finding | null) | null {
  const referer = headers.find(([name]) => name.toLowerCase() === 'referer')?.[1]
  if (referer === undefined) return null
  const from = hostOf(referer)
  const host = headers
    .find(([name]) => name.toLowerCase() === 'host')?.[1]
    .replace(/:\d{1,5}$/, '')
    .toLowerCase()
  if (from === null || host === undefined || from === host) return null
  if (from.endsWith(`.${host}`) || host.endsWith(`.${from}`)) return null
  return (field) => {
    if (field.part !== 'name' || (field.place !== 'query' && field.place !== 'body')) return null
    const { place, text } = field
    if (text.length > longestName || !names.test(text)) return null
    const why = 'a session that another site has chosen'
    return { rule: fixationId, place, name: text, part: 'name', excerpt: text, offset: 0, layers: [], why }
  }
}

function hostOf(url: string): string | null {
  return (
    /^https?:\/\/(?:[^/?#@\s]{1,200}@)?([^/?#:\s]{1,255})/i.exec(url.slice(0, 500))?.[1]?.toLowerCase() ??
    null
  )
}
