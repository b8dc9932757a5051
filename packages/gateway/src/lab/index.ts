/** The network lab: namespaces, sites, raw frames and the kernel's packet log, for the demo and the tests. */

export { inNamespace } from '../netlink/libc.ts'
export { drainUntil } from './drain.ts'
export {
  type EnterOptions,
  enterLab,
  isInsideLab,
  type LabAccess,
  type LabEntry,
  labAccess,
} from './enter.ts'
export { buildFrame, parseFrame, parsePacket } from './frame/ethernet.ts'
export { type FragmentOptions, fragment } from './frame/fragment.ts'
export {
  type DiscoveryOption,
  type Echo,
  echo,
  type NeighbourAdvertisement,
  neighbourAdvertisement,
  neighbourSolicitation,
  type RouterAdvertisement,
  routerAdvertisement,
  routerSolicitation,
} from './frame/icmp.ts'
export type * from './frame/model.ts'
export type { HostProcess, RunOptions, RunResult } from './host-process.ts'
export {
  type NflogFamily,
  type NflogListener,
  type NflogLosses,
  type NflogMessage,
  type NflogOptions,
  openNflog,
} from './nflog.ts'
export { openRuleLoader, type RuleLoader } from './nft.ts'
export { openRawIpSocket, type RawIpSocket } from './raw-ip-socket.ts'
export { openPacketSocket, type PacketSocket, type PacketSocketOptions } from './raw-socket.ts'
export {
  buildSite,
  type HostDescription,
  type InterfaceDescription,
  type RouteDescription,
  type Site,
  type SiteDescription,
} from './site.ts'
export { threadCpuNanoseconds } from './thread-clock.ts'
