// Syncline in the browser, without a framework.

export type { Computed } from './computed'
export { computed } from './computed'
export type { AnyEvent, Code, Failure } from './failure'
export { RejectionError, SynclineError } from './failure'
export { freshId } from './fresh-id'
export type { QueryReport } from './live'
export type { LocalDocument, LocalScope } from './local'
export type { OpenOptions, WasmOptions } from './open'
export { openStore } from './open'
export type { EventsOptions, LoggedEvent, PastState } from './past'
export type { Query, SqlText, SqlValue } from './query'
export { compile } from './query'
export type { QueryBuilder } from './query-builder'
export type { Readable } from './readable'
export { readable } from './readable'
export type { Confirmation, Receipt } from './receipt'
export * from './register'
export type { SavedLog } from './saved-log'
export type { Role, Status } from './status'
export type { Store } from './store'
export type {
  Durability,
  Init,
  LostCommit,
  PendingCommit,
  Present,
  QuarantinedCommit,
  RejectedCommit,
  StorageKind,
  SynclineWasm,
} from './wasm'
