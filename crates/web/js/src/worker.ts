// The app's dedicated worker: `serveLeader(init, wasm)` is all that it has to call.

import { LeaderHost } from './host'
import type { FromLeader, ToLeader } from './port'
import type { Init, SynclineWasm } from './wasm'

/** The part of the worker's global scope that is used; the DOM's types have no worker in them. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToLeader>) => void) | null
  postMessage(message: FromLeader, transfer: Transferable[]): void
}

/** Serves the page that started this worker: owns OPFS, the leader and the WebSocket. */
export function serveLeader(init: Init, wasm: Pick<SynclineWasm, 'Leader'>): void {
  const scope = globalThis as unknown as WorkerScope
  const host = new LeaderHost(init, wasm, (message, transfer = []) => scope.postMessage(message, transfer))
  scope.onmessage = ({ data }) => host.receive(data)
  scope.postMessage({ kind: 'ready' }, [])
}
