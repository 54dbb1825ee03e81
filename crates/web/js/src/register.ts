// Where an app tells the package its generated types, once, by declaration merging.

import type { AnyEvent } from './failure'

/**
 * ```ts
 * declare module 'syncline' {
 *   interface Register { database: Database; event: ChatEvent }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps add to it
export interface Register {}

/** The tables of the app, for Kysely. */
// biome-ignore lint/suspicious/noExplicitAny: without a registered model every table is allowed
export type Database = Register extends { database: infer D } ? D : any

/** The events of the app. */
export type Event = Register extends { event: infer E extends AnyEvent } ? E : AnyEvent
