/**
 * A body that is still coming: held back until it is judged, up to `holdBytes`; beyond that it is refused, or flows on
 * behind the judge where that was chosen. What flows on is judged first: a chunk is passed once everything in it was. It
 * deliberately knows no framework; adapters give it chunks and take them.
 */
import type { BodyInspector, Stop } from './body.ts'
import type { BodyValue } from './body-reader.ts'
import { joined } from './bytes.ts'
import { CodingError } from './coding.ts'
import type { Fault, Limits } from './limits.ts'

/** All of a body. */
export interface Whole {
  readonly kind: 'whole'
  /** As it was judged: without its codings. */
  readonly bytes: Uint8Array
  readonly end: Stop | { readonly kind: 'read'; readonly value: BodyValue }
}

/** A body of which no more is read. */
export interface Stopped {
  readonly kind: 'stopped'
  readonly stop: Stop
}

/** A body that is longer than may be held: what was held of it, and what comes. */
export interface Longish {
  readonly kind: 'longer'
  readonly held: readonly Marked[]
  readonly chunks: AsyncIterator<Uint8Array>
  readonly size: number
}

/** A chunk, and how much was judged when it had been read. */
interface Marked {
  readonly chunk: Uint8Array
  judged: number
}

/** Takes a body up to `holdBytes`. */
export async function hold(
  body: AsyncIterable<Uint8Array>,
  inspector: BodyInspector,
  limits: Limits,
): Promise<Whole | Stopped | Longish> {
  const chunks = body[Symbol.asyncIterator]()
  const held: Marked[] = []
  let size = 0
  for (;;) {
    const next = await nextOf(chunks)
    if ('rule' in next) return { kind: 'stopped', stop: { kind: 'fault', fault: next } }
    if (next.done === true)
      return { kind: 'whole', bytes: joined(held.map(({ chunk }) => chunk)), end: inspector.end() }
    const stop = inspector.write(next.value)
    if (stop !== null) {
      await chunks.return?.()
      return { kind: 'stopped', stop }
    }
    held.push({ chunk: next.value, judged: inspector.judged })
    size += next.value.length
    if (size > limits.holdBytes) return { kind: 'longer', held, chunks, size }
  }
}

async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | Fault> {
  try {
    return await chunks.next()
  } catch (error) {
    if (error instanceof CodingError) return error.fault
    throw error
  }
}

/** How a body that flowed on ended. */
export interface FlowEnd {
  /** Null: nothing was found in what was read. */
  readonly stop: Stop | null
  /** How many bytes had passed by then. */
  readonly passedBytes: number
  /** Whether all of it was read: neither its sender nor its reader broke it off. */
  readonly complete: boolean
}

/** What a flow asks its owner, whose decision `D` is. */
export interface FlowOwner<D> {
  /** In bytes: longer ones are refused. */
  readonly flowBytes: number
  /** Asked once, when it is over or something was found. */
  decide(end: FlowEnd): D
  /** What reading fails with; null: the rest passes, unjudged. */
  failure(decision: D): Error | null
  /** Nobody wants more of the body. */
  close(): Promise<void>
}

export interface Flow<D> {
  /** The chunks, each once it is judged. */
  readonly stream: ReadableStream<Uint8Array>
  /** Never rejects. */
  readonly decision: Promise<D>
}

/** Lets a long body flow on behind its judge. */
export function flowOn<D>(longish: Longish, inspector: BodyInspector, owner: FlowOwner<D>): Flow<D> {
  const { promise: decision, resolve } = Promise.withResolvers<D>()
  const flowing = new Flowing(longish, inspector, owner.flowBytes)
  let decided = false
  const decide = (stop: Stop | null, complete: boolean): D | null => {
    if (decided) return null
    decided = true
    const made = owner.decide({ stop, passedBytes: flowing.passedBytes, complete })
    resolve(made)
    return made
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A pull that gives nothing is not asked again.
        for (;;) {
          const step = await flowing.next().catch((error: unknown) => {
            // The sender broke it off.
            decide(null, false)
            throw error
          })
          for (const chunk of step.passed) controller.enqueue(chunk)
          if (step.stop !== null) {
            const made = decide(step.stop, false)
            const failure = made === null ? null : owner.failure(made)
            if (failure === null && flowing.goesOn()) continue
            await owner.close()
            throw failure ?? new Error('the body cannot be unpacked')
          }
          if (step.over) {
            decide(null, true)
            controller.close()
          }
          return
        }
      },
      async cancel() {
        decide(null, false)
        await owner.close()
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, decision }
}

interface Step {
  readonly passed: readonly Uint8Array[]
  readonly stop: Stop | null
  readonly over: boolean
}

/** What was read and may not pass yet, and what may. */
class Flowing {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #inspector: BodyInspector
  readonly #flowBytes: number
  readonly #waiting: Marked[]
  #readBytes: number
  #passedBytes = 0
  /** Whether there is a judge still. */
  #judged = true
  #broken = false

  constructor({ held, chunks, size }: Longish, inspector: BodyInspector, flowBytes: number) {
    this.#chunks = chunks
    this.#inspector = inspector
    this.#flowBytes = flowBytes
    this.#waiting = [...held]
    this.#readBytes = size
  }

  get passedBytes(): number {
    return this.#passedBytes
  }

  /** What was found is only told: the rest passes. False where there is no rest to be had. */
  goesOn(): boolean {
    this.#judged = false
    return !this.#broken
  }

  /** Reads on until something may pass, something is found, or all is over. */
  async next(): Promise<Step> {
    for (;;) {
      const passed = this.#released()
      if (passed.length > 0) return { passed, stop: null, over: false }
      const next = await nextOf(this.#chunks)
      if ('rule' in next) {
        this.#broken = true
        return { passed: [], stop: { kind: 'fault', fault: next }, over: false }
      }
      if (next.done === true) {
        const end = this.#judged ? this.#inspector.end() : null
        if (end !== null && end.kind !== 'read') {
          this.#judged = false
          return { passed: [], stop: end, over: false }
        }
        return { passed: this.#passing(this.#waiting.length), stop: null, over: true }
      }
      this.#waiting.push({ chunk: next.value, judged: this.#inspector.judged })
      const stop = this.#judged ? this.#written(next.value) : null
      if (stop !== null) return { passed: [], stop, over: false }
    }
  }

  #written(chunk: Uint8Array): Stop | null {
    this.#readBytes += chunk.length
    const stop = this.#readBytes > this.#flowBytes ? tooLong(this.#flowBytes) : this.#inspector.write(chunk)
    const last = this.#waiting.at(-1)
    if (last !== undefined) last.judged = this.#inspector.judged
    return stop
  }

  /** What is judged: the chunks since which something was. */
  #released(): readonly Uint8Array[] {
    const { judged } = this.#inspector
    const unread = !this.#judged || judged === Infinity
    let count = 0
    while (count < this.#waiting.length && (unread || (this.#waiting[count]?.judged ?? 0) < judged)) count++
    return this.#passing(count)
  }

  #passing(count: number): readonly Uint8Array[] {
    const passed = this.#waiting.splice(0, count).map(({ chunk }) => chunk)
    for (const { length } of passed) this.#passedBytes += length
    return passed.filter(({ length }) => length > 0)
  }
}

function tooLong(flowBytes: number): Stop {
  return {
    kind: 'fault',
    fault: { rule: 'limit-body', why: `a body of more than ${flowBytes} bytes`, text: '' },
  }
}
