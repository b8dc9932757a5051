/** The authoring language, and the reader of what it writes. Only re-exports. */

export { type ApiOptions, api } from './api.ts'
export { asWritten } from './as-written.ts'
export type { Peer, Peers } from './endpoint.ts'
export { type Test as TestValue, type TestDetails, type TestOptions, test } from './expectation.ts'
export { type Forward as ForwardValue, forward } from './forward.ts'
export { parseByteRate, parseConnectionRate, type Rate } from './limit.ts'
export { type List as ListValue, type ListEntryOptions, type ListOptions, list } from './list.ts'
export { type InsideOptions, type NetworkOptions, network, type UplinkOptions } from './network.ts'
export { withOverlay } from './overlay.ts'
export {
  type Part as PartValue,
  type PartOptions,
  type PolicyOptions,
  part,
  policy,
  type QuarantineOptions,
} from './policy.ts'
export {
  type Device as DeviceValue,
  type DeviceOptions,
  device,
  type Profile as ProfileValue,
  type ProfileOptions,
  profile,
} from './profile.ts'
export { allow, deny, type Rule as RuleValue } from './rule.ts'
export { policySchema } from './schema.ts'
export { icmp, icmpv6, protocol, tcp, udp } from './service.ts'
export { type Hours, parseDate, parseHours, weekdays, weekRangesOf } from './time.ts'
export { validate } from './validate.ts'
export { fromWritten, type WrittenFile } from './written.ts'
