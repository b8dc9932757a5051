/** Bodies that are still coming: what is held, what flows on, and what had passed when something was found. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectors } from '../detect/all.ts'
import { judgeWith } from '../judge/judge.ts'
import { type BodyInspector, bodyInspector } from './body.ts'
import { CodingError } from './coding.ts'
import { readContentType } from './content-type.ts'
import { type Flow, type FlowEnd, type FlowOwner, flowOn, hold, type Longish } from './flow.ts'
import { defaultLimits } from './limits.ts'

const limits = { ...defaultLimits, holdBytes: 100 }
const encoder = new TextEncoder()
const attack = '<script>alert(1)</script>'

function inspectorOf(contentType: string): BodyInspector {
  const type = readContentType(contentType)
  if (type === null) throw new Error(`${contentType} is no content type`)
  return bodyInspector(type, { text: judgeWith(detectors) }, limits, null)
}

/** Chunks that say how many of them were taken, and whether anybody still wants more. */
function sending(chunks: readonly string[], failure?: Error) {
  const state = { taken: 0, open: true }
  async function* body(): AsyncGenerator<Uint8Array, void> {
    try {
      for (const chunk of chunks) {
        state.taken++
        yield encoder.encode(chunk)
      }
      if (failure !== undefined) throw failure
    } finally {
      state.open = false
    }
  }
  return { body: body(), state }
}

async function longish(body: AsyncIterable<Uint8Array>, inspector: BodyInspector): Promise<Longish> {
  const held = await hold(body, inspector, limits)
  if (held.kind !== 'longer') throw new Error(`it is ${held.kind}`)
  return held
}

/** Decides by telling how it ended. */
function owner(body: AsyncGenerator<Uint8Array>, how: 'break' | 'tell' = 'break'): FlowOwner<FlowEnd> {
  return {
    flowBytes: 1_000_000,
    decide: (end) => end,
    failure: ({ passedBytes }) => (how === 'tell' ? null : new Error(`stopped after ${passedBytes}`)),
    close: async () => void (await body.return(undefined)),
  }
}

async function flowing(
  body: AsyncGenerator<Uint8Array>,
  type = 'application/json',
  how: 'break' | 'tell' = 'break',
): Promise<Flow<FlowEnd>> {
  const inspector = inspectorOf(type)
  return flowOn(await longish(body, inspector), inspector, owner(body, how))
}

/** What passed, and how it ended. */
async function drained({
  stream,
  decision,
}: Flow<FlowEnd>): Promise<{ text: string; end: FlowEnd; error: string | null }> {
  const decoder = new TextDecoder()
  let text = ''
  let error: string | null = null
  try {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true })
  } catch (caught) {
    error = (caught as Error).message
  }
  return { text, end: await decision, error }
}

describe('hold', () => {
  test('a body that fits comes whole, with what it was read as', async () => {
    const { body } = sending(['{"a":', '1}'])
    const held = await hold(body, inspectorOf('application/json'), limits)
    expect(held).toMatchObject({ kind: 'whole', end: { kind: 'read' } })
    expect(held.kind === 'whole' && new TextDecoder().decode(held.bytes)).toBe('{"a":1}')
  })

  test('what is found ends it, and no more is taken', async () => {
    const { body, state } = sending([`["${attack}",`, '1', ']'])
    expect(await hold(body, inspectorOf('application/json'), limits)).toMatchObject({
      kind: 'stopped',
      stop: { kind: 'finding', finding: { rule: 'xss' } },
    })
    expect(state).toEqual({ taken: 1, open: false })
  })

  test('what is only found at the end is told with it', async () => {
    const { body } = sending(['{"a":1'])
    expect(await hold(body, inspectorOf('application/json'), limits)).toMatchObject({
      kind: 'whole',
      end: { kind: 'fault' },
    })
  })

  test('one byte too many is longer', async () => {
    const text = (length: number) => sending([`"${'x'.repeat(length - 2)}"`]).body
    expect(await hold(text(100), inspectorOf('application/json'), limits)).toMatchObject({ kind: 'whole' })
    expect(await hold(text(101), inspectorOf('application/json'), limits)).toMatchObject({
      kind: 'longer',
      size: 101,
    })
  })

  test('a coding that breaks is a fault; a connection that does is an error', async () => {
    const fault = { rule: 'content-encoding', why: 'broken', text: '' }
    expect(
      await hold(sending(['{'], new CodingError(fault)).body, inspectorOf('application/json'), limits),
    ).toEqual({
      kind: 'stopped',
      stop: { kind: 'fault', fault },
    })
    await expect(
      hold(sending(['{'], new Error('reset')).body, inspectorOf('application/json'), limits),
    ).rejects.toThrow('reset')
  })
})

describe('flowing on', () => {
  const list = (count: number): string[] => [
    '[',
    ...Array.from({ length: count }, (_, i) => `"line ${i} ü",`),
    '0]',
  ]

  test('all of it arrives, in order', async () => {
    const chunks = list(500)
    const { text, end, error } = await drained(await flowing(sending(chunks).body))
    expect(text).toBe(chunks.join(''))
    expect([end, error]).toEqual([
      { stop: null, passedBytes: encoder.encode(text).length, complete: true },
      null,
    ])
  })

  const attacked = (): string[] => {
    const chunks = list(500)
    chunks.splice(400, 0, '"<scr', 'ipt>alert(1)', '</script>",')
    return chunks
  }

  test('an attack never arrives, and how much had passed is told', async () => {
    const { body, state } = sending(attacked())
    const { text, end, error } = await drained(await flowing(body))
    expect(end).toMatchObject({ complete: false, stop: { kind: 'finding', finding: { rule: 'xss' } } })
    expect(text).not.toContain('<scr')
    expect(text.startsWith('["line 0 ü","line 1')).toBe(true)
    expect(end.passedBytes).toBe(encoder.encode(text).length)
    expect(end.passedBytes).toBeGreaterThan(4000)
    expect(error).toBe(`stopped after ${end.passedBytes}`)
    expect(state).toEqual({ taken: 403, open: false })
  })

  test('where it is only told, all of it arrives', async () => {
    const { text, end, error } = await drained(await flowing(sending(attacked()).body, undefined, 'tell'))
    expect([text, error]).toEqual([attacked().join(''), null])
    expect(end.stop).toMatchObject({ finding: { rule: 'xss' } })
    expect(end.passedBytes).toBeLessThan(text.length)
  })

  test('what is only seen at the end is told then', async () => {
    const unfinished = list(99).slice(0, -1)
    const { end, error } = await drained(await flowing(sending(unfinished).body))
    expect(end.stop).toMatchObject({ fault: { rule: 'json' } })
    expect(error).toMatch(/stopped/)
    const told = await drained(await flowing(sending(unfinished).body, undefined, 'tell'))
    expect(told.text).toBe(unfinished.join(''))
  })

  test('wherever it is cut, nothing of an attack arrives', async () => {
    const text = `[${'"quiet",'.repeat(30)}"${attack}"]`
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 12 }), async (places) => {
        const sorted = [0, ...places, text.length].toSorted((a, b) => a - b)
        const chunks = sorted.slice(1).map((to, index) => text.slice(sorted[index], to))
        const { body } = sending(chunks)
        const inspector = inspectorOf('application/json')
        const held = await hold(body, inspector, limits)
        if (held.kind !== 'longer') {
          expect(held).toMatchObject({ kind: 'stopped' })
          return
        }
        const { text: passed, end } = await drained(flowOn(held, inspector, owner(body)))
        expect(end.stop).toMatchObject({ kind: 'finding' })
        expect(passed).not.toContain('<')
        expect(text.startsWith(passed)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('firmware passes as it comes', async () => {
    const { body, state } = sending(Array.from({ length: 300 }, () => 'firmware'))
    const { stream } = await flowing(body, 'application/octet-stream')
    const reader = stream.getReader()
    await reader.read()
    expect(state.taken).toBeLessThan(15)
    await reader.cancel()
    expect(state.open).toBe(false)
  })

  test('above flowBytes it is refused', async () => {
    const { body } = sending(Array.from({ length: 300 }, () => 'x'.repeat(5000)))
    const { text, end } = await drained(await flowing(body, 'application/octet-stream'))
    expect(end.stop).toMatchObject({ fault: { rule: 'limit-body' } })
    expect(text.length).toBeLessThanOrEqual(1_000_000)
    expect(text.length).toBeGreaterThan(900_000)
  })

  test('who stops reading, and who stops sending, is told as not complete', async () => {
    const flow = await flowing(sending(list(99)).body)
    await flow.stream.cancel()
    expect(await flow.decision).toMatchObject({ stop: null, complete: false })

    const { end, error } = await drained(await flowing(sending(list(99), new Error('reset')).body))
    expect([end.complete, error]).toEqual([false, 'reset'])
  })

  test('a coding that breaks ends it, whatever is only told', async () => {
    const fault = { rule: 'content-encoding', why: 'broken', text: '' }
    const body = sending(list(99), new CodingError(fault)).body
    const { end, error } = await drained(await flowing(body, undefined, 'tell'))
    expect(end.stop).toEqual({ kind: 'fault', fault })
    expect(error).toBe('the body cannot be unpacked')
  })
})
