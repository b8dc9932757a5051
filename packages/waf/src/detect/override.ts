/**
 * detector  override
 * finds     parameters that change how the request itself is read behind us: a second method (`_method`), a charset for the
 *           form (`_charset_`), a name that holds a separator of the format it came in
 * how       names as names; what the application would take from them is not what the route was judged by
 * passes    `method`, `charset`, `items[0].name`, `_charset_=utf-8`, names with spaces
 * does not  look at cookies and headers: the head of a request is judged elsewhere; nor know where a second method is
 *           declared or harmless, which `declare/method-override.ts` does
 */
import type { Detector } from '../model/detector.ts'

const methods = /^\s*[a-z]{3,20}\s*$/i
const charsets = /^\s*(?:utf-?8|us-ascii|iso-8859-1|windows-1252)\s*$/i

export const override: Detector = {
  id: 'override',
  // Decided by the name of the field, which is no text of its own here.
  triggers: 'put patch delete connect trace get post head options utf ucs ibm cp ebcdic ; ='.split(' '),
  detect(text, field) {
    if (field.place !== 'query' && field.place !== 'body') return null
    if (field.part === 'value') {
      const name = field.name.toLowerCase()
      if (name === '_method' && methods.test(text))
        return { at: 0, length: text.length, why: 'a second method' }
      return name === '_charset_' && !charsets.test(text)
        ? { at: 0, length: 40, why: 'a second charset' }
        : null
    }
    // A name of the body itself: in the query of a URL in a value it is a `&amp;` that somebody wrote for `&`.
    return field.place === 'body' &&
      !field.name.includes('?') &&
      text.length < 80 &&
      /^\w{1,40}[;=]\w{1,40}$/.test(text)
      ? { at: 0, length: text.length, why: 'a sign that ends names in a name' }
      : null
  },
}
