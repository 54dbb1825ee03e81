// The chat itself: channels beside the conversation in one of them.

import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { Channels } from './channels'
import { Conversation } from './conversation'
import { Icon } from './icons'
import { People } from './presence'
import { channels as channelsOf } from './queries'
import { linkTo, useChannelId } from './route'
import { SyncStatus } from './sync-status'

export function Chat({ onSignOut }: { onSignOut: () => void }): ReactNode {
  const { subject } = useStore()
  const channels = useQuery(channelsOf(subject), [subject])
  const wanted = useChannelId()
  const channel =
    channels.find(({ id }) => id === wanted) ?? channels.find(({ joined }) => joined === 1) ?? channels[0]
  const [isMenuOpen, setMenuOpen] = useState(false)

  // biome-ignore lint/correctness/useExhaustiveDependencies: choosing a channel closes the menu
  useEffect(() => setMenuOpen(false), [wanted])
  useEffect(() => {
    document.title = channel === undefined ? 'Chat' : `#${channel.name} · Chat`
  }, [channel])

  return (
    <div className="shell" data-menu={isMenuOpen ? 'open' : 'closed'}>
      <a className="skip" href={channel === undefined ? '#' : linkTo(channel.id)} onClick={focusComposer}>
        Skip to the message field
      </a>
      <Channels
        channels={channels}
        current={channel?.id}
        onClose={() => setMenuOpen(false)}
        onSignOut={onSignOut}
      />
      <button
        type="button"
        className="scrim"
        aria-label="Close the menu"
        onClick={() => setMenuOpen(false)}
      />
      <main className="conversation">
        <header className="topbar">
          <button
            type="button"
            className="quiet menu-button"
            aria-label="Channels"
            aria-expanded={isMenuOpen}
            onClick={() => setMenuOpen(true)}
          >
            <Icon name="menu" />
          </button>
          <div className="title">
            {channel === undefined ? null : (
              <>
                <h1>
                  <span aria-hidden="true"># </span>
                  {channel.name}
                </h1>
                {channel.topic === null ? null : <p className="muted">{channel.topic}</p>}
              </>
            )}
          </div>
          <People />
          <SyncStatus />
        </header>
        {channel === undefined ? <NoChannels /> : <Conversation key={channel.id} channel={channel} />}
      </main>
    </div>
  )
}

function NoChannels(): ReactNode {
  return (
    <div className="empty">
      <p className="empty-mark" aria-hidden="true">
        #
      </p>
      <h2>No channels yet</h2>
      <p className="muted">Create the first one, and the others of this team see it at once.</p>
    </div>
  )
}

function focusComposer(): void {
  document.querySelector<HTMLElement>('.composer textarea')?.focus()
}
