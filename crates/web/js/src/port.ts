// What a page and the leader's worker say to each other: the worker's own page, and the other tabs.

import type { Failure } from './failure'
import type { JournaledCommit } from './journal'
import type { LeaderConfig, LeaderStatus, LostCommit, ModelId, PresenceOf, StorageKind } from './wasm'

export type ToLeader =
  | {
      readonly kind: 'open'
      readonly module: WebAssembly.Module
      readonly config: LeaderConfig
      readonly session: string
      readonly model: ModelId
      readonly url: string
      readonly token: string | undefined
      readonly online: boolean
      readonly journaled: readonly JournaledCommit[]
      /** Where the page's session stands, if a leader before this one died. */
      readonly resumed: Resumed | undefined
    }
  | {
      readonly kind: 'reset'
      readonly module: WebAssembly.Module
      readonly storeId: string
      readonly subject: string
    }
  | { readonly kind: 'hand-over'; readonly message: string }
  | { readonly kind: 'journaled'; readonly commits: readonly JournaledCommit[] }
  | { readonly kind: 'auth'; readonly token: string | undefined }
  /** The page has journaled what it handed over, as it will be sent: for a leader in memory to wait for. */
  | { readonly kind: 'connect' }
  | { readonly kind: 'network'; readonly online: boolean }
  | { readonly kind: 'wake' }
  /** The connection is cut on purpose, or let again. */
  | { readonly kind: 'cut'; readonly isCut: boolean }
  /** Each message takes so much longer, either way. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'dismiss-lost'; readonly upto: number }
  /** The value of a session: JSON, or none. */
  | { readonly kind: 'presence'; readonly session: string; readonly value: string | undefined }
  /** What is answered, to the session that asks. */
  | { readonly kind: 'ask'; readonly session: string; readonly id: number; readonly question: Question }
  | { readonly kind: 'ping' }

/** What a page asks about the log. */
export type Question =
  | { readonly kind: 'log'; readonly after: number }
  | { readonly kind: 'state'; readonly at: number }

export type Answer =
  | {
      readonly kind: 'log'
      readonly incarnation: string | undefined
      /** A JSON array; the first may be at or below what was asked for, and the last commit may be cut. */
      readonly entries: string
    }
  | { readonly kind: 'state'; readonly seq: number; readonly state: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'refused'; readonly failure: Failure }

/** What any tab says to a leader that serves it. */
export type FromTab = Exclude<ToLeader, { kind: 'open' | 'reset' | 'journaled' | 'connect' }>

/** What tabs say to whoever leads, on the channel of the store and subject. */
export type TabCall =
  /** Another tab wants to be served, on the channel of its session. */
  | {
      readonly kind: 'attach'
      readonly session: string
      readonly model: ModelId
      readonly resumed: Resumed | undefined
    }
  /** A leader has opened: whoever was served by one before comes to it. */
  | { readonly kind: 'leading' }

export interface Resumed {
  /** The last seq that the session has. */
  readonly cursor: number
  /** Of which life of the log. */
  readonly epoch: string
  /** All commits that it has not been told are taken. */
  readonly again: string | undefined
}

/** A message for a session, or one with the state that it asks for. */
export type Told = string | { readonly message: string; readonly state: Uint8Array<ArrayBuffer> }

export type FromLeader =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'opened'
      readonly opened: string
      readonly state: Uint8Array<ArrayBuffer> | undefined
      /** What came after the state, for a page that begins. */
      readonly told: readonly Told[] | undefined
      readonly storage: StorageKind
      readonly storageReason: string | undefined
    }
  | { readonly kind: 'reset-done' }
  | { readonly kind: 'messages'; readonly told: readonly Told[] }
  | {
      readonly kind: 'journaled-kept'
      readonly keys: readonly string[]
      readonly storage: StorageKind
    }
  | { readonly kind: 'journaled-refused'; readonly key: string; readonly failure: Failure }
  | { readonly kind: 'status'; readonly report: LeaderReport }
  | { readonly kind: 'lost'; readonly lost: readonly LostCommit[] }
  /** What has become of values; or, for who is served from now on, all that there are. */
  | { readonly kind: 'presence'; readonly all: boolean; readonly values: readonly PresenceOf[] }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  /** To another tab: why it is not served. */
  | { readonly kind: 'not-served'; readonly failure: Failure }
  /** To the leader's own page: another tab is served. */
  | { readonly kind: 'serves'; readonly session: string }
  /** To the leader's own page: another tab has a newer version of the app, and is to lead. */
  | { readonly kind: 'outdated' }
  /** The leader cannot go on: the page ends this worker and starts another. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'pong' }

/** The leader's status, and that of its socket and its storage. */
export interface LeaderReport extends LeaderStatus {
  readonly socket: SocketState
  /** Connections that failed in a row. */
  readonly failures: number
  /** What hinders the leader: its storage, or a server that makes no sense. */
  readonly hindrance?: Failure
}

export type SocketState = 'connecting' | 'open' | 'waiting' | 'stopped'
