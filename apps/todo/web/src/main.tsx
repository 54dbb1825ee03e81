// The page: a store, a list that is read from it, and the events that are committed to it. This is all of it.

import type { FormEvent, ReactNode } from 'react'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { freshId, RejectionError } from 'syncline'
import { StoreProvider, useQuery, useRejected, useStore, useSyncStatus, useUndo } from 'syncline/react'
import { events, model, type TodoEvent } from './model'
import './style.css'

const subject = new URLSearchParams(location.search).get('as') ?? 'ann'

function App(): ReactNode {
  return (
    <StoreProvider
      storeId="todos"
      subject={subject}
      url={import.meta.env['VITE_SYNC_URL'] ?? 'http://localhost:8787'}
      auth={import.meta.env['VITE_AUTH_TOKEN'] ?? 'dev-token'}
      {...model}
      fallback={<main aria-busy="true" />}
    >
      <Todos />
    </StoreProvider>
  )
}

function Todos(): ReactNode {
  const store = useStore()
  const todos = useQuery((db) => db.selectFrom('todos').selectAll().orderBy('id'), [])
  const { state, pending } = useSyncStatus()
  const { canUndo, canRedo, undo, redo } = useUndo()
  const [problem, setProblem] = useState('')

  /** A commit is applied at once, offline too. Where the rules say no, it throws, and nothing has happened. */
  function commit(event: TodoEvent): boolean {
    try {
      store.commit(event)
      setProblem('')
      return true
    } catch (error) {
      if (!(error instanceof RejectionError)) throw error
      setProblem(error.message)
      return false
    }
  }

  function add(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const form = event.currentTarget
    const text = String(new FormData(form).get('text')).trim()
    if (commit(events.todoAdded({ id: freshId(), text }))) form.reset()
  }

  function rename(id: string, old: string): void {
    const text = window.prompt('What is to be done?', old)?.trim()
    if (text !== undefined && text !== old) commit(events.todoRenamed({ id, text }))
  }

  return (
    <main>
      <header>
        <h1>Todos</h1>
        <p role="status">{pending === 0 ? state : `${state}, ${pending} pending`}</p>
      </header>
      <form onSubmit={add}>
        <input name="text" aria-label="New todo" placeholder="What is to be done?" maxLength={200} required />
        <button type="submit">Add</button>
      </form>
      {problem !== '' && <p role="alert">{problem}</p>}
      <Rejected />
      <ul>
        {todos.map(({ id, text, done }) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                checked={done === 1}
                onChange={() => commit(done ? events.todoReopened({ id }) : events.todoCompleted({ id }))}
              />
              <span>{text}</span>
            </label>
            <button type="button" aria-label={`Rename ${text}`} onClick={() => rename(id, text)}>
              ✎
            </button>
            <button
              type="button"
              aria-label={`Remove ${text}`}
              onClick={() => commit(events.todoRemoved({ id }))}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <footer>
        <p>{todos.filter(({ done }) => done === 0).length} to do</p>
        <button type="button" disabled={!canUndo} onClick={undo}>
          Undo
        </button>
        <button type="button" disabled={!canRedo} onClick={redo}>
          Redo
        </button>
      </footer>
    </main>
  )
}

/** What was right here, and wrong once the server had the commits of others before it. */
function Rejected(): ReactNode {
  const store = useStore()
  return useRejected().map((rejected) => (
    <p role="alert" key={rejected.counter}>
      {rejected.message} <q>{rejected.events.map(textOf).join(', ')}</q>
      <button type="button" onClick={() => store.dismiss(rejected)}>
        Dismiss
      </button>
    </p>
  ))
}

const textOf = ({ name, args }: TodoEvent): string => ('text' in args ? args.text : name)

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no #root.')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
