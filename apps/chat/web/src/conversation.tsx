// One channel: its messages, and the field for the next one.

import type { ReactNode } from 'react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { ChannelIcon } from './channel-icon'
import type { Channel } from './channels'
import { Composer } from './composer'
import { Members } from './members'
import { MessageItem } from './message'
import { events } from './model'
import { useCommit } from './notices'
import { usePendingIds } from './pending'
import { useHere, Writing } from './presence'
import type { Message } from './queries'
import { messages as messagesOf, newerThan } from './queries'
import { NO_REACTIONS, useReactions } from './reactions'
import { dayOf } from './time'
import { useReading } from './unread'
import { useMayAdminister } from './workspace'

const PAGE = 200
/** What stands above a message that was sought. */
const CONTEXT = 20
/** Messages of one person within this time stand together. */
const GROUP_MS = 5 * 60 * 1000
const FAR_PX = 120

interface ConversationProps {
  readonly channel: Channel
  /** What is shown is not of now: nothing can be done to it. */
  readonly isPast: boolean
  /** The message that the URL names. */
  readonly sought: string | undefined
}

export function Conversation({ channel, isPast, sought }: ConversationProps): ReactNode {
  const { subject } = useStore()
  const isAdmin = useMayAdminister()
  const [wanted, setMost] = useState(PAGE)
  const [newer] = useQuery(newerThan(sought ?? ''), [sought])
  const most = Math.max(wanted, (newer?.count ?? 0) + CONTEXT)
  const newestFirst = useQuery(messagesOf(channel.id, most), [channel.id, most])
  const messages = useMemo(() => newestFirst.toReversed(), [newestFirst])
  const reactions = useReactions(channel.id)
  const pending = usePendingIds()
  const [replyTo, setReplyTo] = useState<Message>()
  const [editing, setEditing] = useState<string>()
  const [isFar, setFar] = useState(false)
  const scroller = useRef<HTMLDivElement>(null)

  // The scroller starts at its end: there, 0 is the bottom, and it stays there as messages come in.
  const toBottom = useCallback(() => scroller.current?.scrollTo({ top: 0 }), [])
  useReading(channel.id, newestFirst[0]?.posted_at)
  const isThere = sought !== undefined && newestFirst.some(({ id }) => id === sought)
  useEffect(() => {
    if (isThere) document.getElementById(`message-${sought}`)?.scrollIntoView({ block: 'center' })
  }, [isThere, sought])
  const endEditing = useCallback(() => setEditing(undefined), [])
  const editLast = (): void => {
    const last = newestFirst.find(({ author, deleted }) => author === subject && deleted === 0)
    if (last !== undefined) setEditing(last.id)
  }

  return (
    <>
      <div
        className="scroller"
        ref={scroller}
        onScroll={({ currentTarget }) => setFar(currentTarget.scrollTop < -FAR_PX)}
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region is scrolled with the keyboard */}
        <div className="log" role="log" aria-label={`Messages in ${channel.name}`} tabIndex={0}>
          {newestFirst.length < most ? (
            <Beginning channel={channel} />
          ) : (
            <button type="button" className="earlier" onClick={() => setMost(most + PAGE)}>
              Show earlier messages
            </button>
          )}
          <ol className="messages">
            {messages.map((message, place) => (
              <MessageItem
                key={message.id}
                message={message}
                reactions={reactions.get(message.id) ?? NO_REACTIONS}
                isOwn={message.author === subject}
                isAdmin={isAdmin}
                isSought={message.id === sought}
                isMember={channel.joined === 1 && !isPast}
                isPending={pending.has(message.id)}
                isEditing={editing === message.id && !isPast}
                day={newDay(messages[place - 1], message)}
                startsGroup={startsGroup(messages[place - 1], message)}
                onReply={setReplyTo}
                onEdit={setEditing}
                onEditEnd={endEditing}
              />
            ))}
          </ol>
        </div>
      </div>
      {isFar ? (
        <button type="button" className="jump" onClick={toBottom}>
          Jump to the latest
        </button>
      ) : null}
      <Writing channel={channel.id} />
      {isPast ? null : channel.joined === 0 ? (
        <JoinBar channel={channel} />
      ) : channel.kind === 'announcements' && !isAdmin ? (
        <ReadOnly channel={channel} />
      ) : (
        <Composer
          channel={channel}
          replyTo={replyTo}
          onReplyEnd={() => setReplyTo(undefined)}
          onPosted={toBottom}
          onEditLast={editLast}
        />
      )}
    </>
  )
}

function Beginning({ channel }: { channel: Channel }): ReactNode {
  return (
    <div className="beginning">
      <p className="empty-mark" aria-hidden="true">
        <ChannelIcon kind={channel.kind} />
      </p>
      <h2>This is where #{channel.name} begins</h2>
      <p className="muted">{channel.topic ?? 'Say something.'}</p>
      <Members channel={channel.id} />
    </div>
  )
}

function JoinBar({ channel }: { channel: Channel }): ReactNode {
  const commit = useCommit()
  useHere(channel.id)
  return (
    <div className="join-bar">
      <p className="muted">
        Members of #{channel.name} {channel.kind === 'announcements' ? 'can react' : 'can write'} here.
      </p>
      <button
        type="button"
        className="primary"
        onClick={() => commit(events.channelJoined({ channel: channel.id }))}
      >
        Join #{channel.name}
      </button>
    </div>
  )
}

function ReadOnly({ channel }: { channel: Channel }): ReactNode {
  useHere(channel.id)
  return (
    <div className="join-bar">
      <p className="muted">Admins write in #{channel.name}; everybody reads and reacts.</p>
    </div>
  )
}

function newDay(before: Message | undefined, message: Message): string | undefined {
  const day = dayOf(message.posted_at)
  return before !== undefined && dayOf(before.posted_at) === day ? undefined : day
}

function startsGroup(before: Message | undefined, message: Message): boolean {
  if (before === undefined || before.author !== message.author || message.reply_to !== null) return true
  return message.posted_at - before.posted_at > GROUP_MS || newDay(before, message) !== undefined
}
