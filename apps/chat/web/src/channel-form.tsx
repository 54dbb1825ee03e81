// The form for a new channel.

import type { FormEvent, ReactNode } from 'react'
import { useState } from 'react'
import { freshId } from 'syncline'
import { KINDS } from './channel-icon'
import type { ChannelKind } from './model'
import { events } from './model'
import { useCommit } from './notices'
import { linkTo } from './route'

interface NewChannelProps {
  readonly categories: readonly string[]
  readonly isAdmin: boolean
  readonly onDone: () => void
}

export function NewChannel({ categories, isAdmin, onDone }: NewChannelProps): ReactNode {
  const commit = useCommit()
  const [name, setName] = useState('')
  const [topic, setTopic] = useState('')
  const [kind, setKind] = useState<ChannelKind>('open')
  const [category, setCategory] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const id = freshId()
    const about = { topic: topic.trim() || null, category: category.trim() || null }
    if (!commit(events.channelCreated({ id, name: name.trim(), kind, ...about }))) return
    location.hash = linkTo(id)
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
      <CategoryField value={category} categories={categories} onChange={setCategory} />
      <label className="field">
        <span>Kind</span>
        <select value={kind} onChange={(event) => setKind(event.target.value as ChannelKind)}>
          {Object.entries(KINDS).map(([kind, { name }]) => (
            <option key={kind} value={kind} disabled={kind === 'announcements' && !isAdmin}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="primary" disabled={name.trim() === ''}>
        Create channel
      </button>
    </form>
  )
}

interface CategoryProps {
  readonly value: string
  readonly categories: readonly string[]
  readonly onChange: (category: string) => void
}

/** One that there is, or another. */
export function CategoryField({ value, categories, onChange }: CategoryProps): ReactNode {
  return (
    <label className="field">
      <span>Category (optional)</span>
      <input
        value={value}
        onChange={(event) => onChange(event.target.value)}
        maxLength={40}
        list="categories"
      />
      <datalist id="categories">
        {categories.map((category) => (
          <option key={category} value={category} />
        ))}
      </datalist>
    </label>
  )
}
