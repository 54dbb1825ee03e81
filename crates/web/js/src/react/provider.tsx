// Opens the store for the components below, and shows what it waits for until then.

import type { ReactNode } from 'react'
import { createContext, use, useContext, useEffect, useState } from 'react'
import type { SynclineError } from '../failure'
import { errorOf } from '../failure'
import type { OpenOptions } from '../open'
import type { Status } from '../status'
import type { Store } from '../store'
import { begin, share } from './openings'

export interface StoreProviderProps extends Omit<OpenOptions, 'onStatus' | 'signal'> {
  /**
   * While the store opens, the `Suspense` above shows its fallback, and an error boundary what comes of a failure:
   * then `fallback`, `blocked` and `failed` are not used.
   */
  readonly suspend?: boolean
  /** Shown while the store opens. */
  readonly fallback?: ReactNode
  /** Shown while it cannot open, such as when another tab has it; `fallback` without it. */
  readonly blocked?: ((status: Status) => ReactNode) | undefined
  /** Shown where it will not open; a plain alert without it. */
  readonly failed?: ((error: SynclineError) => ReactNode) | undefined
  readonly children: ReactNode
}

type Progress =
  | { readonly kind: 'opening'; readonly status?: Status }
  | { readonly kind: 'open'; readonly store: Store }
  | { readonly kind: 'failed'; readonly error: SynclineError }

/** The devtools have a store, and are in no provider. */
export const StoreContext = createContext<Store | undefined>(undefined)

export function StoreProvider(props: StoreProviderProps): ReactNode {
  return props.suspend ? <SuspendedProvider {...props} /> : <PatientProvider {...props} />
}

function SuspendedProvider(props: StoreProviderProps): ReactNode {
  const key = keyOf(props)
  const store = use(begin(key, props))
  const { auth, children } = props
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another store is opened anew
  useEffect(() => share(key, props).leave, [key])
  useEffect(() => store.setAuth(auth), [store, auth])
  return <StoreContext value={store}>{children}</StoreContext>
}

function PatientProvider(props: StoreProviderProps): ReactNode {
  const progress = useStoreOpening(props)
  const { auth, fallback = null, blocked, failed = plainAlert, children } = props
  const store = progress.kind === 'open' ? progress.store : undefined
  useEffect(() => store?.setAuth(auth), [store, auth])

  if (progress.kind === 'open') return <StoreContext value={progress.store}>{children}</StoreContext>
  if (progress.kind === 'failed') return failed(progress.error)
  const { status } = progress
  return status?.state === 'blocked' && blocked !== undefined ? blocked(status) : fallback
}

/** The store of the nearest provider. */
export function useStore(): Store {
  const store = useContext(StoreContext)
  if (store === undefined) throw new Error('There is no StoreProvider above this component.')
  return store
}

function keyOf({ storeId, subject, url }: OpenOptions): string {
  return JSON.stringify([storeId, subject, url])
}

function useStoreOpening(options: OpenOptions): Progress {
  const key = keyOf(options)
  const [found, setFound] = useState<{ key: string; progress: Progress }>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another store is opened anew
  useEffect(() => {
    let left = false
    const learn = (progress: Progress): void => {
      if (!left) setFound({ key, progress })
    }
    const opening = share(key, options)
    const unwatch = opening.watch((status) => learn({ kind: 'opening', status }))
    opening.store.then(
      (store) => {
        unwatch()
        learn({ kind: 'open', store })
      },
      (thrown: unknown) => {
        unwatch()
        learn({ kind: 'failed', error: errorOf(thrown) })
      },
    )
    return () => {
      left = true
      unwatch()
      opening.leave()
    }
  }, [key])
  return found?.key === key ? found.progress : { kind: 'opening' }
}

function plainAlert(error: SynclineError): ReactNode {
  return (
    <div role="alert">
      <p>{error.message}</p>
      <p>
        <code>{error.code}</code>
      </p>
    </div>
  )
}
