/** Some errors of the gateway are an answer, "no", and not a failure to ask: they end a command with exit 1. */
import { ThingwallError } from '@thingwall/gateway'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'

const ANSWERS: ReadonlySet<string> = new Set(['TW4015', 'TW4017', 'TW4030'])

export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ThingwallError) || !ANSWERS.has(error.code)) throw error
    const { code, hint } = error
    throw new Failure(error.message, { code, hint, exit: exits.no, cause: error })
  }
}
