/** The daemon's log: one JSON object a line. A part of what pino offers, so that tests can listen. */
import { type DestinationStream, pino } from 'pino'

export interface Log {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** Writes to standard error, or where it is told. */
export function openLog(stream: DestinationStream = pino.destination({ dest: 2, sync: true })): Log {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' }, stream)
}
