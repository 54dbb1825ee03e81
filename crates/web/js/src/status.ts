// The one status of a store, and how it follows from what is known.

import type { Code, Failure } from './failure'
import { codes } from './generated/codes'
import type { LeaderReport } from './port'
import { BLOCKING, NEEDS_AUTH } from './refusal'
import type { StorageKind } from './wasm'

export interface Status {
  readonly state: 'connecting' | 'online' | 'offline' | 'needs-auth' | 'blocked'
  /** Why it is so, or what does not work although the store is online. */
  readonly reason?: Code
  /** The reason for people. */
  readonly message?: string
  /** Of the tabs of a browser, one leads: it owns the local data and the connection, for all of them. */
  readonly role: Role
  /** Commits that the server has not decided yet. */
  readonly pending: number
  readonly storage: StorageKind
  /** Whether the browser keeps the local data when it runs out of space: `store.persist()` asks it to. */
  readonly persistent: boolean
  /** The last seq of the log that is known here. */
  readonly head: number
  /** Confirmed commits that the server has lost, and that were not dismissed: `store.lost()`. */
  readonly lost: number
  /** Commits of the log that could not be applied here: `store.quarantined()`. */
  readonly quarantined: number
}

export type Role = 'leader' | 'follower'

/** What a status is made from. */
export interface Facts {
  readonly role: Role
  /** Another tab of this browser has the store open. */
  readonly anotherTab: boolean
  /** The page has its session: it works, whatever the leader does. */
  readonly opened: boolean
  /** Why there is no leader at the moment. */
  readonly leaderFailure: Failure | undefined
  /** Why this page cannot go on, whatever the leader does. */
  readonly sessionFailure: Failure | undefined
  readonly report: LeaderReport | undefined
  /** What the browser says; `false` is certain, `true` is not. */
  readonly online: boolean
  readonly journalFailed: boolean
  /** Why commits of a former page stay in its journal. */
  readonly journalHeld: Failure | undefined
  readonly storage: StorageKind
  readonly storageReason: Code | undefined
  readonly persistent: boolean
  readonly pending: number
  readonly quarantined: number
}

export const UNKNOWN: Facts = {
  role: 'leader',
  anotherTab: false,
  opened: false,
  leaderFailure: undefined,
  sessionFailure: undefined,
  report: undefined,
  online: true,
  journalFailed: false,
  journalHeld: undefined,
  storage: 'opfs',
  storageReason: undefined,
  persistent: false,
  pending: 0,
  quarantined: 0,
}

export function deriveStatus(facts: Facts): Status {
  const { report } = facts
  const { role, pending, storage, persistent, quarantined } = facts
  const [head, lost] = [report?.head ?? 0, report?.lost ?? 0]
  const rest = { role, pending, storage, persistent, quarantined, head, lost }
  const say = (state: Status['state'], failure?: { code: Code; message?: string | undefined }): Status => {
    if (failure === undefined) return { state, ...rest }
    const message = failure.message || meaningOf(failure.code)
    return { state, reason: failure.code, ...(message === undefined ? {} : { message }), ...rest }
  }

  if (facts.anotherTab) return say('blocked', { code: 'another-tab' })
  if (facts.sessionFailure !== undefined) return say('blocked', facts.sessionFailure)
  if (facts.leaderFailure !== undefined) {
    const passes = facts.opened && facts.leaderFailure.code === 'leader-failed'
    return say(passes ? 'connecting' : 'blocked', facts.leaderFailure)
  }
  const hindrance = hindranceOf(facts)
  if (report === undefined) return say(facts.online ? 'connecting' : 'offline', hindrance)
  if (report.needs !== undefined && NEEDS_AUTH.has(report.needs))
    return say('needs-auth', { code: report.needs, message: report.message })
  if (report.needs !== undefined && (!report.live || BLOCKING.has(report.needs))) {
    return say(BLOCKING.has(report.needs) ? 'blocked' : 'offline', {
      code: report.needs,
      message: report.message,
    })
  }
  if (report.socket === 'open' && report.live) return say('online', hindrance)
  if (report.failures > 0 || report.socket === 'waiting' || (report.socket !== 'open' && !facts.online)) {
    return say('offline', report.hindrance ?? { code: 'server-unreachable' })
  }
  return say('connecting', hindrance)
}

function meaningOf(code: Code): string | undefined {
  return Object.hasOwn(codes, code) ? codes[code as keyof typeof codes] : undefined
}

/** What does not work although the store does. */
function hindranceOf(facts: Facts): Failure | { code: Code } | undefined {
  const { report } = facts
  if (report?.hindrance !== undefined) return report.hindrance
  if (report?.needs !== undefined) return { code: report.needs, message: report.message ?? '' }
  if (facts.journalFailed) return { code: 'journal-full' }
  if (facts.journalHeld !== undefined) return facts.journalHeld
  if (report !== undefined && report.lost > 0) return { code: 'entries-lost' }
  if (report?.notice !== undefined) return report.notice
  if (facts.quarantined > 0) return { code: 'quarantined' }
  if (facts.storageReason !== undefined) return { code: facts.storageReason }
  return undefined
}

/** The status of one store, for whoever watches it. */
export class StatusBoard {
  readonly #watchers = new Set<(status: Status) => void>()
  #facts: Facts = UNKNOWN
  #status: Status = deriveStatus(UNKNOWN)

  get status(): Status {
    return this.#status
  }

  get facts(): Facts {
    return this.#facts
  }

  learn(news: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...news }
    const status = deriveStatus(this.#facts)
    if (sameStatus(status, this.#status)) return
    this.#status = status
    for (const watcher of [...this.#watchers]) watcher(status)
  }

  watch(watcher: (status: Status) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}

function sameStatus(a: Status, b: Status): boolean {
  const fields = Object.keys({ ...a, ...b }) as (keyof Status)[]
  return fields.every((field) => a[field] === b[field])
}
