/**
 * A deny by DNS name: until a device has asked for that name, nobody can say whether a flow goes there, so every
 * flow that the deny might match is held.
 */
import { isAuthored, isOver } from './never.ts'
import { namesOf } from './shared-name.ts'
import { type Check, faultOf } from './subject.ts'

export const denyNameCheck: Check = {
  code: 'TW2011',
  *find(subject) {
    const { ruleset, at } = subject
    for (const rule of ruleset.rules) {
      if (!isAuthored(rule) || rule.effect !== 'deny' || isOver(rule.endsAt, at)) continue
      const [name] = namesOf(rule)
      if (name === undefined) continue
      yield faultOf(subject, rule, {
        message: `${rule.id} denies by name: until a device has asked for ${name}, flows it might match are held`,
        value: name,
        hint: 'Deny addresses or prefixes; what no allow names is refused anyway.',
      })
    }
  },
}
