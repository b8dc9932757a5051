/**
 * A tree as a machine with several places at once (after Thompson): what may follow what, without memory. Repetitions with
 * bounds are written out, which is why a machine has a largest size. It deliberately runs nothing.
 */
import type { CodePoints } from './code-points.ts'
import type { Assertion, Tree } from './parse.ts'

export type Step =
  | { readonly kind: 'one'; readonly set: number; next: number }
  | { readonly kind: 'both'; next: number; other: number }
  | { readonly kind: 'assert'; readonly what: Assertion; next: number }
  | { readonly kind: 'match' }

export interface Machine {
  readonly steps: readonly Step[]
  readonly start: number
  /** What the `set` of a step stands for. */
  readonly sets: readonly CodePoints[]
}

export const mostSteps = 20_000

/** The machine, or null where it would have too many steps. */
export function machineOf(tree: Tree): Machine | null {
  if (sizeOf(tree) > mostSteps) return null
  const steps: Step[] = [{ kind: 'match' }]
  const sets: CodePoints[] = []
  const known = new Map<CodePoints, number>()
  const setOf = (set: CodePoints): number => {
    const index = known.get(set) ?? sets.push(set) - 1
    known.set(set, index)
    return index
  }
  const add = (step: Step): number => steps.push(step) - 1

  /** Steps that do `part` and go on to `next`; where they begin. */
  const build = (part: Tree, next: number): number => {
    switch (part.kind) {
      case 'empty':
        return next
      case 'one':
        return add({ kind: 'one', set: setOf(part.of), next })
      case 'assert':
        return add({ kind: 'assert', what: part.what, next })
      case 'sequence':
        return part.parts.reduceRight((then, one) => build(one, then), next)
      case 'choice': {
        const [first, ...rest] = part.parts.map((one) => build(one, next)).toReversed()
        return rest.reduce((other, one) => add({ kind: 'both', next: one, other }), first as number)
      }
      case 'repeat': {
        let at = next
        if (part.most === Infinity) {
          const loop = { kind: 'both' as const, next: -1, other: next }
          at = add(loop)
          loop.next = build(part.part, at)
        } else {
          for (let count = part.least; count < part.most; count++)
            at = add({ kind: 'both', next: build(part.part, at), other: next })
        }
        for (let count = 0; count < part.least; count++) at = build(part.part, at)
        return at
      }
      default:
        return part satisfies never
    }
  }
  const start = build(tree, 0)
  return { steps, start, sets }
}

/** How many steps a tree takes, at least up to the largest size. */
function sizeOf(tree: Tree): number {
  switch (tree.kind) {
    case 'empty':
      return 0
    case 'one':
    case 'assert':
      return 1
    case 'sequence':
    case 'choice':
      return tree.parts.reduce((sum, part) => sum + sizeOf(part) + 1, 0)
    case 'repeat': {
      const times = tree.most === Infinity ? tree.least + 1 : tree.most
      return (sizeOf(tree.part) + 1) * times
    }
    default:
      return tree satisfies never
  }
}
