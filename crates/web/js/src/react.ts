// Syncline in React: a provider, and hooks that render again only when what they read has changed.

export { useLocal } from './react/local'
export type { Past } from './react/past'
export { AsOf, usePast } from './react/past'
export { usePresence } from './react/presence'
export type { StoreProviderProps } from './react/provider'
export { StoreProvider, useStore } from './react/provider'
export { useQuery } from './react/query'
export { useLost, usePending, useRejected, useSyncStatus, useUndo } from './react/status'
