/** What the daemon itself has to say, as an event. Texts may hold what others named: they are capped and made plain. */
import { escapeText } from '@thingwall/policy'
import type { NoticeEvent } from '../events/model.ts'

const LONGEST_TEXT = 1000

export type Topic =
  | 'gateway-started'
  | 'policy-applied'
  | 'trial-over'
  | 'trial-cleared'
  | 'rules-changed'
  | 'rules-intact'
  | 'rules-restored'
  | 'restore-failed'
  | 'recorder-restarted'
  | 'packets-not-logged'
  | 'leases-unread'
  | 'journal-unread'
  | 'links-unwatched'
  | 'address-taken'

export function notice(topic: Topic, text: string, at: number): NoticeEvent {
  return {
    kind: 'notice',
    at,
    until: at,
    topic,
    text: escapeText(text, LONGEST_TEXT),
    device: null,
    count: 1,
  }
}
