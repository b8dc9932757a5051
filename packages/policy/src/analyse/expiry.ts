/** Dates that have passed, or soon will: what ended, what stands although its date is over, what ends within 30 days. */
import type { Fault } from '../model/diagnostic.ts'
import { instantOf, type Part } from './parts.ts'
import type { Check, Written } from './subject.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 30

/** Something ended on its date: an allow permits nothing any more, a lifted deny denies nothing. */
export const endedCheck: Check<Written> = {
  code: 'TW2002',
  *find({ parts, at }) {
    for (const part of parts) {
      if (part.afterExpiry !== 'ends' || !isPast(part.says.expires, at)) continue
      yield fault(
        part,
        'expires',
        `${part.label} ended with ${part.says.expires}: ${part.isSpared ? 'what it left out of a deny is denied' : 'it does nothing any more'}`,
        {
          hint: 'Remove it; or, if it is still needed, give it a later date and say why.',
        },
      )
    }
  },
}

/** A deny, list, profile or quarantine whose date has passed stays in force: forgetting must never open. */
export const outlivedCheck: Check<Written> = {
  code: 'TW2003',
  *find({ parts, at }) {
    for (const part of parts) {
      if ((part.afterExpiry !== 'stays' && part.afterExpiry !== 'both') || !isPast(part.says.expires, at))
        continue
      const isBoth = part.afterExpiry === 'both'
      const what = isBoth ? 'what it allows has ended, what it denies stays in force' : 'it stays in force'
      yield fault(part, 'expires', `${part.label} expired with ${part.says.expires}; ${what}`, {
        hint: isBoth
          ? 'Remove it or renew the date.'
          : "Remove it or renew the date; `onExpiry: 'lift'` lets it end by itself.",
      })
    }
  },
}

/** What will end, or be over its date, within 30 days. */
export const soonCheck: Check<Written> = {
  code: 'TW2004',
  *find({ parts, at }) {
    for (const part of parts) {
      const instant = instantOf(part.says.expires)
      if (instant === null || instant <= at || instant - at > SOON_DAYS * DAY_MS) continue
      const days = Math.ceil((instant - at) / DAY_MS)
      const when = days === 1 ? 'within a day' : `in ${days} days`
      const what = part.afterExpiry === 'ends' ? 'ends' : 'reaches its date'
      yield fault(part, 'expires', `${part.label} ${what} ${when}, on ${part.says.expires}`, {
        hint: 'Decide now: renew the date with a reason, or let it go and remove it.',
      })
    }
  },
}

/** A review whose date has passed. */
export const reviewCheck: Check<Written> = {
  code: 'TW2005',
  *find({ parts, at }) {
    for (const part of parts) {
      if (!isPast(part.says.review, at)) continue
      yield fault(part, 'review', `the review of ${part.label} was due on ${part.says.review}`, {
        hint: `Ask ${part.says.owner ?? 'its owner'} whether it is still needed, and write down the next date.`,
      })
    }
  },
}

/** Dates that contradict each other: over before it was added, reviewed after it is over. */
export const datesCheck: Check<Written> = {
  code: 'TW2016',
  *find({ parts }) {
    for (const part of parts) {
      if (part.says.expires === undefined) continue
      const added = instantOf(part.says.added)
      const expires = instantOf(part.says.expires)
      const review = instantOf(part.says.review)
      if (added !== null && expires !== null && expires <= added) {
        yield fault(part, 'expires', `${part.label} expires on ${part.says.expires}, before it was added`, {
          hint: `It was added on ${part.says.added}: correct one of the two dates.`,
        })
      } else if (review !== null && expires !== null && part.afterExpiry === 'ends' && review >= expires) {
        yield fault(part, 'review', `${part.label} is reviewed on ${part.says.review}, after it has ended`, {
          hint: `It ends on ${part.says.expires}: review it before, or drop the date.`,
        })
      }
    }
  },
}

function isPast(date: string | undefined, at: number): boolean {
  const instant = instantOf(date)
  return instant !== null && instant <= at
}

function fault(
  part: Part,
  property: 'expires' | 'review',
  message: string,
  { hint }: { readonly hint: string },
): Fault {
  return { message, path: `${part.path}.${property}`, value: part.says[property], hint, origin: part.origin }
}
