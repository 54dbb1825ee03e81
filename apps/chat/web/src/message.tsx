// One message, with what can be done about it.

import type { FormEvent, KeyboardEvent, ReactNode } from 'react'
import { memo, useState } from 'react'
import { Avatar } from './avatar'
import { Edits } from './edits'
import { Icon, IconButton } from './icons'
import { linked } from './links'
import type { ChatEvent } from './model'
import { events } from './model'
import { useCommit } from './notices'
import type { Message, Reaction } from './queries'
import { EmojiPicker, Reactions } from './reactions'
import { linkTo } from './route'
import { fullTimeOf, timeOf } from './time'

interface MessageProps {
  readonly message: Message
  readonly reactions: readonly Reaction[]
  readonly isOwn: boolean
  readonly isAdmin: boolean
  /** The URL names it. */
  readonly isSought: boolean
  readonly isMember: boolean
  readonly isPending: boolean
  readonly isEditing: boolean
  /** The day that begins with this message. */
  readonly day: string | undefined
  readonly startsGroup: boolean
  readonly onReply: (message: Message) => void
  readonly onEdit: (id: string) => void
  readonly onEditEnd: () => void
}

export const MessageItem = memo(function MessageItem(props: MessageProps): ReactNode {
  const { message, reactions, isMember, isPending, isSought, isEditing, day, startsGroup, onEditEnd } = props
  const { id, author, name, avatar, deleted, edited, pinned, posted_at, text } = message
  const [hasEdits, setEdits] = useState(false)
  return (
    <>
      {day === undefined ? null : (
        <li className="day">
          <span>{day}</span>
        </li>
      )}
      <li
        className="message"
        data-group={startsGroup ? 'start' : 'more'}
        data-pending={isPending}
        data-sought={isSought}
        id={`message-${id}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard comes to a message, then to its actions
        tabIndex={0}
      >
        {startsGroup ? <Avatar subject={author} name={name} avatar={avatar} /> : <Time ms={posted_at} />}
        <div className="body">
          {startsGroup ? (
            <p className="by">
              <strong>{name}</strong> <Time ms={posted_at} />
            </p>
          ) : (
            <span className="visually-hidden">{name}: </span>
          )}
          {pinned === 1 ? (
            <p className="pinned">
              <Icon name="pin" /> Pinned
            </p>
          ) : null}
          {message.reply_to === null ? null : <Quote message={message} />}
          {isEditing ? (
            <EditForm id={id} text={text} onEnd={onEditEnd} />
          ) : (
            <div className="text" data-deleted={deleted === 1}>
              {deleted === 1 ? 'This message was deleted.' : linked(text)}
              {edited === 1 && deleted === 0 ? ' ' : null}
              {edited === 1 && deleted === 0 ? (
                <button
                  type="button"
                  className="edited"
                  aria-expanded={hasEdits}
                  title="Earlier versions"
                  onClick={() => setEdits(!hasEdits)}
                >
                  (edited)
                </button>
              ) : null}
              {isPending ? (
                <span className="pending" role="img" aria-label="Not confirmed yet" title="Not confirmed yet">
                  <Icon name="clock" />
                </span>
              ) : null}
            </div>
          )}
          {hasEdits && edited === 1 && deleted === 0 ? <Edits id={id} text={text} /> : null}
          <Reactions message={id} reactions={reactions} isMember={isMember} />
        </div>
        {isMember && deleted === 0 && !isEditing ? <Actions {...props} /> : null}
      </li>
    </>
  )
})

function Time({ ms }: { ms: number }): ReactNode {
  return (
    <time dateTime={new Date(ms).toISOString()} title={fullTimeOf(ms)}>
      {timeOf(ms)}
    </time>
  )
}

function Quote({ message }: { message: Message }): ReactNode {
  const { answered_name, answered_text, channel, reply_to } = message
  return (
    <blockquote>
      <Icon name="reply" />
      <a href={linkTo(channel, reply_to ?? '')}>
        <strong>{answered_name}</strong> <span>{answered_text || 'A deleted message'}</span>
      </a>
    </blockquote>
  )
}

function Actions({ message, reactions, isOwn, isAdmin, onReply, onEdit }: MessageProps): ReactNode {
  const commit = useCommit()
  const [open, setOpen] = useState<'reacting' | 'deleting'>()
  const close = (): void => setOpen(undefined)
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close()
  }
  return (
    <div className="actions" role="toolbar" aria-label="Message actions" onKeyDown={closeOnEscape}>
      {open === 'reacting' ? (
        <EmojiPicker message={message.id} reactions={reactions} onDone={close} />
      ) : open === 'deleting' ? (
        <button
          type="button"
          className="danger"
          // biome-ignore lint/a11y/noAutofocus: the keyboard follows into what was opened
          autoFocus
          onBlur={close}
          onClick={() => commit(events.messageDeleted({ id: message.id }))}
        >
          Delete for everyone
        </button>
      ) : (
        <>
          <IconButton icon="smile" label="React" onClick={() => setOpen('reacting')} />
          <IconButton icon="reply" label="Reply" onClick={() => onReply(message)} />
          <IconButton
            icon="pin"
            label={message.pinned === 1 ? 'Unpin' : 'Pin'}
            onClick={() => commit(pinOrUnpin(message))}
          />
          {isOwn ? <IconButton icon="edit" label="Edit message" onClick={() => onEdit(message.id)} /> : null}
          {isOwn || isAdmin ? (
            <IconButton icon="trash" label="Delete message" onClick={() => setOpen('deleting')} />
          ) : null}
        </>
      )}
    </div>
  )
}

function pinOrUnpin({ id, pinned }: Message): ChatEvent {
  return pinned === 1 ? events.messageUnpinned({ id }) : events.messagePinned({ id })
}

function EditForm({ id, text, onEnd }: { id: string; text: string; onEnd: () => void }): ReactNode {
  const commit = useCommit()
  const [draft, setDraft] = useState(text)
  const save = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault()
    if (draft.trim() === text || commit(events.messageEdited({ id, text: draft.trim() }))) onEnd()
  }
  return (
    <form className="edit" onSubmit={save}>
      <textarea
        aria-label="Edit message"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onEnd()
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) save(event)
        }}
        maxLength={4000}
        // biome-ignore lint/a11y/noAutofocus: editing was asked for
        autoFocus
        onFocus={({ currentTarget }) => currentTarget.setSelectionRange(text.length, text.length)}
      />
      <div className="edit-buttons">
        <button type="submit" className="primary small" disabled={draft.trim() === ''}>
          Save
        </button>
        <button type="button" className="small" onClick={onEnd}>
          Cancel
        </button>
      </div>
    </form>
  )
}
