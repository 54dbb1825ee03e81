// The sidebar: all channels of the team, a form for a new one, and who is signed in.

import type { FormEvent, KeyboardEvent, ReactNode } from 'react'
import { useState } from 'react'
import { freshId } from 'syncline'
import { useQuery, useStore } from 'syncline/react'
import { Avatar } from './avatar'
import { Icon } from './icons'
import { events } from './model'
import { useCommit } from './notices'
import { usePendingIds } from './pending'
import { person } from './queries'
import { linkTo } from './route'

export interface Channel {
  readonly id: string
  readonly name: string
  readonly topic: string | null
  readonly members: number
  readonly joined: 0 | 1
}

interface ChannelsProps {
  readonly channels: readonly Channel[]
  readonly current: string | undefined
  /** What is shown is not of now: nothing can be done to it. */
  readonly isPast: boolean
  readonly onClose: () => void
  readonly onSignOut: () => void
}

export function Channels({ channels, current, isPast, onClose, onSignOut }: ChannelsProps): ReactNode {
  const { storeId } = useStore()
  const pending = usePendingIds()
  const [isCreating, setCreating] = useState(false)
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose()
  }
  return (
    <aside className="sidebar" onKeyDown={closeOnEscape}>
      <header>
        <h2>{storeId}</h2>
        <button
          type="button"
          className="quiet"
          aria-label="New channel"
          aria-expanded={isCreating}
          disabled={isPast}
          onClick={() => setCreating(!isCreating)}
        >
          <Icon name="add" />
        </button>
      </header>
      {!isPast && (isCreating || channels.length === 0) ? (
        <NewChannel onDone={() => setCreating(false)} />
      ) : null}
      <nav aria-label="Channels">
        <ul>
          {channels.map(({ id, name, members, joined }) => (
            <li key={id}>
              <a
                href={linkTo(id)}
                aria-current={id === current ? 'page' : undefined}
                data-joined={joined}
                aria-label={joined === 1 ? name : `${name}, not joined`}
              >
                <Icon name="hash" />
                <span className="name">{name}</span>
                {pending.has(id) ? <Icon name="clock" /> : null}
                {joined === 1 ? null : <span className="count">{members}</span>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Me onSignOut={onSignOut} />
    </aside>
  )
}

function NewChannel({ onDone }: { onDone: () => void }): ReactNode {
  const commit = useCommit()
  const [name, setName] = useState('')
  const [topic, setTopic] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const id = freshId()
    if (!commit(events.channelCreated({ id, name: name.trim(), topic: topic.trim() || null }))) return
    location.hash = linkTo(id)
    setName('')
    setTopic('')
    onDone()
  }
  return (
    <form className="new-channel" aria-label="New channel" onSubmit={submit}>
      <label className="field">
        <span>Channel name</span>
        <input
          value={name}
          onChange={(event) => setName(event.target.value.toLowerCase().replace(/\s+/g, '-'))}
          placeholder="general"
          maxLength={40}
          autoComplete="off"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the form was asked for
          autoFocus
        />
      </label>
      <label className="field">
        <span>Topic (optional)</span>
        <input value={topic} onChange={(event) => setTopic(event.target.value)} maxLength={200} />
      </label>
      <button type="submit" className="primary" disabled={name.trim() === ''}>
        Create channel
      </button>
    </form>
  )
}

function Me({ onSignOut }: { onSignOut: () => void }): ReactNode {
  const { subject } = useStore()
  const [me] = useQuery(person(subject), [subject])
  return (
    <footer>
      <Avatar subject={subject} name={me?.name ?? subject} avatar={me?.avatar ?? null} />
      <span className="name">{me?.name ?? subject}</span>
      <button type="button" className="quiet" aria-label="Sign out" title="Sign out" onClick={onSignOut}>
        <Icon name="leave" />
      </button>
    </footer>
  )
}
