// Journals of pages that ended before the leader had their commits: any page hands them over.

import type { JournaledCommit, JournalStorage } from './journal'
import { readJournals } from './journal'
import { livingSessions, locksExist, sessionEnds } from './lock'

/** The browser may let go of a reloaded page's locks a moment after the new page has started. */
const GRACE_MS = 1_000
const LOOK_EVERY_MS = 5

export class EndedSessions {
  readonly #read: () => Map<string, JournaledCommit[]>
  readonly #own: string
  readonly #living: Set<string>
  readonly #watched = new Set<string>()

  /** `own` is the session of this page. */
  constructor(storage: JournalStorage | undefined, storeId: string, subject: string, own: string) {
    this.#read = () => readJournals(storage, storeId, subject)
    this.#own = own
    this.#living = new Set([own])
  }

  /**
   * Finds out which sessions still live, and waits a moment for them. Without Web Locks nobody can tell, so
   * they are left alone.
   */
  async look(signal: AbortSignal): Promise<void> {
    const others = [...this.#read().keys()].filter((session) => !this.#living.has(session))
    const living = await livingSessions(others)
    for (const session of living) this.#living.add(session)
    if (living.size === 0 || !locksExist()) return
    const grace = AbortSignal.any([signal, AbortSignal.timeout(GRACE_MS)])
    await Promise.all([...living].map((session) => this.#ends(session, grace)))
  }

  /** Waits a moment for what other pages have made to be in the hands of the leader. */
  async handedOver(signal: AbortSignal): Promise<void> {
    const until = performance.now() + GRACE_MS
    const isOpen = (): boolean => [...this.#read().keys()].some((session) => session !== this.#own)
    while (isOpen() && performance.now() < until && !signal.aborted)
      await new Promise((resume) => setTimeout(resume, LOOK_EVERY_MS))
  }

  /** Commits of sessions that have ended, each session's in order. */
  commits(): JournaledCommit[] {
    return [...this.#read()].flatMap(([session, commits]) => (this.#living.has(session) ? [] : commits))
  }

  /** Calls back with the journal of each session that ends from now on. */
  watch(own: string, signal: AbortSignal, ended: (commits: readonly JournaledCommit[]) => void): void {
    for (const session of this.#living) if (session !== own) this.watchOne(session, signal, ended)
  }

  /** The same for one session, of a tab that lives. */
  watchOne(session: string, signal: AbortSignal, ended: (commits: readonly JournaledCommit[]) => void): void {
    if (!locksExist() || this.#watched.has(session)) return
    this.#watched.add(session)
    this.#living.add(session)
    this.#ends(session, signal).then((hasEnded) => {
      this.#watched.delete(session)
      if (hasEnded) ended(this.#read().get(session) ?? [])
    })
  }

  /** Returns whether it has ended before the signal. */
  async #ends(session: string, signal: AbortSignal): Promise<boolean> {
    try {
      await sessionEnds(session, signal)
      this.#living.delete(session)
      return true
    } catch {
      return false
    }
  }
}
