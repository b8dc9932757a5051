/** One sender's flood does not take the room of others. Laws over whatever comes are in gather.property.test.ts. */
import { expect, test } from 'vitest'
import { type Clock, type GatherOptions, gather } from './gather.ts'

const one = { count: 1, packets: 2, bytes: 60, answeredPackets: 3, answeredBytes: 70 }
interface Subject {
  readonly detail: 'kind' | 'group' | 'all'
  readonly group: string
  readonly key: string
}

function put(gathered: ReturnType<typeof gather<Subject>>, group: string, key: string, clock: Clock): void {
  if (gathered.count(key, one, clock)) return
  const subject = (detail: Subject['detail']): Subject => ({ detail, group, key })
  gathered.begin(key, { group, subject }, one, clock)
}

test('one sender cannot take the room of others', () => {
  const options: GatherOptions = { kinds: 100, kindsPerGroup: 10, groups: 4, againMs: 1000 }
  const gathered = gather<Subject>(options)
  const clock = { wallMs: 0, monotonicMs: 0 }
  for (let at = 0; at < 10_000; at++) put(gathered, 'loud', `loud ${at}`, clock)
  put(gathered, 'quiet', 'quiet 1', clock)
  const told = gathered.take(clock, 'due')
  expect(told.filter(({ subject }) => subject.group === 'loud' && subject.detail === 'kind').length).toBe(10)
  expect(told.find(({ subject }) => subject.detail === 'group')?.count).toBe(9990)
  expect(told.find(({ subject }) => subject.group === 'quiet')?.subject.detail).toBe('kind')
})
