/**
 * What every enforcement point promises, as one suite that each implementation runs against the real thing: whole
 * state or nothing, the same again is nothing, what is in force can always be told, and so can that somebody else
 * changed it.
 */
import type { Base, EnforcementPoint, Order } from '@thingwall/gateway'
import type { Artifact } from '@thingwall/policy'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** One fresh enforcement point with nothing in force. */
export interface Subject {
  readonly point: EnforcementPoint
  /** Two artifacts that differ, and one that the point cannot take. */
  readonly artifacts: { readonly first: Artifact; readonly second: Artifact; readonly broken: Artifact }
  /** Changes what is in force behind the point's back, by other means. */
  readonly tamper: () => Promise<void>
  /** Takes everything away behind the point's back. */
  readonly flush: () => Promise<void>
  readonly end: () => Promise<void>
}

export const order: Order = {
  by: 'the contract',
  why: 'because it says so',
  policy: { name: 'contract', file: null, digest: null },
  bindings: 'none',
  log: null,
  confirmWithinMs: null,
  again: null,
  document: '{"name":"contract"}',
  told: null,
  boot: null,
  at: Date.parse('2026-11-22T12:00:00Z'),
}
/** The record that is kept of it. */
const { document: _, told: __, boot: ___, ...kept } = order
const recorded = { ...kept, bootDigest: null }

export function enforcementPointContract(name: string, open: () => Promise<Subject>): void {
  describe(`the contract of an enforcement point: ${name}`, () => {
    let subject: Subject
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.end())

    test('at first nothing is in force', async () => {
      const { digest, record, last } = await subject.point.read()
      expect({ digest, record, last }).toEqual({ digest: null, record: null, last: null })
    })

    test('what was applied is in force, untouched, with its record', async () => {
      const { first } = subject.artifacts
      const applied = await subject.point.apply(first, order)
      expect(applied).toMatchObject({ changed: true, before: null, diagnostics: [] })
      const inForce = await subject.point.read()
      expect(inForce).toMatchObject({ digest: first.digest, last: null, integrity: { kind: 'intact' } })
      expect(inForce.record).toEqual({ ...recorded, sequence: 1, digest: first.digest })
    })

    test('the same again is nothing, and says so', async () => {
      const { first } = subject.artifacts
      const { record } = await subject.point.apply(first, order)
      const again = await subject.point.apply(first, { ...order, at: order.at + 60_000, by: 'somebody else' })
      expect(again).toMatchObject({ changed: false, loadMs: 0, record })
      expect((await subject.point.read()).record).toEqual(record)
    })

    test('the same with other bindings is another application', async () => {
      const { first } = subject.artifacts
      await subject.point.apply(first, order)
      const again = await subject.point.apply(first, { ...order, bindings: 'others' })
      expect(again).toMatchObject({ changed: true, before: first.digest, record: { sequence: 2 } })
    })

    test('another replaces the whole', async () => {
      const { first, second } = subject.artifacts
      await subject.point.apply(first, order)
      expect(await subject.point.apply(second, order)).toMatchObject({ changed: true, before: first.digest })
      expect(await subject.point.read()).toMatchObject({
        digest: second.digest,
        record: { sequence: 2 },
        integrity: { kind: 'intact' },
      })
    })

    test('what was meant for another base changes nothing', async () => {
      const { first, second } = subject.artifacts
      const onto = (base: Base | null): Promise<unknown> =>
        subject.point.apply(second, order, undefined, { base })
      const other = { code: 'TW4030' }
      await expect(onto({ sequence: 1, digest: first.digest })).rejects.toMatchObject(other)
      await subject.point.apply(first, order)
      await expect(onto(null)).rejects.toMatchObject(other)
      await expect(onto({ sequence: 2, digest: first.digest })).rejects.toMatchObject(other)
      await expect(onto({ sequence: 1, digest: second.digest })).rejects.toMatchObject(other)
      expect((await subject.point.read()).digest).toBe(first.digest)
      expect(await onto({ sequence: 1, digest: first.digest })).toMatchObject({ changed: true })
      await expect(onto({ sequence: 1, digest: first.digest })).rejects.toMatchObject(other)
      await subject.flush()
      await expect(onto({ sequence: 2, digest: second.digest })).rejects.toMatchObject(other)
    })

    test('one that cannot be taken changes nothing', async () => {
      const { first, broken } = subject.artifacts
      await expect(subject.point.apply(broken, order)).rejects.toMatchObject({ code: 'TW4007' })
      expect((await subject.point.read()).digest).toBeNull()
      await subject.point.apply(first, order)
      const before = await subject.point.read()
      await expect(subject.point.apply(broken, order)).rejects.toMatchObject({ code: 'TW4007' })
      expect(await subject.point.read()).toEqual(before)
    })

    test('a change by somebody else shows, and the same again repairs it', async () => {
      const { first } = subject.artifacts
      await subject.point.apply(first, order)
      await subject.tamper()
      const { digest, integrity } = await subject.point.read()
      expect({ digest, kind: integrity.kind }).toEqual({ digest: first.digest, kind: 'changed' })
      expect(await subject.point.apply(first, order)).toMatchObject({ changed: true })
      expect((await subject.point.read()).integrity.kind).toBe('intact')
    })

    test('what somebody took away is not in force, and what it was is still known', async () => {
      const { first } = subject.artifacts
      const { record } = await subject.point.apply(first, order)
      await subject.flush()
      expect(await subject.point.read()).toMatchObject({ digest: null, record: null, last: record })
      expect(await subject.point.apply(first, order)).toMatchObject({ changed: true, before: null })
    })

    test('of two at once one is in force, whole, and its record is the one told', async () => {
      const { first, second } = subject.artifacts
      await Promise.all([subject.point.apply(first, order), subject.point.apply(second, order)])
      const { digest, record } = await subject.point.read()
      expect([first.digest, second.digest]).toContain(digest)
      expect(record?.digest).toBe(digest)
    })

    describe('on trial', () => {
      const deed = { by: 'somebody', at: order.at + 1000 }
      const trial = { ...order, confirmWithinMs: 60_000 }
      const fates = async () => (await subject.point.history()).map(({ fate }) => fate.kind)
      /** Waits until the trial is over by itself. */
      const over = () =>
        expect.poll(async () => (await subject.point.read()).trial, { timeout: 10_000 }).toBeNull()

      test('it is in force, says for how long, and what comes after it', async () => {
        const { first, second } = subject.artifacts
        await subject.point.apply(first, order)
        const applied = await subject.point.apply(second, trial)
        expect(applied).toMatchObject({ changed: true, before: first.digest, diagnostics: [] })
        const inForce = await subject.point.read()
        expect(inForce).toMatchObject({
          digest: second.digest,
          integrity: { kind: 'intact' },
          trial: { returnsTo: { digest: first.digest, record: { sequence: 1 } } },
        })
        expect(inForce.trial?.leftMs).toBeGreaterThan(0)
        expect(inForce.trial?.leftMs).toBeLessThanOrEqual(60_000)
        expect(await fates()).toEqual(['on trial', 'in force'])
      })

      test('nobody confirms it: what was in force before is again, and the story is told', async () => {
        const { first, second } = subject.artifacts
        await subject.point.apply(first, order)
        await subject.point.apply(second, { ...order, confirmWithinMs: 1000 })
        await over()
        expect(await subject.point.read()).toMatchObject({
          digest: first.digest,
          record: { sequence: 1 },
          integrity: { kind: 'intact' },
          over: { record: { sequence: 2 }, fate: { kind: 'reverted' } },
        })
        await expect(subject.point.confirm(deed)).rejects.toMatchObject({ code: 'TW4015' })
        await subject.point.tidy()
        expect(await fates()).toEqual(['reverted', 'in force'])
        expect((await subject.point.read()).integrity.kind).toBe('intact')
      })

      test('the first of all reverts to nothing', async () => {
        await subject.point.apply(subject.artifacts.first, { ...order, confirmWithinMs: 1000 })
        await over()
        expect(await subject.point.read()).toMatchObject({ digest: null, record: null, last: null })
        await subject.point.tidy()
        expect(await subject.point.read()).toMatchObject({
          digest: null,
          integrity: { kind: 'unknown' },
          over: { record: { sequence: 1 } },
        })
        expect(await fates()).toEqual(['reverted'])
      })

      test('confirmed, it stays', async () => {
        const { first, second } = subject.artifacts
        await subject.point.apply(first, order)
        await subject.point.apply(second, trial)
        const { now, diagnostics } = await subject.point.confirm(deed)
        expect({ digest: now.digest, diagnostics }).toEqual({ digest: second.digest, diagnostics: [] })
        const inForce = await subject.point.read()
        expect(inForce).toMatchObject({
          digest: second.digest,
          integrity: { kind: 'intact' },
          trial: null,
          over: null,
        })
        const [newest] = await subject.point.history()
        expect(newest).toMatchObject({ confirmed: deed, fate: { kind: 'in force' } })
        expect(await fates()).toEqual(['in force', 'replaced'])
        await expect(subject.point.confirm(deed)).rejects.toMatchObject({ code: 'TW4015' })
        await expect(subject.point.abandon(deed)).rejects.toMatchObject({ code: 'TW4015' })
      })

      test('abandoned, it goes at once', async () => {
        const { first, second } = subject.artifacts
        await subject.point.apply(first, order)
        await subject.point.apply(second, trial)
        expect((await subject.point.abandon(deed)).now.digest).toBe(first.digest)
        expect(await subject.point.read()).toMatchObject({
          digest: first.digest,
          record: { sequence: 1 },
          integrity: { kind: 'intact' },
          trial: null,
          over: { fate: { kind: 'abandoned', by: 'somebody' } },
        })
        await subject.point.apply(second, trial)
        expect(await fates()).toEqual(['on trial', 'abandoned', 'in force'])
      })

      test('the first of all, abandoned, leaves nothing', async () => {
        await subject.point.apply(subject.artifacts.first, trial)
        expect((await subject.point.abandon(deed)).now).toEqual({ digest: null, record: null })
        expect(await subject.point.read()).toMatchObject({ digest: null, last: null })
      })

      test('another trial takes its place, and goes back to what was confirmed', async () => {
        const { first, second } = subject.artifacts
        await subject.point.apply(first, order)
        await subject.point.apply(second, trial)
        await subject.point.apply(second, { ...trial, bindings: 'others' })
        expect(await fates()).toEqual(['on trial', 'replaced', 'in force'])
        expect((await subject.point.read()).trial?.returnsTo.digest).toBe(first.digest)
        await subject.point.abandon(deed)
        expect((await subject.point.read()).digest).toBe(first.digest)
      })

      test('the same again without a trial confirms it', async () => {
        const { first } = subject.artifacts
        await subject.point.apply(first, trial)
        expect(await subject.point.apply(first, order)).toMatchObject({
          changed: false,
          confirmed: true,
          trial: null,
        })
        expect(await subject.point.apply(first, order)).toMatchObject({ changed: false, confirmed: false })
        expect(await subject.point.read()).toMatchObject({ digest: first.digest, trial: null })
        expect(await fates()).toEqual(['in force'])
      })

      test('the policy of each is kept', async () => {
        await subject.point.apply(subject.artifacts.first, trial)
        expect(await subject.point.documentOf(1)).toBe(order.document)
        expect(await subject.point.documentOf(2)).toBeNull()
      })

      test('what was said by hand for each is kept', async () => {
        const told = '{"format":1}'
        await subject.point.apply(subject.artifacts.first, { ...order, told })
        await subject.point.apply(subject.artifacts.second, order)
        expect(await subject.point.toldFor(1)).toBe(told)
        expect(await subject.point.toldFor(2)).toBeNull()
      })
    })
  })
}
