// A channel's details: what it is about, what is pinned there, and who is in it.

import type { FormEvent, ReactNode } from 'react'
import { useState } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { Avatar } from './avatar'
import { CategoryField } from './channel-form'
import { KINDS } from './channel-icon'
import type { Channel } from './channels'
import { Drawer } from './drawer'
import { Found } from './found'
import { events } from './model'
import { useCommit } from './notices'
import { people as everybody, members as membersOf, pinned as pinnedIn } from './queries'
import { useMayAdminister } from './workspace'

interface DetailsProps {
  readonly channel: Channel
  readonly categories: readonly string[]
  /** What is shown is not of now: nothing can be done to it. */
  readonly isPast: boolean
  readonly onClose: () => void
}

export function Details({ channel, categories, isPast, onClose }: DetailsProps): ReactNode {
  const { subject } = useStore()
  const commit = useCommit()
  const isAdmin = useMayAdminister()
  const pinned = useQuery(pinnedIn(channel.id), [channel.id])
  const mayChange = !isPast && (isAdmin || channel.created_by === subject)
  const isMember = !isPast && channel.joined === 1
  return (
    <Drawer title={`About #${channel.name}`} onClose={onClose}>
      <p className="muted">{KINDS[channel.kind].about}</p>
      {mayChange ? (
        <About key={channel.id} channel={channel} categories={categories} />
      ) : (
        <p>{channel.topic ?? 'Nobody has said what it is about.'}</p>
      )}
      <section aria-label="Pinned messages">
        <h3>Pinned</h3>
        {pinned.length === 0 ? <p className="muted">Nothing yet.</p> : <Found messages={pinned} />}
      </section>
      <Members channel={channel.id} mayAdd={isMember} />
      {isMember ? (
        <button
          type="button"
          onClick={() => commit(events.channelLeft({ channel: channel.id })) && onClose()}
        >
          Leave #{channel.name}
        </button>
      ) : null}
    </Drawer>
  )
}

function About({ channel, categories }: { channel: Channel; categories: readonly string[] }): ReactNode {
  const commit = useCommit()
  const [topic, setTopic] = useState(channel.topic ?? '')
  const [category, setCategory] = useState(channel.category ?? '')
  const about = { topic: topic.trim() || null, category: category.trim() || null }
  const isSame = about.topic === channel.topic && about.category === channel.category
  const save = (event: FormEvent): void => {
    event.preventDefault()
    commit(events.channelChanged({ channel: channel.id, ...about }))
  }
  return (
    <form onSubmit={save}>
      <label className="field">
        <span>Topic</span>
        <input value={topic} maxLength={200} onChange={(event) => setTopic(event.target.value)} />
      </label>
      <CategoryField value={category} categories={categories} onChange={setCategory} />
      <button type="submit" className="small" disabled={isSame}>
        Save
      </button>
    </form>
  )
}

function Members({ channel, mayAdd }: { channel: string; mayAdd: boolean }): ReactNode {
  const commit = useCommit()
  const members = useQuery(membersOf(channel), [channel])
  const people = useQuery(everybody, [])
  const inside = new Set(members.map(({ id }) => id))
  const others = people.filter(({ id }) => !inside.has(id))
  return (
    <section aria-label="Members">
      <h3>{members.length === 1 ? '1 member' : `${members.length} members`}</h3>
      <ul>
        {members.map(({ id, name, avatar }) => (
          <li key={id}>
            <Avatar subject={id} name={name} avatar={avatar} />
            <span className="name">{name}</span>
          </li>
        ))}
      </ul>
      {mayAdd && others.length > 0 ? (
        <select
          aria-label="Add somebody"
          value=""
          onChange={({ target }) => commit(events.memberAdded({ channel, person: target.value }))}
        >
          <option value="">Add somebody…</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      ) : null}
    </section>
  )
}
