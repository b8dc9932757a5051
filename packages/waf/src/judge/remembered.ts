/**
 * Headers in which nothing was found: every browser sends the same few with every request, and they are the texts in which
 * detectors have most to look at. What was judged once is not judged again; what it took is counted each time, so a request is judged the
 * same whoever asked before. It deliberately remembers no finding, and nothing but headers.
 */
import type { Field } from '../model/request.ts'
import type { Work } from '../model/work.ts'
import type { JudgeField } from './judge.ts'

/** In characters. */
const longest = 512
const mostTexts = 1024

export class Remembered {
  /** By name and text: the steps that they took. */
  readonly #clean: Map<string, Map<string, number>> = new Map()
  #size = 0

  /** As `judge` does, which has to be the same one each time. */
  judge(judge: JudgeField, field: Field, work: Work): ReturnType<JudgeField> {
    if (field.place !== 'header' || field.part === 'name' || field.text.length > longest)
      return judge(field, work)
    const { name, text } = field
    const steps = this.#clean.get(name)?.get(text)
    if (steps !== undefined) {
      work.text(text.length)
      // Where there is too little left, it is told as it is for who asks first.
      if (work.left >= steps) {
        work.spend(steps)
        return null
      }
    }
    const before = work.left
    const finding = judge(field, work)
    if (finding === null && steps === undefined) this.#keep(name, text, before - work.left)
    return finding
  }

  #keep(name: string, text: string, steps: number): void {
    if (this.#size >= mostTexts) {
      this.#clean.clear()
      this.#size = 0
    }
    const texts = this.#clean.get(name) ?? new Map<string, number>()
    this.#clean.set(name, texts.set(text, steps))
    this.#size++
  }
}
