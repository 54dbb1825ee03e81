// The model as the package knows it: its generated types, its wasm and its worker.

import type { StoreProviderProps } from 'syncline/react'
import init, * as module from '../../wasm/pkg/todo.js'
import url from '../../wasm/pkg/todo_bg.wasm?url'
import type { Database } from './generated/database'
import type { TodoEvent } from './generated/events'

declare module 'syncline' {
  interface Register {
    database: Database
    event: TodoEvent
  }
}

export const model: Pick<StoreProviderProps, 'wasm' | 'worker'> = {
  wasm: { init, module, url },
  worker: () => new Worker(new URL('./leader.worker.ts', import.meta.url), { type: 'module' }),
}

export type { TodoEvent } from './generated/events'
export { events } from './generated/events'
