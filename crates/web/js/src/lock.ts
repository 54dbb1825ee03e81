// Web Locks: one leader per (store, subject), and a sign of life for each session.

export interface Lock {
  release(): void
  /** Settles when the browser has let go of it. */
  readonly released: Promise<unknown>
}

export const leaderLock = (storeId: string, subject: string): string =>
  `syncline:leader:${storeId}:${encodeURIComponent(subject)}`

export const sessionLock = (session: string): string => `syncline:session:${session}`

/** Without Web Locks (an insecure origin) there is no OPFS either: nothing is shared, nothing to guard. */
const locks = (): LockManager | undefined => globalThis.navigator?.locks

export const locksExist = (): boolean => locks() !== undefined

/** Locks that this page is letting go of: it must not take itself for another tab. */
const leaving = new Map<string, Promise<unknown>>()

/** Waits for a lock for as long as it takes. `onWait` is called if somebody else has it. */
export async function acquire(name: string, signal?: AbortSignal, onWait?: () => void): Promise<Lock> {
  await leaving.get(name)
  const manager = locks()
  if (manager === undefined) return { release: () => {}, released: Promise.resolve() }
  const free = await request(manager, name, { ifAvailable: true })
  if (free !== undefined) return free
  signal?.throwIfAborted()
  onWait?.()
  const lock = await request(manager, name, signal === undefined ? {} : { signal })
  if (lock === undefined) throw new Error(`The browser withheld the lock ${name}.`)
  return lock
}

/** Names of those sessions that still live. */
export async function livingSessions(sessions: Iterable<string>): Promise<Set<string>> {
  const held = new Set((await locks()?.query())?.held?.map(({ name }) => name))
  return new Set([...sessions].filter((session) => locks() === undefined || held.has(sessionLock(session))))
}

/** Waits until a session has ended, without ever holding up another one. */
export async function sessionEnds(session: string, signal: AbortSignal): Promise<void> {
  await locks()?.request(sessionLock(session), { signal }, () => {})
}

function request(manager: LockManager, name: string, options: LockOptions): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const released: Promise<unknown> = manager.request(name, options, (granted) => {
      if (granted === null) {
        resolve(undefined)
        return undefined
      }
      return new Promise<void>((release) => {
        resolve({
          release: () => {
            leaving.set(name, released)
            released.finally(() => leaving.get(name) === released && leaving.delete(name)).catch(() => {})
            release()
          },
          released,
        })
      })
    })
    released.catch(reject)
  })
}
