/**
 * Fields against detectors: one pass says who could find anything, the decodings of a text are its views, and every view
 * is judged by those alone. The first finding decides. It deliberately knows no detector by name and no route.
 */
import type { View } from '../decode/views.ts'
import { isPlain, Views } from '../decode/views.ts'
import type { Finding } from '../model/decision.ts'
import type { Detector } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { Work } from '../model/work.ts'
import { scanFor } from './triggers.ts'

/**
 * Judges one field: the first finding, or null. `work` is what is left for its request; where there is too little, that is
 * the finding. Without one there is no end to it.
 */
export type JudgeField = (field: Field, work?: Work) => Finding | null

/** What is found where judging takes more than it may. */
export const workRule = 'protocol/limit-work'

/** For each character of a view: whether it can be decoded, and what is in it. */
const viewSteps = 8
/** For each character of a view, for each detector that is asked. */
const detectorSteps = 1

/** Detectors in the order in which they are asked. */
export function judgeWith(detectors: readonly Detector[]): JudgeField {
  const scan = scanFor(detectors.map(({ triggers }) => triggers))
  const judgeView = (view: View, field: Field, work: Work): Finding | null => {
    if (!work.spend(view.text.length * viewSteps)) return exhausted(field)
    // The name of a file is short, rare, and dangerous as a whole.
    const triggered = field.kind === 'file-name' ? -1 : scan(view.text)
    if (triggered === 0) return null
    for (const [index, detector] of detectors.entries()) {
      if ((triggered & (1 << index)) === 0) continue
      if (!work.spend(view.text.length * detectorSteps)) return exhausted(field)
      const evidence = detector.detect(view.text, field, work)
      if (evidence !== null) return findingOf(detector.id, field, view, evidence)
      if (work.isOver) return exhausted(field)
    }
    return null
  }
  const judgeField = (field: Field, work: Work): Finding | null => {
    work.text(field.text.length)
    if (isPlain(field.text))
      return scan(field.text) === 0 && field.kind !== 'file-name'
        ? null
        : judgeView({ text: field.text, layers: [] }, field, work)
    const views = new Views(field.text, work)
    for (let view = views.next(); view !== null; view = views.next()) {
      const finding = judgeView(view, field, work)
      if (finding !== null) return finding
    }
    return work.isOver ? exhausted(field) : null
  }
  return (field, work = new Work(Infinity)) => {
    const finding = judgeField(field, work)
    if (finding !== null || field.part === 'value') return finding
    // A pair in a name: whoever decodes once more than we did reads a value there.
    const equals = field.text.indexOf('=')
    if (equals < 0) return null
    const { place, name } = field
    return judgeField({ place, name, part: 'value', text: field.text.slice(equals + 1) }, work)
  }
}

const longestExcerpt = 80

function exhausted({ place, name, part, text }: Field): Finding {
  const why = 'it takes more to judge than one request may take'
  return {
    rule: workRule,
    place,
    name,
    part,
    excerpt: text.slice(0, longestExcerpt),
    offset: 0,
    layers: [],
    why,
  }
}

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
