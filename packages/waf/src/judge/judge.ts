/**
 * Fields against detectors: one pass says who could find anything, the decodings of a text are its views, and every view
 * is judged by those alone. The first finding decides. It deliberately knows no detector by name and no route.
 */
import type { View } from '../decode/views.ts'
import { isPlain, viewsOf } from '../decode/views.ts'
import type { Finding } from '../model/decision.ts'
import type { Detector } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { scanFor } from './triggers.ts'

/** Judges one field: the first finding, or null. */
export type JudgeField = (field: Field) => Finding | null

/** Detectors in the order in which they are asked. */
export function judgeWith(detectors: readonly Detector[]): JudgeField {
  const scan = scanFor(detectors.map(({ triggers }) => triggers))
  const judgeView = (view: View, field: Field): Finding | null => {
    // The name of a file is short, rare, and dangerous as a whole.
    const triggered = field.kind === 'file-name' ? -1 : scan(view.text)
    if (triggered === 0) return null
    for (const [index, detector] of detectors.entries()) {
      if ((triggered & (1 << index)) === 0) continue
      const evidence = detector.detect(view.text, field)
      if (evidence !== null) return findingOf(detector.id, field, view, evidence)
    }
    return null
  }
  const judgeField: JudgeField = (field) => {
    if (isPlain(field.text))
      return scan(field.text) === 0 && field.kind !== 'file-name'
        ? null
        : judgeView({ text: field.text, layers: [] }, field)
    for (const view of viewsOf(field.text)) {
      const finding = judgeView(view, field)
      if (finding !== null) return finding
    }
    return null
  }
  return (field) => {
    const finding = judgeField(field)
    if (finding !== null || field.part === 'value') return finding
    // A pair in a name: whoever decodes once more than we did reads a value there.
    const equals = field.text.indexOf('=')
    if (equals < 0) return null
    const { place, name } = field
    return judgeField({ place, name, part: 'value', text: field.text.slice(equals + 1) })
  }
}

const longestExcerpt = 80

function findingOf(
  rule: string,
  { place, name, part }: Field,
  view: View,
  { at, length, why }: { readonly at: number; readonly length: number; readonly why: string },
): Finding {
  const around = Math.max(0, Math.floor((longestExcerpt - Math.min(length, longestExcerpt)) / 2))
  const offset = Math.max(0, at - Math.min(around, 20))
  return {
    rule,
    place,
    name,
    part,
    excerpt: view.text.slice(offset, offset + longestExcerpt),
    offset,
    layers: view.layers,
    why,
  }
}
