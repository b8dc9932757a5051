/** Forwards to a device whose address no policy states: they lead nowhere until it is given one, and after that ends. */
import type { Fault } from '../model/diagnostic.ts'
import { type Check, faultOf } from './subject.ts'

export const unplacedForwardCheck: Check = {
  code: 'TW2019',
  *find(subject): Iterable<Fault> {
    const { ruleset } = subject
    for (const { id, to } of ruleset.forwards) {
      const device = to.kind === 'device' ? ruleset.devices[to.device] : undefined
      const rule = ruleset.rules.find((one) => one.id === id)
      if (device === undefined || rule === undefined) continue
      if (device.addresses.some((address) => !address.startsWith('fe8'))) continue
      yield faultOf(
        subject,
        rule,
        {
          message: `${id} leads to ${device.name}, whose address is not stated: it works while a lease of it is known`,
          value: device.name,
          hint: `Give ${device.name} an \`ip\`, and the DHCP server the same reservation.`,
        },
        'to',
      )
    }
  },
}
