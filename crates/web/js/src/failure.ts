// What can go wrong, as the app sees it: a stable code and a text for people.

import type { codes } from './generated/codes'

/** A stable code: of the error catalogue, or of the model's own rules. */
export type Code = keyof typeof codes | (string & {})

export interface Failure {
  readonly code: Code
  readonly message: string
}

/** An event as it travels: a fact in the past tense, and what the model needs to know about it. */
export interface AnyEvent {
  readonly name: string
  readonly args: unknown
}

/** Something that stops the store, or a query, from doing what it was asked. */
export class SynclineError extends Error {
  readonly code: Code

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.name = 'SynclineError'
    this.code = failure.code
  }
}

/** The model's rules, or a constraint, refused a commit: here at once, or later on the server. */
export class RejectionError extends Error {
  readonly code: Code
  /** The events of the refused commit, to be shown, edited, and committed again. */
  readonly events: readonly AnyEvent[]

  constructor(failure: Failure, events: readonly AnyEvent[]) {
    super(failure.message)
    this.name = 'RejectionError'
    this.code = failure.code
    this.events = events
  }
}

/**
 * The failure that the wasm threw on purpose: JSON text, bare or as the message of an Error.
 * Anything else, such as a trap, is no failure but the end of that wasm instance: `undefined`.
 */
export function failureOf(thrown: unknown): Failure | undefined {
  if (isFailure(thrown) && !(thrown instanceof Error)) return { code: thrown.code, message: thrown.message }
  const text = thrown instanceof Error ? thrown.message : thrown
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return isFailure(parsed) ? { code: parsed.code, message: parsed.message } : undefined
  } catch {
    return undefined
  }
}

/** Anything that was thrown, as what an app is told. */
export function errorOf(thrown: unknown): SynclineError {
  if (thrown instanceof SynclineError) return thrown
  return new SynclineError({ code: 'session-failed', message: describe(thrown) })
}

/** One line about anything that was thrown. */
export function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false
  const { code, message } = value as Partial<Failure>
  return typeof code === 'string' && typeof message === 'string'
}
