// The page's journal: every commit in localStorage, synchronously, until the leader has it.
// It is what a reload, or the end of the tab, right after a commit cannot take away.

export interface JournaledCommit {
  readonly key: string
  /** The hand-over of this one commit, for the leader. */
  readonly message: string
}

/** The part of localStorage that the journal uses. */
export type JournalStorage = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>

/** Ids of sessions are hexadecimal and subjects are encoded, so `:` only ever separates. */
const prefixOf = (storeId: string, subject: string): string =>
  `syncline:journal:${storeId}:${encodeURIComponent(subject)}:`

export class Journal {
  readonly #storage: JournalStorage | undefined
  readonly #prefix: string
  readonly #session: string
  /** Commits of former pages that the leader has, but not on disk, in the order of their counters. */
  readonly adopted = new Set<string>()
  /** Own commits in the journal, in the order of their counters. */
  readonly #own = new Set<number>()
  readonly #decided = new Set<number>()
  #failed: boolean

  constructor(storage: JournalStorage | undefined, storeId: string, subject: string, session: string) {
    this.#storage = storage
    this.#prefix = prefixOf(storeId, subject)
    this.#session = session
    this.#failed = storage === undefined
  }

  /** Whether the last commit could not be journaled. */
  get failed(): boolean {
    return this.#failed
  }

  /** Returns whether the commit is in the journal now. */
  keep(number: number, message: string): boolean {
    this.#own.add(number)
    return this.keepAt(this.#key(number), message)
  }

  /** As `keep`, for a commit of a former page. */
  keepAt(key: string, message: string): boolean {
    try {
      this.#storage?.setItem(key, message)
      this.#failed = this.#storage === undefined
    } catch {
      this.#failed = true
    }
    return !this.#failed
  }

  /** With storage in memory: the commit has its verdict. */
  decide(number: number): void {
    this.#decided.add(number)
  }

  /**
   * With storage in memory: removes what is decided, up to the first commit that is not. The next page counts
   * on from the last counter that it finds; one that was used must not be forgotten before those below it.
   */
  removeDecided(isPending: (key: string) => boolean): void {
    for (const key of this.adopted) {
      if (isPending(key)) return
      this.removeKey(key)
    }
    for (const number of this.#own) {
      if (!this.#decided.has(number)) return
      this.remove(number)
    }
  }

  remove(number: number): void {
    this.#own.delete(number)
    this.#decided.delete(number)
    this.removeKey(this.#key(number))
  }

  removeKey(key: string): void {
    this.adopted.delete(key)
    try {
      this.#storage?.removeItem(key)
    } catch {
      // The leader knows the commit by its session and number: handing it over once more is harmless.
    }
  }

  /** Takes a commit that the leader refuses out of the way, without destroying it. */
  setAside(key: string): void {
    try {
      const message = this.#storage?.getItem(key) ?? ''
      this.#storage?.setItem(key.replace('syncline:journal:', 'syncline:refused:'), message)
      this.#storage?.removeItem(key)
    } catch {
      // It stays where it is and is offered again at the next open.
    }
  }

  #key(number: number): string {
    return `${this.#prefix}${this.#session}:${number}`
  }
}

/** Journals of a store and subject, by session, the oldest first, each in the order of its commits. */
export function readJournals(
  storage: JournalStorage | undefined,
  storeId: string,
  subject: string,
): Map<string, JournaledCommit[]> {
  const prefix = prefixOf(storeId, subject)
  const found: (JournaledCommit & { session: string; number: number })[] = []
  for (const key of keysOf(storage, prefix)) {
    const [session, number, ...rest] = key.slice(prefix.length).split(':')
    const message = storage?.getItem(key)
    if (session === undefined || rest.length > 0 || !/^\d+$/.test(number ?? '') || message == null) continue
    found.push({ key, message, session, number: Number(number) })
  }
  found.sort((a, b) => (a.session === b.session ? a.number - b.number : a.session < b.session ? -1 : 1))
  const journals = new Map<string, JournaledCommit[]>()
  for (const { key, message, session } of found) {
    const commits = journals.get(session) ?? []
    commits.push({ key, message })
    journals.set(session, commits)
  }
  return journals
}

/** The client id that journals name: with storage in memory, commits are journaled under their identity. */
export function clientOf(commits: readonly JournaledCommit[]): string | undefined {
  return commits.map(identityOf).find((identity) => identity !== undefined)?.client
}

/** A client's commits in the order of their counters, then those that have none yet. */
export function inOrder(commits: readonly JournaledCommit[], client: string): JournaledCommit[] {
  const turn = (commit: JournaledCommit): number => {
    const identity = identityOf(commit)
    return identity?.client === client ? identity.counter : Number.MAX_SAFE_INTEGER
  }
  return commits
    .map((commit) => ({ commit, turn: turn(commit) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ commit }) => commit)
}

function identityOf({ message }: JournaledCommit): { client: string; counter: number } | undefined {
  try {
    const { client, commits } = JSON.parse(message) as { client?: unknown; commits?: { counter?: unknown }[] }
    const counter = commits?.[0]?.counter
    return typeof client === 'string' && typeof counter === 'number' ? { client, counter } : undefined
  } catch {
    return undefined
  }
}

/** The session and the number that a journal's key stands for. */
export function commitOf(key: string): { session: string; number: number } {
  const [session = '', number = ''] = key.split(':').slice(-2)
  return { session, number: Number(number) }
}

/** Forgets all journals of a store and subject. */
export function clearJournals(storage: JournalStorage | undefined, storeId: string, subject: string): void {
  clearKeys(storage, prefixOf(storeId, subject))
}

/** Forgets whatever has a key that begins so. */
export function clearKeys(storage: JournalStorage | undefined, prefix: string): void {
  for (const key of keysOf(storage, prefix)) storage?.removeItem(key)
}

/** The browser's storage for a page, or nothing where its settings forbid it. */
export function pageStorage(name: 'localStorage' | 'sessionStorage' = 'localStorage'): Storage | undefined {
  try {
    return globalThis[name]
  } catch {
    return undefined
  }
}

function keysOf(storage: JournalStorage | undefined, prefix: string): string[] {
  const keys: string[] = []
  for (let place = 0; place < (storage?.length ?? 0); place += 1) {
    const key = storage?.key(place)
    if (key?.startsWith(prefix)) keys.push(key)
  }
  return keys
}
