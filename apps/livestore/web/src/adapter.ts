// Where LiveStore keeps its data, and which server it syncs with: ?server=ws://…

import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import workerUrl from './worker.ts?worker&url'

/** A worker knows the address of the server by its own. */
function worker({ name }: { name: string }): Worker {
  const url = new URL(workerUrl, location.href)
  const server = new URLSearchParams(location.search).get('server')
  if (server !== null) url.searchParams.set('server', server)
  return new Worker(url, { name, type: 'module' })
}

export const adapter = makePersistedAdapter({
  storage: { type: 'opfs' },
  worker,
  sharedWorker: LiveStoreSharedWorker,
})
