// LiveStore's own client, as npm has it, in Node.

import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, type Store } from '@livestore/livestore'
import { makeHttpSync, makeWsSync } from '@livestore/sync-cf/client'
import WebSocket from 'ws'

import { events, schema, tables } from '../src/schema.ts'
import { type Server, TOKEN } from './servers.ts'

// Node has one since version 22.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket

interface Options {
  readonly store: string
  readonly token?: string
  readonly transport?: 'ws' | 'http'
  /** A folder, for a client that is closed and comes back. */
  readonly folder?: string
  /** Where the server is reached; else by its own URL. */
  readonly url?: string
}

export class Client {
  readonly store: Store<typeof schema>
  static readonly #open = new Set<Client>()

  private constructor(store: Store<typeof schema>) {
    this.store = store
    Client.#open.add(this)
  }

  static async open(server: Server, clientId: string, options: Options): Promise<Client> {
    const { token = TOKEN, transport = 'ws', folder, url = server.url } = options
    const backend =
      transport === 'ws'
        ? makeWsSync({ url: url.replace('http', 'ws') })
        : makeHttpSync({ url, livePull: { pollInterval: 200 } })
    const adapter = makeAdapter({
      storage: folder === undefined ? { type: 'in-memory' } : { type: 'fs', baseDirectory: folder },
      clientId,
      sync: { backend, initialSyncOptions: { _tag: 'Blocking', timeout: 3_000 } },
    })
    const store = await createStorePromise({
      adapter,
      schema,
      storeId: options.store,
      syncPayload: { authToken: token },
      disableDevtools: true,
    })
    return new Client(store)
  }

  create(...ids: string[]): void {
    for (const id of ids) this.store.commit(events.todoCreated({ id, text: `of ${id}` }))
  }

  createLarge(id: string, text: string): void {
    this.store.commit(events.todoCreated({ id, text }))
  }

  get ids(): string[] {
    return this.store.query(tables.todos.select('id').orderBy('id', 'asc')) as string[]
  }

  get count(): number {
    return this.store.query(tables.todos.count())
  }

  async close(): Promise<void> {
    Client.#open.delete(this)
    await this.store.shutdownPromise()
  }

  static async closeAll(): Promise<void> {
    await Promise.all([...Client.#open].map((client) => client.close().catch(() => undefined)))
  }
}
