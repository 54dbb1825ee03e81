// `?reset` in the page's URL: the local data of one store and subject is cleared.

import { SynclineError } from './failure'
import { clearJournals, pageStorage } from './journal'
import { clearLocal } from './local'
import type { FromLeader, ToLeader } from './port'

/** Clears database, journals and documents, then loads the page again without the parameter. Needs the leader's lock. */
export async function clearLocalData(
  storeId: string,
  subject: string,
  module: WebAssembly.Module,
  spawn: () => Worker,
): Promise<never> {
  const worker = spawn()
  try {
    await resetIn(worker, { kind: 'reset', module, storeId, subject })
  } finally {
    worker.terminate()
  }
  clearJournals(pageStorage(), storeId, subject)
  clearLocal(storeId, subject)
  location.replace(withoutReset(location.href))
  // The page is on its way out: nothing that waits for a store may go on.
  return new Promise<never>(() => {})
}

/** The URL without the parameter. */
export function withoutReset(href: string): string {
  const url = new URL(href)
  url.searchParams.delete('reset')
  return url.href
}

function resetIn(worker: Worker, message: ToLeader): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new SynclineError({ code: 'leader-failed', message: event.message }))
    worker.onmessage = ({ data }: MessageEvent<FromLeader>) => {
      if (data.kind === 'ready') worker.postMessage(message)
      else if (data.kind === 'reset-done') resolve()
      else if (data.kind === 'failed') reject(new SynclineError(data.failure))
    }
  })
}
