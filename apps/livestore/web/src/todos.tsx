import { computed, queryDb, type RegistryStoreOptions } from '@livestore/livestore'
import { useStore } from '@livestore/react'

import { events, type schema, tables } from './schema.ts'

const ui$ = queryDb(tables.uiState.get(), { label: 'ui' })

const visible$ = queryDb(
  (get) => {
    const { filter } = get(ui$)
    const todos = tables.todos.where({ deletedAt: null })
    return filter === 'all' ? todos : todos.where({ completed: filter === 'completed' })
  },
  { label: 'visible' },
)

const open$ = queryDb(tables.todos.where({ deletedAt: null, completed: false }), { label: 'open' })
const left$ = computed((get) => get(open$).length, { label: 'left' })

const FILTERS = ['all', 'active', 'completed'] as const

export function Todos({ options }: { options: RegistryStoreOptions<typeof schema> }) {
  const store = useStore(options)
  const todos = store.useQuery(visible$)
  const left = store.useQuery(left$)
  const { newTodoText, filter } = store.useQuery(ui$)
  const { isSynced } = store.useSyncStatus()

  const add = () => {
    const text = newTodoText.trim()
    if (text === '') return
    store.commit(
      events.todoCreated({ id: crypto.randomUUID(), text }),
      events.uiStateSet({ newTodoText: '' }),
    )
  }

  return (
    <main>
      <h1>todos</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          add()
        }}
      >
        <input
          aria-label="New todo"
          placeholder="What needs to be done?"
          value={newTodoText}
          onChange={(event) => store.commit(events.uiStateSet({ newTodoText: event.target.value }))}
        />
      </form>
      <ul>
        {todos.map(({ id, text, completed }) => (
          <li key={id} className={completed ? 'completed' : ''}>
            <label>
              <input
                type="checkbox"
                checked={completed}
                onChange={() =>
                  store.commit(completed ? events.todoUncompleted({ id }) : events.todoCompleted({ id }))
                }
              />
              <span>{text}</span>
            </label>
            <button
              type="button"
              aria-label={`Delete ${text}`}
              onClick={() => store.commit(events.todoDeleted({ id, deletedAt: new Date() }))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <footer>
        <span>{left === 1 ? '1 item left' : `${left} items left`}</span>
        <nav>
          {FILTERS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={filter === name}
              onClick={() => store.commit(events.uiStateSet({ filter: name }))}
            >
              {name}
            </button>
          ))}
        </nav>
        <button
          type="button"
          onClick={() => store.commit(events.todoClearedCompleted({ deletedAt: new Date() }))}
        >
          Clear completed
        </button>
      </footer>
      <p role="status">{isSynced ? 'synced' : 'not synced'}</p>
    </main>
  )
}
