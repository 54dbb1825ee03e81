// The field for the next message: Enter sends, Shift+Enter begins a new line.

import type { FormEvent, KeyboardEvent, ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import { freshId } from 'syncline'
import { useLocal } from 'syncline/react'
import type { Channel } from './channels'
import { Icon } from './icons'
import { events } from './model'
import { useCommit } from './notices'
import { useHere } from './presence'
import type { Message } from './queries'

interface ComposerProps {
  readonly channel: Channel
  readonly replyTo: Message | undefined
  readonly onReplyEnd: () => void
  readonly onPosted: () => void
  readonly onEditLast: () => void
}

export function Composer({ channel, replyTo, onReplyEnd, onPosted, onEditLast }: ComposerProps): ReactNode {
  const commit = useCommit()
  const [text, setText] = useLocal(`draft:${channel.id}`, '', 'tab')
  const onWrite = useHere(channel.id)
  const field = useRef<HTMLTextAreaElement>(null)

  useEffect(() => {
    if (replyTo !== undefined) field.current?.focus()
  }, [replyTo])

  const write = (text: string): void => {
    setText(text)
    onWrite(text !== '')
  }
  const post = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault()
    if (text.trim() === '') return
    const args = { id: freshId(), channel: channel.id, text: text.trim(), postedAt: Date.now() }
    if (!commit(events.messagePosted({ ...args, replyTo: replyTo?.id ?? null }))) return
    write('')
    onReplyEnd()
    onPosted()
  }
  const handleKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) post(event)
    if (event.key === 'Escape') onReplyEnd()
    if (event.key === 'ArrowUp' && text === '') onEditLast()
  }
  return (
    <form className="composer" onSubmit={post}>
      {replyTo === undefined ? null : (
        <p className="replying">
          <span>
            Reply to <strong>{replyTo.name}</strong>: {replyTo.text}
          </span>
          <button type="button" className="quiet" aria-label="Do not reply" onClick={onReplyEnd}>
            <Icon name="close" />
          </button>
        </p>
      )}
      <div className="composer-row">
        <textarea
          ref={field}
          aria-label={`Message #${channel.name}`}
          placeholder={`Message #${channel.name}`}
          value={text}
          onChange={(event) => write(event.target.value)}
          onKeyDown={handleKey}
          maxLength={4000}
          rows={1}
          enterKeyHint="send"
          // biome-ignore lint/a11y/noAutofocus: writing is what a channel is opened for
          autoFocus={matchMedia('(hover: hover)').matches}
        />
        <button type="submit" className="primary send" aria-label="Send" disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}
