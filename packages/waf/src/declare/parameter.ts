/**
 * A value against its declaration: type, length, range, enumeration, tags. What is declared has almost no false
 * positives, which is why it comes before any detector. It deliberately converts nothing.
 */
import { viewsOf } from '../decode/views.ts'
import type { Finding } from '../model/decision.ts'
import type { Field } from '../model/request.ts'
import type { ParameterOptions } from '../options.ts'

/** The first thing the value is that it was declared not to be, or null. */
export function judgeParameter(field: Field, declared: ParameterOptions): Finding | null {
  const { text } = field
  const refuse = (
    rule: string,
    why: string,
    excerpt = text,
    offset = 0,
    layers: readonly string[] = [],
  ): Finding => ({
    rule: `parameters/${declared.name}/${rule}`,
    place: field.place,
    name: field.name,
    part: field.part,
    excerpt: excerpt.slice(0, 80),
    offset,
    layers,
    why,
  })
  const length = [...text].length
  if (declared.maxLength !== undefined && length > declared.maxLength)
    return refuse('maxLength', `longer than ${declared.maxLength} characters`)
  if (declared.minLength !== undefined && length < declared.minLength)
    return refuse('minLength', `shorter than ${declared.minLength} characters`)
  if (declared.enum !== undefined && !declared.enum.includes(text))
    return refuse('enum', 'not one of the values declared')
  const type = typeFault(text, declared)
  if (type !== null) return refuse(type[0], type[1])
  if (declared.disallowTags !== true) return null
  for (const view of viewsOf(text)) {
    const at = view.text.search(/<(?:[a-zA-Z!/?]|$)/)
    if (at >= 0) return refuse('disallowTags', 'it begins a tag', view.text.slice(at), at, view.layers)
  }
  return null
}

function typeFault(
  text: string,
  { type, minimum, maximum }: ParameterOptions,
): readonly [rule: string, why: string] | null {
  if (type === 'boolean')
    return text === 'true' || text === 'false' ? null : ['type', 'neither true nor false']
  if (type === 'integer' && !/^-?(?:0|[1-9][0-9]{0,15})$/.test(text)) return ['type', 'not an integer']
  if (type === 'number' && !/^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/.test(text))
    return ['type', 'not a number']
  if (minimum !== undefined && !(Number(text) >= minimum)) return ['minimum', `less than ${minimum}`]
  if (maximum !== undefined && !(Number(text) <= maximum)) return ['maximum', `more than ${maximum}`]
  return null
}
