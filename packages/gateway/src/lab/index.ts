/** The network lab: namespaces, sites, raw frames and the kernel's packet log, for the demo and the tests. */
export {
  type EnterOptions,
  enterLab,
  isInsideLab,
  type LabAccess,
  type LabEntry,
  labAccess,
} from './enter.ts'
export type { HostProcess, RunOptions, RunResult } from './host-process.ts'
export { inNamespace } from './libc.ts'
export {
  type NflogFamily,
  type NflogListener,
  type NflogLosses,
  type NflogMessage,
  type NflogOptions,
  openNflog,
} from './nflog.ts'
export { openPacketSocket, type PacketSocket, type PacketSocketOptions } from './raw-socket.ts'
export {
  buildSite,
  type HostDescription,
  type InterfaceDescription,
  type RouteDescription,
  type Site,
  type SiteDescription,
} from './site.ts'
