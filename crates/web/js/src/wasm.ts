// The wasm of an app as TypeScript sees it: what `cargo xtask build` writes to the app's `pkg/`.

import type { AnyEvent, Code } from './failure'

/** The default export of the glue: loads the wasm once, from its own URL or what it is given. */
export type Init = (input?: { module_or_path: WebAssembly.Module | string | URL }) => Promise<unknown>

/** The classes that the glue exports. All texts are JSON. */
export interface SynclineWasm {
  readonly Session: {
    /** `ModelId`. */
    model(): string
    open(opened: string, state: Uint8Array | undefined, session: string): WasmSession
  }
  readonly Leader: {
    open(config: string): Promise<WasmLeader>
    /** Of what was kept of its files; what changes in them is to be kept from now on: `take_changed`. */
    open_kept(config: string, kept: readonly Block[]): WasmLeader
    reset(storeId: string, subject: string): Promise<void>
  }
  readonly Past: {
    /** The state before the first entry. */
    begin(): WasmPast
    /** What `serialize` has made. */
    open(state: Uint8Array, seq: number): WasmPast
  }
}

/** The state as it was at a seq: made in the worker, read in the page. */
export interface WasmPast {
  /** Applies the whole commits among entries, a JSON array, up to a seq; returns whether more are needed. */
  follow(entries: string, upto: number): boolean
  seq(): number
  serialize(): Uint8Array
  query(sql: string, params: string): string
  free(): void
}

/** In-memory state of one page load, on the main thread. */
export interface WasmSession {
  /** Applies events as one commit and returns its number. Throws the rejection. */
  commit(now: number, events: string): number
  /** The events that take the last commit back, a JSON array; told once. */
  take_inverse(): string | undefined
  /** The hand-over of one commit that was made just now: what is journaled of it. */
  hand_over_of(number: number): string | undefined
  /** Commits not handed over yet, as one message for the leader. */
  take_hand_over(): string | undefined
  /** All commits that the leader has not acknowledged. */
  hand_over_again(): string | undefined
  /** A pending commit with its identity in the log, as it is to be journaled where storage is memory. */
  journal_entry(session: string, number: number): string | undefined
  /** Takes a message of the leader; the answer is `Effects`. */
  receive(message: string): string
  /** Goes on from a state that came with a message; the answer is as that of `receive`. */
  adopt(message: string, state: Uint8Array): string
  /** Rows as a JSON array of objects, one on a line. */
  query(sql: string, params: string): string
  /** A JSON array of names. */
  tables_read_by(sql: string): string
  /** A JSON array of `PendingCommit`, one on a line. */
  pending(): string
  /** A JSON array of `RejectedCommit`: those that were not dismissed. */
  rejections(): string
  /** Forgets a rejected commit; the next hand-over tells the leader. */
  dismiss(counter: number): void
  /** A JSON array of the tables that changed since the last call. */
  take_changed(): string
  /** A JSON array of `QuarantinedCommit`. */
  quarantined(): string
  /** The last seq that the state holds. */
  cursor(): number
  /** And of which life of the log. */
  epoch(): string
  free(): void
}

/** Part of a file; without bytes, the file has become shorter. */
export type Block = readonly [file: string, index: number, bytes: Uint8Array | undefined]

/** Log, outbox and cursor, in the dedicated worker. */
export interface WasmLeader {
  /** What `Session.open` needs. The entries after its state follow by `poll_session`, and then whatever comes. */
  opened(session: string): string
  /** As `opened`, for a session that is open already: the entries after its cursor follow. */
  resumed(session: string, cursor: number, epoch: string): string
  state(): Uint8Array | undefined
  /** Which life of the server's log this is, once it is known. */
  incarnation(): string | undefined
  /** What is at or below this seq, only the server has. */
  log_start(): number
  /** Whole commits, a JSON array of entries; the first of them may be at or below the seq. */
  log_part(after: number): string
  /** The nearest state at or before a seq that is here. */
  past(seq: number): WasmPast
  /** A `StorageKind`. */
  storage(): string
  storage_reason(): string | undefined
  /** What is to be kept before anything is told that rests on it; none where the leader keeps it by itself. */
  take_changed(): readonly Block[] | undefined
  /** Throws a failure, such as storage-full: nothing of the message was taken. */
  hand_over(message: string): void
  connected(token: string | undefined): void
  disconnected(): void
  /** A fresh token on the open socket. */
  sign_in(token: string): void
  /** Takes a frame of the server. Throws a failure of the storage. */
  received(text: string): void
  /** Lets the state follow the log, where that is far ahead; returns whether it has. Throws as `received`. */
  advance(): boolean
  /** A JSON array of `LostCommit`. */
  lost(): string
  /** Forgets the lost commits up to an id. */
  dismiss_lost(upto: number): void
  /** Offers again what the server would not take for now. */
  push_again(): void
  /** JSON of at most 512 bytes, or nothing. Throws a failure: then nothing has changed. */
  set_presence(session: string, value: string | undefined): void
  /** A `PresenceOf`: what has become of a value. */
  poll_presence(): string | undefined
  /** A JSON array of `PresenceOf`. */
  present(): string
  /** Milliseconds after which `presence_again` makes sense; told once. */
  presence_retry(): number | undefined
  /** Tells the server of the own values once more. */
  presence_again(): void
  poll_server(): string | undefined
  poll_session(session: string): string | undefined
  /** The state that such a message asks for; empty where it cannot be made, none where it is void by now. */
  state_due(message: string): Uint8Array | undefined
  /** Nothing is kept for it any more. */
  session_ended(session: string): void
  /** `LeaderStatus`. */
  status(): string
  free(): void
}

/** What a session tells everybody who is here; gone with its tab, or its connection. */
export interface Present<Value = unknown> {
  readonly client: string
  /** One tab of that client. */
  readonly session: string
  readonly subject: string
  readonly value: Value
}

/** The same, or that there is none any more. */
export type PresenceOf = Omit<Present, 'value'> & Partial<Pick<Present, 'value'>>

/** Which model a page has. */
export interface ModelId {
  readonly version: number
  /** Of its tables. */
  readonly schemaHash: string
}

/** Where the local data is: what is in memory ends with the page. */
export type StorageKind = 'opfs' | 'indexeddb' | 'memory'

export interface LeaderConfig {
  readonly storeId: string
  readonly subject: string
  /** The id that the journals name, or a fresh random one; used only if the store has none yet. */
  readonly client: string
  /** JSON that a hook of the server reads at connect. */
  readonly payload?: unknown
  readonly durability: Durability
}

/** What `persisted` survives: the end of the browser, or with `strict` a loss of power, too. */
export type Durability = 'normal' | 'strict'

export interface LeaderStatus {
  /** Welcomed and caught up. */
  readonly live: boolean
  /** The code of the error that stops us, or our commits. */
  readonly needs?: Code
  readonly message?: string
  /** The connection goes on, and only our commits wait: milliseconds until `push_again` makes sense. */
  readonly heldFor?: number
  /** Confirmed commits that the server has lost, and that were not dismissed. */
  readonly lost: number
  /** What went wrong since the leader was opened, and was mended. */
  readonly notice?: { readonly code: Code; readonly message: string }
  readonly pending: number
  readonly head: number
  readonly cursor: number
}

/** What a message of the leader meant for this session. */
export interface Effects {
  readonly persisted: readonly number[]
  readonly confirmed: readonly ConfirmedCommit[]
  readonly rejected: readonly RejectedCommit[]
  readonly changed: readonly string[]
  readonly pending: number
  /** Rejected commits that were not dismissed. */
  readonly rejections: number
  readonly quarantined: number
}

export interface ConfirmedCommit {
  readonly number: number
  readonly first: number
  readonly last: number
}

/** A commit that the server has rejected: of this session, or of a page before this one. */
export interface RejectedCommit<Event extends AnyEvent = AnyEvent> {
  readonly counter: number
  readonly session: string
  readonly number: number
  readonly code: Code
  readonly message: string
  readonly events: readonly Event[]
}

/** A commit that the server has not decided yet. */
export interface PendingCommit<Event extends AnyEvent = AnyEvent> {
  readonly number: number
  readonly session: string
  readonly events: readonly Event[]
  /** It no longer applies here and is left out of the view until its verdict. */
  readonly conflicted?: { readonly code: Code; readonly message: string }
}

/** A commit that was confirmed, and that the server's log no longer has. */
export interface LostCommit<Event extends AnyEvent = AnyEvent> {
  readonly id: number
  readonly client: string
  readonly counter: number
  readonly author: string
  /** Where its first event stood. */
  readonly first: number
  readonly events: readonly Event[]
}

/** A commit of the log that could not be decoded or applied here, and was skipped. */
export interface QuarantinedCommit {
  /** Of its first event. */
  readonly seq: number
  readonly name: string
  readonly why: { readonly code: Code; readonly message: string }
}
