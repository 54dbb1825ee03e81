// Says why a commit was rejected: at once by the rules here, or later by the server.

import type { ReactNode } from 'react'
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react'
import type { LostCommit, RejectedCommit } from 'syncline'
import { RejectionError } from 'syncline'
import { useLost, useRejected, useStore } from 'syncline/react'
import { Icon } from './icons'
import type { ChatEvent } from './model'
import { reasonOf } from './reason'

interface Notice {
  readonly id: number
  readonly text: string
}

/** Commits events; a rejection is shown, and `false`. */
type Commit = (...events: ChatEvent[]) => boolean

const SHOWN_MS = 8_000
const CommitContext = createContext<Commit>(() => false)

export const useCommit = (): Commit => useContext(CommitContext)

export function NoticeProvider({ children }: { children: ReactNode }): ReactNode {
  const store = useStore()
  const [notices, setNotices] = useState<readonly Notice[]>([])
  const next = useRef(0)
  const commit = useCallback<Commit>(
    (...events) => {
      try {
        store.commit(...events)
        return true
      } catch (error) {
        if (!(error instanceof RejectionError)) throw error
        const notice = { id: next.current, text: reasonOf(error) }
        next.current += 1
        // The same reason twice is one notice.
        setNotices((shown) => [...shown.filter(({ text }) => text !== notice.text), notice])
        return false
      }
    },
    [store],
  )
  const dismiss = useCallback((id: number) => setNotices((shown) => shown.filter((it) => it.id !== id)), [])
  return (
    <CommitContext value={commit}>
      {children}
      <Notices notices={notices} onDismiss={dismiss} />
    </CommitContext>
  )
}

function Notices({
  notices,
  onDismiss,
}: {
  notices: readonly Notice[]
  onDismiss: (id: number) => void
}): ReactNode {
  const store = useStore()
  const rejected = useRejected()
  const lost = useLost()
  return (
    <section className="notices" aria-label="Notices">
      <LostNotice lost={lost} onDismiss={(upto) => store.dismissLost(upto)} />
      {rejected.map((commit) => (
        <RejectedNotice key={commit.counter} commit={commit} onDismiss={() => store.dismiss(commit)} />
      ))}
      {notices.map((notice) => (
        <PassingNotice key={notice.id} notice={notice} onDismiss={onDismiss} />
      ))}
    </section>
  )
}

function PassingNotice({
  notice,
  onDismiss,
}: {
  notice: Notice
  onDismiss: (id: number) => void
}): ReactNode {
  const { id, text } = notice
  const [isHeld, setHeld] = useState(false)
  useEffect(() => {
    if (isHeld) return
    const timer = setTimeout(() => onDismiss(id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [id, isHeld, onDismiss])
  return (
    <div className="notice" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
      <p role="alert">{text}</p>
      <DismissButton onClick={() => onDismiss(id)} />
    </div>
  )
}

function RejectedNotice({
  commit,
  onDismiss,
}: {
  commit: RejectedCommit<ChatEvent>
  onDismiss: () => void
}): ReactNode {
  const commitAgain = useCommit()
  const said = useMemo(() => commit.events.map(describe).join(', '), [commit])
  return (
    <div className="notice rejected">
      <div role="alert">
        <p>
          <strong>Not accepted:</strong> {said}
        </p>
        <p className="muted">{reasonOf(commit)}</p>
      </div>
      <button
        type="button"
        className="small"
        onClick={() => {
          if (commitAgain(...commit.events)) onDismiss()
        }}
      >
        Try again
      </button>
      <DismissButton onClick={onDismiss} />
    </div>
  )
}

/** The server was reset, or restored from an older backup: what this browser still knows of the rest. */
function LostNotice({
  lost,
  onDismiss,
}: {
  lost: readonly LostCommit<ChatEvent>[]
  onDismiss: (upto: LostCommit) => void
}): ReactNode {
  const commitAgain = useCommit()
  const { subject } = useStore()
  const last = lost.at(-1)
  if (last === undefined) return null
  const own = lost.filter(({ author }) => author === subject)
  const others = lost.length - own.length
  return (
    <div className="notice rejected">
      <div role="alert">
        <p>
          <strong>The server has lost {lost.length === 1 ? 'one change' : `${lost.length} changes`}:</strong>{' '}
          it was reset, or restored from an older backup.
        </p>
        <p className="muted">
          {own.length === 0
            ? 'None of them is yours.'
            : own.flatMap(({ events }) => events.map(describe)).join(', ')}
          {own.length > 0 && others > 0 ? `, and ${others} of others` : ''}
        </p>
      </div>
      {own.length === 0 ? null : (
        <button
          type="button"
          className="small"
          onClick={() => {
            for (const { events } of own) commitAgain(...events)
            onDismiss(last)
          }}
        >
          Commit mine again
        </button>
      )}
      <DismissButton onClick={() => onDismiss(last)} />
    </div>
  )
}

function DismissButton({ onClick }: { onClick: () => void }): ReactNode {
  return (
    <button type="button" className="quiet" aria-label="Dismiss" onClick={onClick}>
      <Icon name="close" />
    </button>
  )
}

function describe(event: ChatEvent): string {
  switch (event.name) {
    case 'personJoined':
      return `joining as “${event.args.name}”`
    case 'channelCreated':
      return `the channel “${event.args.name}”`
    case 'roleGiven':
      return `making somebody ${event.args.role}`
    case 'workspaceChanged':
      return 'changing the workspace'
    case 'inviteCreated':
      return 'an invite'
    case 'inviteRevoked':
      return 'taking an invite back'
    case 'channelChanged':
      return 'changing a channel'
    case 'memberAdded':
      return 'adding somebody to a channel'
    case 'messagePinned':
      return 'pinning a message'
    case 'messageUnpinned':
      return 'unpinning a message'
    case 'channelJoined':
      return 'joining a channel'
    case 'channelLeft':
      return 'leaving a channel'
    case 'messagePosted':
      return `your message “${event.args.text}”`
    case 'messageEdited':
      return `your edit “${event.args.text}”`
    case 'messageDeleted':
      return 'deleting a message'
    case 'reactionAdded':
      return `your reaction ${event.args.emoji}`
    case 'reactionRemoved':
      return `taking back ${event.args.emoji}`
  }
}
