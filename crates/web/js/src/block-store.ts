// Blocks of a client's files in IndexedDB, for browsers without OPFS: read once, and written ever after.

import { within } from './patience'
import type { Block, Durability } from './wasm'

const BLOCKS = 'blocks'
const LEADER = 'leader'

/** A browser's IndexedDB that does not answer is none; what is in it may take longer to read. */
const OPEN_MS = 5_000
const READ_MS = 30_000

/** Another worker has taken the files since. */
export class TakenError extends Error {}

export class BlockStore {
  /** What there was when it was opened, for the leader to begin with. */
  blocks: readonly Block[]
  readonly #db: IDBDatabase
  readonly #leader: string
  readonly #durability: IDBTransactionDurability

  private constructor(db: IDBDatabase, leader: string, durability: Durability, blocks: readonly Block[]) {
    this.#db = db
    this.#leader = leader
    this.#durability = durability === 'strict' ? 'strict' : 'relaxed'
    this.blocks = blocks
  }

  /** From now on, whoever had it open before can write nothing more. */
  static async open(name: string, durability: Durability): Promise<BlockStore> {
    const db = await within(OPEN_MS, opened(name))
    try {
      const leader = crypto.randomUUID()
      const transaction = db.transaction([BLOCKS, LEADER], 'readwrite')
      transaction.objectStore(LEADER).put(leader, 0)
      const keys = transaction.objectStore(BLOCKS).getAllKeys()
      const bytes = transaction.objectStore(BLOCKS).getAll()
      await within(READ_MS, done(transaction))
      const blocks = keys.result.map((key, place): Block => {
        const [file, index] = key as [string, number]
        return [file, index, bytes.result[place]]
      })
      return new BlockStore(db, leader, durability, blocks)
    } catch (thrown) {
      db.close()
      throw thrown
    }
  }

  /** Deletes everything. Where a browser forbids IndexedDB, nothing was ever in it. */
  static remove(name: string): Promise<void> {
    return new Promise((resolve) => {
      try {
        const request = indexedDB.deleteDatabase(name)
        request.onsuccess = request.onerror = () => resolve()
      } catch {
        resolve()
      }
    })
  }

  /** All of it, or nothing. */
  async write(changed: Iterable<Block>): Promise<void> {
    const transaction = this.#db.transaction([BLOCKS, LEADER], 'readwrite', { durability: this.#durability })
    const leads = transaction.objectStore(LEADER).get(0)
    leads.onsuccess = () => {
      if (leads.result !== this.#leader) transaction.abort()
      else write(transaction.objectStore(BLOCKS), changed)
    }
    try {
      await done(transaction)
    } catch (thrown) {
      if (leads.readyState === 'done' && leads.result !== this.#leader)
        throw new TakenError('Another worker has taken the local data.', { cause: thrown })
      throw thrown
    }
  }

  close(): void {
    this.#db.close()
  }
}

function write(store: IDBObjectStore, changed: Iterable<Block>): void {
  for (const [file, index, bytes] of changed) {
    if (bytes === undefined) store.delete([file, index])
    else store.put(bytes, [file, index])
  }
}

function opened(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => {
      request.result.createObjectStore(BLOCKS)
      request.result.createObjectStore(LEADER)
    }
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const db = request.result
      // It is to be deleted. What is written after that fails.
      db.onversionchange = () => db.close()
      resolve(db)
    }
  })
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () =>
      reject(transaction.error ?? new Error('IndexedDB has aborted the transaction.'))
  })
}
