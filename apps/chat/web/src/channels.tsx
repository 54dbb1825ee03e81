// The sidebar: all channels of the team by category, a form for a new one, and who is signed in.

import type { KeyboardEvent, ReactNode } from 'react'
import { useMemo, useState } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { Avatar } from './avatar'
import { NewChannel } from './channel-form'
import { ChannelIcon } from './channel-icon'
import { Icon, IconButton } from './icons'
import type { ChannelKind } from './model'
import { usePendingIds } from './pending'
import { person, workspace } from './queries'
import { linkTo } from './route'
import { useUnread } from './unread'
import { useMayAdminister, Workspace } from './workspace'

export interface Channel {
  readonly id: string
  readonly name: string
  readonly topic: string | null
  readonly kind: ChannelKind
  readonly category: string | null
  readonly created_by: string
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
  const [settings] = useQuery(workspace, [])
  const isAdmin = useMayAdminister()
  const pending = usePendingIds()
  const [open, setOpen] = useState<'creating' | 'settings'>()
  const byCategory = useMemo(() => Map.groupBy(channels, ({ category }) => category ?? ''), [channels])
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose()
  }
  return (
    <aside className="sidebar" onKeyDown={closeOnEscape}>
      <header>
        <h2>{settings?.name ?? storeId}</h2>
        <IconButton icon="settings" label="Workspace" disabled={isPast} onClick={() => setOpen('settings')} />
        <IconButton
          icon="add"
          label="New channel"
          aria-expanded={open === 'creating'}
          disabled={isPast}
          onClick={() => setOpen(open === 'creating' ? undefined : 'creating')}
        />
      </header>
      {open === 'settings' ? <Workspace onClose={() => setOpen(undefined)} /> : null}
      {!isPast && (open === 'creating' || channels.length === 0) ? (
        <NewChannel
          categories={[...byCategory.keys()].filter(Boolean)}
          isAdmin={isAdmin}
          onDone={() => setOpen(undefined)}
        />
      ) : null}
      <nav aria-label="Channels">
        {[...byCategory].map(([category, of]) => (
          <section key={category}>
            {category === '' ? null : <h3>{category}</h3>}
            <ul>
              {of.map((channel) => (
                <li key={channel.id}>
                  <ChannelLink
                    channel={channel}
                    isCurrent={channel.id === current}
                    isPending={pending.has(channel.id)}
                  />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <Me onSignOut={onSignOut} />
    </aside>
  )
}

interface ChannelLinkProps {
  readonly channel: Channel
  readonly isCurrent: boolean
  readonly isPending: boolean
}

function ChannelLink({ channel, isCurrent, isPending }: ChannelLinkProps): ReactNode {
  const { id, name, kind, members, joined } = channel
  const unread = useUnread(id)
  const isNews = joined === 1 && !isCurrent && unread > 0
  const news = isNews ? `, ${unread > 99 ? 'more than 99' : unread} unread` : ''
  return (
    <a
      href={linkTo(id)}
      aria-current={isCurrent ? 'page' : undefined}
      data-joined={joined}
      data-unread={isNews}
      aria-label={joined === 1 ? name + news : `${name}, not joined`}
    >
      <ChannelIcon kind={kind} />
      <span className="name">{name}</span>
      {isPending ? <Icon name="clock" /> : null}
      {joined === 1 ? null : <span className="count">{members}</span>}
      {isNews ? <span className="badge">{unread > 99 ? '99+' : unread}</span> : null}
    </a>
  )
}

function Me({ onSignOut }: { onSignOut: () => void }): ReactNode {
  const { subject } = useStore()
  const [me] = useQuery(person(subject), [subject])
  return (
    <footer>
      <Avatar subject={subject} name={me?.name ?? subject} avatar={me?.avatar ?? null} />
      <span className="name">{me?.name ?? subject}</span>
      <IconButton icon="leave" label="Sign out" onClick={onSignOut} />
    </footer>
  )
}
