// LiveStore's client without a user interface, for what no hand is quick enough to do: ?server=…&store=…&token=…

import { createStorePromise, queryDb } from '@livestore/livestore'
import { adapter } from '../src/adapter.ts'
import { events, schema, tables } from '../src/schema.ts'

const query = new URLSearchParams(location.search)

const latest$ = queryDb(tables.todos.orderBy('id', 'desc').limit(50), { label: 'latest' })
const count$ = queryDb(tables.todos.count(), { label: 'count' })

async function open() {
  const store = await createStorePromise({
    storeId: query.get('store') ?? 'lab',
    schema,
    adapter,
    syncPayload: { authToken: query.get('token') ?? '' },
  })
  let made = 0
  return {
    post(text: string): void {
      made += 1
      const id = `${String(Date.now()).padStart(15, '0')}-${String(made).padStart(6, '0')}`
      store.commit(events.todoCreated({ id: `${id}-${crypto.randomUUID()}`, text }))
    },
    /** Until the leader has everything. */
    async kept(): Promise<void> {
      while (store.syncStatus().pendingCount > 0) await new Promise((next) => setTimeout(next, 1))
    },
    count: (): number => store.query(count$),
    /** Keeps the last 50 todos, and runs the query again whenever one comes. */
    watchLatest: (): (() => void) => store.subscribe(latest$, () => {}),
    watchCount: (tell: (count: number) => void): (() => void) => store.subscribe(count$, tell),
  }
}

export type LiveStoreLab = Awaited<ReturnType<typeof open>>

declare global {
  interface Window {
    liveStoreLab: Promise<LiveStoreLab>
  }
}

window.liveStoreLab = open()
