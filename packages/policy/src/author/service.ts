/**
 * How a policy writes what a flow is opened for: `'https'`, `'443/tcp'`, `tcp(443, '8000-8100')`, `icmp(8)`.
 *
 * A port that is no port is a type error where it stands. At run time these only build the text: `validate` judges
 * it, with whatever else came without types.
 */
import type { ServiceName, ServiceText } from '../model/service.ts'

/** One or several services. */
export type ServiceInput = ServiceText | readonly (ServiceText | readonly ServiceText[])[]

/** A port, or a range of ports from low to high. */
export type PortInput = number | `${number}-${number}`

/** What the editor shows in place of a port that is none. */
export type PortFault = 'a port is a whole number from 1 to 65535'

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
type UpTo65535 =
  | `${1 | 2 | 3 | 4 | 5}${string}`
  | `6${0 | 1 | 2 | 3 | 4}${string}`
  | `65${0 | 1 | 2 | 3 | 4}${string}`
  | `655${0 | 1 | 2}${string}`
  | `6553${0 | 1 | 2 | 3 | 4 | 5}`

type OneToFour<T extends string> = T extends
  | `${Digit}`
  | `${Digit}${Digit}`
  | `${Digit}${Digit}${Digit}`
  | `${Digit}${Digit}${Digit}${Digit}`
  ? T
  : never

type IsPort<T extends string> = string extends T
  ? true
  : `${number}` extends T
    ? true
    : T extends `0${string}`
      ? false
      : T extends OneToFour<T>
        ? true
        : T extends `${Digit}${infer Rest}`
          ? Rest extends OneToFour<Rest>
            ? T extends UpTo65535
              ? true
              : false
            : false
          : false

/** The port itself, or what is wrong with it. */
export type CheckedPort<P> = P extends number
  ? number extends P
    ? P
    : IsPort<`${P}`> extends true
      ? P
      : PortFault
  : P extends `${infer First}-${infer Last}`
    ? IsPort<First> | IsPort<Last> extends true
      ? P
      : PortFault
    : P

/** The service itself, or what is wrong with it. */
export type CheckedService<S> = S extends `${infer Ports}/${'tcp' | 'udp'}`
  ? Ports extends `${infer First}-${infer Last}`
    ? IsPort<First> | IsPort<Last> extends true
      ? S
      : PortFault
    : IsPort<Ports> extends true
      ? S
      : PortFault
  : S extends readonly unknown[]
    ? { readonly [K in keyof S]: CheckedService<S[K]> }
    : S

/** TCP ports: `tcp(443)`, `tcp(443, 8443)`, `tcp('8000-8100')`. */
export function tcp<const P extends readonly PortInput[]>(
  ...ports: { readonly [K in keyof P]: CheckedPort<P[K]> }
): readonly ServiceText[] {
  return ports.map((port) => `${port as number}/tcp` as const)
}

/** UDP ports: `udp(123)`, `udp('8000-8100')`. */
export function udp<const P extends readonly PortInput[]>(
  ...ports: { readonly [K in keyof P]: CheckedPort<P[K]> }
): readonly ServiceText[] {
  return ports.map((port) => `${port as number}/udp` as const)
}

/** An ICMP type that opens a flow: 8 echo, 13 timestamp, 15 information, 17 address mask. */
export function icmp(type: 8 | 13 | 15 | 17): ServiceText {
  return `icmp/${type}`
}

/** An ICMPv6 type that opens a flow: 128 echo, 139 node information. */
export function icmpv6(type: 128 | 139): ServiceText {
  return `icmpv6/${type}`
}

/** Another protocol by its IANA number, 1 to 255: `protocol(47)` is GRE. */
export function protocol(number: number): ServiceText {
  return `protocol/${number}`
}

/** The texts of one or several services, flat. */
export function servicesOf(given: ServiceInput | undefined): readonly ServiceText[] {
  if (given === undefined) return []
  return Array.isArray(given) ? given.flat() : [given as ServiceName]
}
