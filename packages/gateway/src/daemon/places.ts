/** Where the daemon's things are, for those who ask it and those who look without it. */
import { join } from 'node:path'
import { gatewayPart } from '../disk/parts.ts'

/** Where the API's socket is when nobody says otherwise. */
export const RUN_FOLDER = '/run/thingwall-gateway'

/** The path of the API's socket in a run folder. */
export function apiSocket(folder: string): string {
  return join(folder, 'api.sock')
}

/** The folder of the events of a state folder. */
export function eventFolder(state: string): string {
  return join(gatewayPart(state), 'events')
}
