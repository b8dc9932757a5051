/** Writes what was said as the JSON that `readBindings` reads: to be kept, or told to another program. Pure. */
import { formatAddress } from '../model/address.ts'
import type { Said } from '../model/flow.ts'

/** Instants to the second, rather early than late. */
export interface BindingsJson {
  readonly format: 1
  readonly addresses: readonly {
    readonly device: string
    readonly address: string
    readonly until?: string
  }[]
  readonly names: readonly {
    readonly device: string
    readonly name: string
    readonly addresses: readonly string[]
    readonly until?: string
  }[]
  readonly gateway: readonly string[]
}

/** The bindings as data; answers of one name that end at one instant are one entry. */
export function bindingsJson({ owners, names, gateway }: Said): BindingsJson {
  return {
    format: 1,
    addresses: [...owners].map(([address, { device, until }]) => ({
      device,
      address: formatAddress(address),
      ...untilText(until),
    })),
    names: [...names].flatMap(([device, told]) =>
      [...told].flatMap(([name, answers]) =>
        [...Map.groupBy(answers, ({ until }) => until)].map(([until, some]) => ({
          device,
          name,
          addresses: some.map(({ address }) => formatAddress(address)),
          ...untilText(until),
        })),
      ),
    ),
    gateway: [...gateway].map(formatAddress),
  }
}

function untilText(until: number): { readonly until?: string } {
  return until === Number.POSITIVE_INFINITY
    ? {}
    : { until: new Date(Math.max(0, until)).toISOString().replace(/\.\d+Z$/, 'Z') }
}
