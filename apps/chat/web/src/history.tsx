// Time travel: the chat as it was after any event of the log.

import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { LoggedEvent } from 'syncline'
import type { Past } from 'syncline/react'
import { useQuery, useStore, useSyncStatus } from 'syncline/react'
import type { ChatEvent } from './model'
import { person } from './queries'
import { fullTimeOf } from './time'

const MEANINGS: Readonly<Record<ChatEvent['name'], string>> = {
  channelChanged: 'changed a channel',
  channelCreated: 'created a channel',
  channelJoined: 'joined a channel',
  channelLeft: 'left a channel',
  inviteCreated: 'made an invite',
  inviteRevoked: 'took an invite back',
  memberAdded: 'added somebody to a channel',
  messageDeleted: 'deleted a message',
  messageEdited: 'edited a message',
  messagePinned: 'pinned a message',
  messagePosted: 'posted a message',
  messageUnpinned: 'unpinned a message',
  personJoined: 'joined the team',
  reactionAdded: 'reacted to a message',
  reactionRemoved: 'took a reaction back',
  roleGiven: 'gave somebody a role',
  workspaceChanged: 'changed the workspace',
}

interface HistoryProps extends Past {
  readonly seq: number
  /** Another seq; none for now. */
  readonly onChange: (seq: number | undefined) => void
}

export function History({ seq, error, onChange }: HistoryProps): ReactNode {
  const { head } = useSyncStatus()
  const event = useEvent(seq)
  const go = (to: number): void => onChange(Math.max(0, Math.min(head, to)))
  return (
    <section className="history" aria-label="History">
      <div className="history-line">
        <button type="button" className="quiet" aria-label="One event back" onClick={() => go(seq - 1)}>
          ‹
        </button>
        <input
          type="range"
          aria-label="Event of the log"
          min={0}
          max={head}
          value={Math.min(seq, head)}
          // biome-ignore lint/a11y/noAutofocus: it was asked for
          autoFocus
          onChange={({ target }) => go(target.valueAsNumber)}
        />
        <button type="button" className="quiet" aria-label="One event on" onClick={() => go(seq + 1)}>
          ›
        </button>
        <button type="button" className="primary" onClick={() => onChange(undefined)}>
          Back to now
        </button>
      </div>
      <p className="muted" role="status">
        {error === undefined ? <Moment seq={seq} head={head} event={event} /> : error.message}
      </p>
    </section>
  )
}

interface MomentProps {
  readonly seq: number
  readonly head: number
  readonly event: LoggedEvent<ChatEvent> | undefined
}

function Moment({ seq, head, event }: MomentProps): ReactNode {
  const [by] = useQuery(person(event?.author ?? ''), [event?.author])
  if (seq === 0) return 'Before the first event'
  const place = `Event ${seq} of ${head}`
  if (event?.seq !== seq) return place
  return (
    <>
      {place}: <strong>{by?.name ?? event.author}</strong> {MEANINGS[event.name]},{' '}
      <time dateTime={new Date(event.time).toISOString()}>{fullTimeOf(event.time)}</time>
    </>
  )
}

/** What the log says at a seq. */
function useEvent(seq: number): LoggedEvent<ChatEvent> | undefined {
  const store = useStore()
  const [event, setEvent] = useState<LoggedEvent<ChatEvent>>()
  useEffect(() => {
    const left = new AbortController()
    const read = async (): Promise<void> => {
      if (seq === 0) return
      for await (const found of store.events({ since: seq - 1, signal: left.signal })) {
        setEvent(found)
        return
      }
    }
    // Where it cannot be read, the bar says which event it is, and no more.
    read().catch(() => {})
    return () => left.abort()
  }, [store, seq])
  return event
}
