/** Reader of forwards. Where one leads to, and whether two take one port, shows when the whole policy is known. */
import type { ForwardDocument } from '../../model/policy.ts'
import { parseService } from '../../model/service.ts'
import { type Reader, readOwned, refuse, refuseShape } from './reading.ts'
import { documentation, namesOwnedList, peers, when } from './rule.ts'
import { isObject, nullable, object, origin, someOf } from './shape.ts'
import { identifier, plainText, service } from './text.ts'

const ports: Reader<string> = (value, at) => {
  const read = service(value, at)
  const parsed = read === undefined ? 'refused already' : parseService(read)
  if (typeof parsed === 'string' || parsed.every(({ kind }) => kind === 'ports')) return read
  return refuse(at, 'TW1026', 'only ports can be forwarded', 'write TCP or UDP ports: 8554/tcp', value)
}

const port: Reader<number> = (value, at) => {
  if (typeof value !== 'number') return refuseShape(at, 'a port, 1 to 65535', value)
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value
  return refuse(at, 'TW1008', 'this is no port', 'write a whole number from 1 to 65535', value)
}

const shape = object<ForwardDocument>(
  {
    ...documentation,
    at: identifier,
    service: someOf(ports, 'services', 'name the ports it is addressed to'),
    to: peers,
    port: nullable(port),
    from: peers,
    by: nullable(plainText(64)),
    when: nullable(when),
    origin,
  },
  "a forward, forward({ at: 'uplink', … })",
)

/** A forward. It belongs to its own owner, or to that of a list it is for. */
export const forward: Reader<ForwardDocument> = (value, at) =>
  readOwned(isObject(value) && namesOwnedList(value.from, at), at, () => shape(value, at))
