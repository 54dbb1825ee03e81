// The chat itself: channels beside the conversation in one of them.

import type { ReactNode } from 'react'
import { useEffect, useMemo, useState } from 'react'
import { AsOf, usePast, useQuery, useStore, useSyncStatus } from 'syncline/react'
import { ChannelIcon } from './channel-icon'
import { Channels } from './channels'
import { Conversation } from './conversation'
import { Details } from './details'
import { useDevtools } from './devtools'
import { History } from './history'
import { Icon, IconButton } from './icons'
import { People } from './presence'
import { channels as channelsOf } from './queries'
import { linkTo, useRoute } from './route'
import { Search } from './search'
import { SyncStatus } from './sync-status'
import { Undo } from './undo'

export function Chat({ onSignOut }: { onSignOut: () => void }): ReactNode {
  const [seq, setSeq] = useState<number>()
  const { past, error } = usePast(seq)
  useDevtools()
  const history = seq === undefined ? null : <History seq={seq} past={past} error={error} onChange={setSeq} />
  return (
    <AsOf past={past}>
      <Shell history={history} onTravel={setSeq} onSignOut={onSignOut} />
    </AsOf>
  )
}

interface ShellProps {
  /** The bar of time travel, where what is shown is not of now. */
  readonly history: ReactNode
  readonly onTravel: (seq: number | undefined) => void
  readonly onSignOut: () => void
}

function Shell({ history, onTravel, onSignOut }: ShellProps): ReactNode {
  const { subject } = useStore()
  const { head } = useSyncStatus()
  const isPast = history !== null
  const channels = useQuery(channelsOf(subject), [subject])
  const { channel: wanted, message } = useRoute()
  const channel =
    channels.find(({ id }) => id === wanted) ?? channels.find(({ joined }) => joined === 1) ?? channels[0]
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [drawer, setDrawer] = useState<'details' | 'search'>()
  const toggle = (other: 'details' | 'search'): void => setDrawer(drawer === other ? undefined : other)
  const categories = useMemo(
    () => [...new Set(channels.flatMap(({ category }) => category ?? []))],
    [channels],
  )

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
        isPast={isPast}
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
                  <ChannelIcon kind={channel.kind} />
                  {channel.name}
                </h1>
                {channel.topic === null ? null : <p className="muted">{channel.topic}</p>}
              </>
            )}
          </div>
          {isPast ? null : <Undo />}
          <IconButton
            icon="search"
            label="Search"
            aria-pressed={drawer === 'search'}
            onClick={() => toggle('search')}
          />
          {channel === undefined ? null : (
            <IconButton
              icon="info"
              label="About this channel"
              aria-pressed={drawer === 'details'}
              onClick={() => toggle('details')}
            />
          )}
          <IconButton
            icon="history"
            label="History"
            aria-pressed={isPast}
            disabled={head === 0}
            onClick={() => onTravel(isPast ? undefined : head)}
          />
          <People />
          <SyncStatus />
        </header>
        {history}
        {channel === undefined ? (
          <NoChannels isPast={isPast} />
        ) : (
          <Conversation
            key={channel.id}
            channel={channel}
            isPast={isPast}
            sought={channel.id === wanted ? message : undefined}
          />
        )}
      </main>
      {drawer === 'search' ? <Search onClose={() => setDrawer(undefined)} /> : null}
      {drawer === 'details' && channel !== undefined ? (
        <Details
          channel={channel}
          categories={categories}
          isPast={isPast}
          onClose={() => setDrawer(undefined)}
        />
      ) : null}
    </div>
  )
}

function NoChannels({ isPast }: { isPast: boolean }): ReactNode {
  return (
    <div className="empty">
      <p className="empty-mark" aria-hidden="true">
        #
      </p>
      <h2>No channels yet</h2>
      {isPast ? null : (
        <p className="muted">Create the first one, and the others of this team see it at once.</p>
      )}
    </div>
  )
}

function focusComposer(): void {
  document.querySelector<HTMLElement>('.composer textarea')?.focus()
}
