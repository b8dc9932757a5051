/**
 * detector  nosql
 * finds     operators of document databases where data belongs (`{"$ne": null}`, `user[$gt]=`, `$where`), and keys that reach
 *           the prototype of all objects (`__proto__`, `constructor.prototype`)
 * how       names are looked at as names: the keys of parsed JSON, the brackets and dots of parameters
 * passes    `$5`, `$ref`, `$schema`, a text that mentions `__proto__`
 * does not  know any database's syntax beyond its operators
 */
import type { Detector } from '../model/detector.ts'

const operators =
  'eq|ne|gte?|lte?|n?in|and|n?or|not|exists|type|mod|regex|text|where|all|elemMatch|size|expr|jsonSchema|function|accumulator|lookup|match|group|project|sort|limit|skip|unwind|out|merge|unionWith|comment|options|rand|near|within|geoWithin|bitsAllSet'
const asKey = new RegExp(`^\\s*\\$(?:${operators})\\s*$`, 'i')
const inName = new RegExp(`\\[\\s*['"]?\\$(?:${operators})['"]?\\s*\\]|\\.\\$(?:${operators})\\b`, 'i')
const prototype =
  /(?:^|[.[\]'"])(?:__proto__|__defineGetter__|__defineSetter__|__lookupGetter__|constructor['"]?\]?[.[]['"]?prototype)(?:[.[\]'"]|$)/

export const nosql: Detector = {
  id: 'nosql',
  triggers: [
    '$',
    '__proto__',
    'constructor',
    '__define',
    '__lookup',
    'this.',
    'sleep(',
    'sleep (',
    'return',
    'db.',
    ':prototype',
    'startswith',
    'contains',
    'endswith',
    'regex',
    '__has_key',
    '==',
  ],
  detect(text, field) {
    const name = field.part === 'name'
    if (
      prototype.test(text) &&
      (name || /^[\w.[\]'"=-]*$/.test(text) || /[?&;,{]\s*['"]?__proto__['"]?\s*[[.:]/.test(text))
    )
      return {
        at: Math.max(0, text.search(prototype)),
        length: 40,
        why: 'a key that reaches the prototype of all objects',
      }
    if (/^\$\w{1,8}:(?:\w{1,40}:)*(?:__proto__|prototype|constructor)(?::|$)/.test(text))
      return { at: 0, length: 40, why: 'a reference that reaches the prototype of all objects' }
    if (
      name &&
      /^\w{1,80}__(?:i?(?:startswith|endswith|contains|regex|exact)|has_keys?|contained_by)$/.test(text) &&
      text.split('__').length > 2
    )
      return { at: 0, length: text.length, why: 'a test by an object mapper that reaches into another table' }
    if (name && (asKey.test(text) || inName.test(text)))
      return {
        at: Math.max(0, text.indexOf('$')),
        length: 20,
        why: `an operator of a database as the name of a value`,
      }
    if (inName.test(text) && text.length < 200 && !/\s/.test(text.trim()))
      return { at: text.indexOf('$'), length: 20, why: 'an operator of a database in a name' }
    const inJson = /['"]?\$(?:where|function|accumulator|regex|ne|gt|lt|nin|expr)['"]?\s*:/i.exec(text)
    if (inJson !== null && /^[\s'"|&,}\]]*\{?/.test(text) && /[{,]\s*$/.test(text.slice(0, inJson.index)))
      return { at: inJson.index, length: 30, why: 'an operator of a database in a text' }
    const broken =
      /['"]\s*(?:\|\||&&|;)\s*(?:this\.\w+|sleep\s*\(|return\b|['"]?\w*['"]?\s*==|db\.\w+\.)/.exec(text)
    return broken === null
      ? null
      : { at: broken.index, length: 40, why: 'a quote ends a string of a database function' }
  },
}
