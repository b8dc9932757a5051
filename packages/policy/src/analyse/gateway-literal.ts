/** The gateway's own address as a peer: nothing but the word `gateway` ever means the gateway, so it matches nothing. */
import { parseAddress } from '../model/address.ts'
import type { Fault } from '../model/diagnostic.ts'
import type { EndpointDocument } from '../model/policy.ts'
import type { Check } from './subject.ts'

export const gatewayLiteralCheck: Check = {
  code: 'TW2013',
  *find({ document, ruleset, parts }) {
    const isOwn = (text: string): boolean => {
      const address = parseAddress(text)
      return address !== null && ruleset.gateway.has(address)
    }
    const words = (text: string): Pick<Fault, 'message' | 'value' | 'hint'> => ({
      message: `${text} is the gateway's own address, and a peer by address never means the gateway`,
      value: text,
      hint: "Say 'gateway'.",
    })
    for (const { rule, path, origin } of parts) {
      if (rule === undefined) continue
      for (const text of textsOf([...rule.peer, ...(rule.who ?? [])]).filter(isOwn)) {
        const end = rule.direction === 'out' ? 'to' : rule.direction === 'in' ? 'from' : 'peer'
        yield { ...words(text), path: `${path}.${end}`, origin }
      }
    }
    for (const [name, { entries }] of Object.entries(document.lists)) {
      for (const [text, { origin }] of Object.entries(entries)) {
        if (isOwn(text)) yield { ...words(text), path: `lists.${name}.entries["${text}"]`, origin }
      }
    }
  },
}

function textsOf(ends: readonly EndpointDocument[]): readonly string[] {
  return ends.flatMap((end) => {
    if (end.kind === 'text') return [end.text]
    return end.kind === 'except' ? textsOf([...end.of, ...end.except]) : []
  })
}
