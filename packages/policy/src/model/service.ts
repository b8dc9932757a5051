/**
 * Services: what a flow is opened for. Names follow the IANA registry; ports are written `443/tcp`, as in
 * `/etc/services`.
 *
 * A service here is only the opener's side: destination ports, ICMP types, protocol numbers. Source ports say
 * nothing a device could not choose, so there is no way to write them.
 */

/** One alternative of a service. Ports are inclusive ranges. */
export type Service =
  | { readonly kind: 'any' }
  | { readonly kind: 'ports'; readonly protocol: 6 | 17; readonly first: number; readonly last: number }
  | { readonly kind: 'icmp'; readonly family: 4 | 6; readonly type: number }
  | { readonly kind: 'protocol'; readonly number: number }

export const ICMP = 1
export const TCP = 6
export const UDP = 17
export const ICMPV6 = 58

/** Every service that has a name, and what it stands for. */
export const namedServices = {
  any: ['any'],
  amqps: ['5671/tcp'],
  coap: ['5683/udp'],
  coaps: ['5684/udp'],
  dhcp: ['67/udp'],
  dhcpv6: ['547/udp'],
  dns: ['53/udp', '53/tcp'],
  'dns-over-tls': ['853/tcp'],
  ftp: ['21/tcp'],
  http: ['80/tcp'],
  'http-alt': ['8080/tcp'],
  https: ['443/tcp'],
  ike: ['500/udp', '4500/udp'],
  imaps: ['993/tcp'],
  ipp: ['631/tcp'],
  kerberos: ['88/tcp', '88/udp'],
  ldaps: ['636/tcp'],
  llmnr: ['5355/udp', '5355/tcp'],
  mdns: ['5353/udp'],
  modbus: ['502/tcp'],
  mqtt: ['1883/tcp'],
  mqtts: ['8883/tcp'],
  ntp: ['123/udp'],
  'opc-ua': ['4840/tcp'],
  ping: ['icmp/8', 'icmpv6/128'],
  quic: ['443/udp'],
  rtsp: ['554/tcp'],
  rtsps: ['322/tcp'],
  sip: ['5060/udp', '5060/tcp'],
  sips: ['5061/tcp'],
  smb: ['445/tcp'],
  smtp: ['25/tcp'],
  smtps: ['465/tcp'],
  snmp: ['161/udp'],
  'snmp-trap': ['162/udp'],
  ssdp: ['1900/udp'],
  ssh: ['22/tcp'],
  stun: ['3478/udp', '3478/tcp'],
  submission: ['587/tcp'],
  syslog: ['514/udp'],
  'syslog-tls': ['6514/tcp'],
  telnet: ['23/tcp'],
  tftp: ['69/udp'],
  wireguard: ['51820/udp'],
} as const

export type ServiceName = keyof typeof namedServices

/** Every way the policy document spells a service. */
export type ServiceText =
  | ServiceName
  | `${number}/${'tcp' | 'udp'}`
  | `${number}-${number}/${'tcp' | 'udp'}`
  | `icmp/${number}`
  | `icmpv6/${number}`
  | `protocol/${number}`

export type ServiceFault = 'syntax' | 'port' | 'range' | 'icmp-type' | 'protocol'

/** Reads `https`, `443/tcp`, `8000-8100/udp`, `icmp/8`, `icmpv6/128`, `protocol/47`; else says what is wrong. */
export function parseService(text: string): readonly Service[] | ServiceFault {
  if (text === 'any') return [{ kind: 'any' }]
  if (Object.hasOwn(namedServices, text)) return servicesOf(text as ServiceName)
  const ports = /^(\d{1,6})(?:-(\d{1,6}))?\/(tcp|udp)$/.exec(text)
  if (ports !== null) {
    const first = Number(ports[1])
    const last = ports[2] === undefined ? first : Number(ports[2])
    if (first < 1 || last < 1 || first > 65_535 || last > 65_535) return 'port'
    if (first > last) return 'range'
    return [{ kind: 'ports', protocol: ports[3] === 'tcp' ? TCP : UDP, first, last }]
  }
  const other = /^(icmp|icmpv6|protocol)\/(\d{1,6})$/.exec(text)
  if (other === null) return 'syntax'
  const number = Number(other[2])
  if (other[1] === 'protocol') {
    return number >= 1 &&
      number <= 255 &&
      number !== TCP &&
      number !== UDP &&
      number !== ICMP &&
      number !== ICMPV6
      ? [{ kind: 'protocol', number }]
      : 'protocol'
  }
  const family = other[1] === 'icmp' ? 4 : 6
  return opensFlow(family, number) ? [{ kind: 'icmp', family, type: number }] : 'icmp-type'
}

/** What a named service stands for. */
export function servicesOf(name: ServiceName): readonly Service[] {
  return namedServices[name].flatMap((text) => parseService(text) as readonly Service[])
}

/**
 * Whether an ICMP type can open a flow: requests only. Errors ride on the flow they belong to and replies follow
 * their request (Linux `nf_conntrack_proto_icmp.c`, `nf_conntrack_proto_icmpv6.c`, "valid_new").
 */
export function opensFlow(family: 4 | 6, type: number): boolean {
  return family === 4 ? type === 8 || type === 13 || type === 15 || type === 17 : type === 128 || type === 139
}

/** The canonical text of one alternative. */
export function formatService(service: Service): string {
  switch (service.kind) {
    case 'any':
      return 'any'
    case 'ports': {
      const range = service.first === service.last ? `${service.first}` : `${service.first}-${service.last}`
      return `${range}/${service.protocol === TCP ? 'tcp' : 'udp'}`
    }
    case 'icmp':
      return `${service.family === 4 ? 'icmp' : 'icmpv6'}/${service.type}`
    case 'protocol':
      return `protocol/${service.number}`
    default:
      return service satisfies never
  }
}
