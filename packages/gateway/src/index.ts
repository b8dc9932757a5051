/** `@thingwall/gateway`: the enforcement point of one Linux machine. Only re-exports. */

export { type EventJson, eventJson } from './api/event-json.ts'
export { type EventExplanation, explainEvent, type Judged } from './api/explain-event.ts'
export {
  type HistoryJson,
  inForceOf,
  type LookJson,
  pastOf,
} from './api/in-force-json.ts'
export { type BindingClock, thisClock } from './bindings/clock.ts'
export { boundNow } from './bindings/emission.ts'
export type { Answer, Fact, Lease, LeaseSource } from './bindings/entry.ts'
export type { Outcome } from './bindings/facts.ts'
export { type FromFile, fromFile, joined, lasting, noFile } from './bindings/from-file.ts'
export {
  type Journal,
  type JournalOptions,
  journalOrNothing,
  openJournal,
  readJournal,
} from './bindings/journal.ts'
export { type JournalFile, openJournalFile } from './bindings/journal-file.ts'
export { type Keeper, type KeeperOptions, openKeeper } from './bindings/keeper.ts'
export { followLeaseFile, type LeaseFile, type LeaseFileOptions } from './bindings/lease-file.ts'
export { type Clock, type ClockOptions, noteClock, readClock } from './clock/clock.ts'
export {
  ACCOUNT,
  type Account,
  accountOf,
  become,
  canBecome,
  prepareFolders,
} from './daemon/account.ts'
export { LEASE_PLACES, type LeasePlace } from './daemon/given.ts'
export { LOG_GROUP } from './daemon/log-group.ts'
export { apiSocket, eventFolder, RUN_FOLDER } from './daemon/places.ts'
export { policyOf, type RememberedPolicy, saidBy } from './daemon/policy-in-force.ts'
export { type Disk, thisDisk } from './disk/disk.ts'
export { examine, type GroundOptions, groundOf } from './doctor/doctor.ts'
export type { Finding, Ground, Room } from './doctor/finding.ts'
export { baseOf, requireBase } from './enforce/base.ts'
export * from './enforce/nftables.ts'
export * from './enforce/point.ts'
export { STATE_FOLDER } from './enforce/state.ts'
export { ThingwallError } from './error.ts'
export {
  type Directory,
  type DirectoryAddition,
  directoryOf,
  emptyDirectory,
} from './events/directory.ts'
export {
  type KeepOptions,
  type KeptRecorder,
  keepRecording,
  type RecorderStanding,
} from './events/keep-recording.ts'
export * from './events/model.ts'
export type { RecordCounts } from './events/record.ts'
export {
  type EventSocketOptions,
  type EventSockets,
  openEventSockets,
  type Recorder,
  type RecorderOptions,
  startRecorder,
} from './events/recorder.ts'
export { type Caller, type CallerOptions, findCaller } from './machine/caller.ts'
export { type Ended, type Machine, thisMachine } from './machine/machine.ts'
export { defaultInterfaces, type Neighbour, neighbours } from './machine/neighbours.ts'
export { requireNetAdmin } from './machine/rights.ts'
export { type Interface, type InterfaceAddress, ownAddresses, type Survey, survey } from './machine/survey.ts'
export type { RuleCount } from './nft/counters.ts'
export type { ForeignChain, ForeignTranslation } from './nft/foreign.ts'
export { type Nft, type NftObject, openNft } from './nft/program.ts'
export { acceptPrivileged, privilegedSockets } from './privileged/accept.ts'
export type { ElementChange } from './privileged/element-changes.ts'
export { connected, type Launch, type Launched, spawned } from './privileged/launch.ts'
export { type Backend, fillerBy, openPrivileged, type Privileged } from './privileged/privileged.ts'
export type { Setting, SocketRequest } from './privileged/request.ts'
export type { Purpose } from './privileged/serve.ts'
export { bindingsDigest } from './site/bindings-digest.ts'
export { type CallerVerdict, type JudgedBy, judgeCaller } from './site/caller-verdict.ts'
export { fit, prefixesFor, withOwnAddresses } from './site/fit.ts'
export { warnOfForeign } from './site/foreign-warnings.ts'
export { keepCaller } from './site/keep-caller.ts'
export { requireOpening } from './site/loose.ts'
export { startReader } from './store/reader-handle.ts'
export { openSqliteStore } from './store/sqlite.ts'
export * from './store/store.ts'
export type { WriterOptions as SqliteStoreOptions } from './store/writer.ts'
