// LiveStore's TodoMVC, on a server of Syncline's: ?server=ws://…&store=…&token=…

import { StoreRegistry, storeOptions } from '@livestore/livestore'
import { StoreRegistryProvider } from '@livestore/react'
import { StrictMode, Suspense } from 'react'
import { unstable_batchedUpdates as batchUpdates } from 'react-dom'
import { createRoot } from 'react-dom/client'

import { adapter } from './adapter.ts'
import { schema } from './schema.ts'
import { Todos } from './todos.tsx'

const query = new URLSearchParams(location.search)

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
