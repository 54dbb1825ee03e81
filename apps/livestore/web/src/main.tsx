// LiveStore's TodoMVC, on a server of Syncline's: ?server=ws://…&store=…&token=…

import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { StoreRegistry, storeOptions } from '@livestore/livestore'
import { StoreRegistryProvider } from '@livestore/react'
import { StrictMode, Suspense } from 'react'
import { unstable_batchedUpdates as batchUpdates } from 'react-dom'
import { createRoot } from 'react-dom/client'

import { schema } from './schema.ts'
import { Todos } from './todos.tsx'
import workerUrl from './worker.ts?worker&url'

const query = new URLSearchParams(location.search)

/** A worker knows the address of the server by its own. */
function worker({ name }: { name: string }): Worker {
  const url = new URL(workerUrl, location.href)
  const server = query.get('server')
  if (server !== null) url.searchParams.set('server', server)
  return new Worker(url, { name, type: 'module' })
}

const adapter = makePersistedAdapter({
  storage: { type: 'opfs' },
  worker,
  sharedWorker: LiveStoreSharedWorker,
})

const options = storeOptions({
  storeId: query.get('store') ?? 'todomvc',
  schema,
  adapter,
  batchUpdates,
  syncPayload: { authToken: query.get('token') ?? '' },
})

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no root')
createRoot(root).render(
  <StrictMode>
    <StoreRegistryProvider storeRegistry={new StoreRegistry()}>
      <Suspense fallback={<p className="loading">Loading …</p>}>
        <Todos options={options} />
      </Suspense>
    </StoreRegistryProvider>
  </StrictMode>,
)
