// One message, with what can be done about it.

import type { FormEvent, KeyboardEvent, ReactNode } from 'react'
import { memo, useState } from 'react'
import { Avatar } from './avatar'
import { Icon } from './icons'
import { linked } from './links'
import { events } from './model'
import { useCommit } from './notices'
import type { Message, Reaction } from './queries'
import { EmojiPicker, Reactions } from './reactions'
import { fullTimeOf, timeOf } from './time'

interface MessageProps {
  readonly message: Message
  readonly reactions: readonly Reaction[]
  readonly isOwn: boolean
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
  const { message, reactions, isMember, isPending, isEditing, day, startsGroup, onEditEnd } = props
  const { id, author, name, avatar, deleted, edited, posted_at, text } = message
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
          {message.reply_to === null ? null : <Quote message={message} />}
          {isEditing ? (
            <EditForm id={id} text={text} onEnd={onEditEnd} />
          ) : (
            <div className="text" data-deleted={deleted === 1}>
              {deleted === 1 ? 'This message was deleted.' : linked(text)}
              {edited === 1 && deleted === 0 ? <small className="muted"> (edited)</small> : null}
              {isPending ? (
                <span className="pending" role="img" aria-label="Not confirmed yet" title="Not confirmed yet">
                  <Icon name="clock" />
                </span>
              ) : null}
            </div>
          )}
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

function Quote({ message: { answered_name, answered_text } }: { message: Message }): ReactNode {
  return (
    <blockquote>
      <Icon name="reply" />
      <strong>{answered_name}</strong> <span>{answered_text || 'A deleted message'}</span>
    </blockquote>
  )
}

function Actions({ message, reactions, isOwn, onReply, onEdit }: MessageProps): ReactNode {
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
          <Action icon="smile" label="React" onClick={() => setOpen('reacting')} />
          <Action icon="reply" label="Reply" onClick={() => onReply(message)} />
          {isOwn ? <Action icon="edit" label="Edit message" onClick={() => onEdit(message.id)} /> : null}
          {isOwn ? <Action icon="trash" label="Delete message" onClick={() => setOpen('deleting')} /> : null}
        </>
      )}
    </div>
  )
}

interface ActionProps {
  readonly icon: 'edit' | 'reply' | 'smile' | 'trash'
  readonly label: string
  readonly onClick: () => void
}

function Action({ icon, label, onClick }: ActionProps): ReactNode {
  return (
    <button type="button" className="quiet" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  )
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
