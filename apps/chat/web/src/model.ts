// The chat's model as the package knows it: its generated types, its wasm and its worker.

import type { StoreProviderProps } from 'syncline/react'
import init, * as module from '../../wasm/pkg/chat.js'
import url from '../../wasm/pkg/chat_bg.wasm?url'
import type { Database } from './generated/database'
import type { ChatEvent } from './generated/events'

declare module 'syncline' {
  interface Register {
    database: Database
    event: ChatEvent
  }
}

export const model: Pick<StoreProviderProps, 'wasm' | 'worker'> = {
  wasm: { init, module, url },
  worker: () => new Worker(new URL('./leader.worker.ts', import.meta.url), { type: 'module' }),
}

export type { Database } from './generated/database'
export type { ChannelKind, ChatEvent, Role } from './generated/events'
export { events } from './generated/events'
