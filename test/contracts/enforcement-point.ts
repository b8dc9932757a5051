/**
 * What every enforcement point promises, as one suite that each implementation runs against the real thing: whole
 * state or nothing, the same again is nothing, what is in force can always be told, and so can that somebody else
 * changed it.
 */
import type { EnforcementPoint, Order } from '@thingwall/gateway'
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
  policy: { name: 'contract', file: null, digest: null },
  bindings: 'none',
  log: null,
  at: Date.parse('2026-11-22T12:00:00Z'),
}

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
      expect(inForce.record).toEqual({ ...order, sequence: 1, digest: first.digest })
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
  })
}
