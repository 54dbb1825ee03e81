// A page that suspends until its store is open, in strict mode, and counts what it renders.

import { Component, memo, type ReactNode, StrictMode, Suspense, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { computed, SynclineError } from 'syncline'
import { StoreProvider, useQuery, useStore, useSyncStatus } from 'syncline/react'
import { events, model } from '../../../src/model'

const params = new URLSearchParams(location.search)
const subject = params.get('as') ?? 'lab'

const longest = computed(['SELECT text FROM messages', 'SELECT name FROM people'], (messages, people) => {
  const lengths = messages.map((row) => String((row as { text: string }).text).length)
  return `${Math.max(0, ...lengths)} of ${people.length}`
})

let renders = 0

const Longest = memo(function Longest(): ReactNode {
  renders += 1
  return (
    <output aria-label="longest" data-renders={renders}>
      {useQuery(longest)}
    </output>
  )
})

function Page(): ReactNode {
  const store = useStore()
  const { state, persistent } = useSyncStatus()
  const [shown, setShown] = useState(true)
  const post = (text: string) =>
    store.commit(
      events.messagePosted({ id: crypto.randomUUID(), channel: 'lab', text, postedAt: Date.now() }),
    )
  const join = () =>
    store.commit(events.personJoined({ name: subject }), events.channelCreated({ id: 'lab', name: 'lab' }))
  return (
    <>
      <p>{state}</p>
      <p>{persistent ? 'kept' : 'may be evicted'}</p>
      <button type="button" onClick={join}>
        Join
      </button>
      <button type="button" onClick={() => post('long')}>
        Long
      </button>
      <button type="button" onClick={() => post('x')}>
        Short
      </button>
      <button type="button" onClick={() => setShown(!shown)}>
        Toggle
      </button>
      <button type="button" onClick={() => void store.persist()}>
        Keep
      </button>
      {shown && <Longest />}
    </>
  )
}

class Boundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {}
  static getDerivedStateFromError = (error: unknown) => ({ error })

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return <p role="alert">{error instanceof SynclineError ? error.code : String(error)}</p>
  }
}

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root')
createRoot(root).render(
  <StrictMode>
    <Boundary>
      <Suspense fallback={<p>opening</p>}>
        <StoreProvider
          suspend
          storeId={params.get('store') ?? 'lab'}
          subject={subject}
          url={import.meta.env.VITE_SYNC_URL ?? ''}
          auth={import.meta.env.VITE_AUTH_TOKEN}
          {...model}
        >
          <Page />
        </StoreProvider>
      </Suspense>
    </Boundary>
  </StrictMode>,
)
