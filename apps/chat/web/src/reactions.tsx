// Reactions: under a message, and the row of emoji to choose from.

import type { ReactNode } from 'react'
import { useRef } from 'react'
import { useQuery, useStore } from 'syncline/react'
import { events } from './model'
import { useCommit } from './notices'
import type { Reaction } from './queries'
import { reactions as reactionsOf } from './queries'

export const EMOJI = ['👍', '❤️', '😂', '🎉', '👀', '✅'] as const

export const NO_REACTIONS: readonly Reaction[] = []

/** Reactions by message; a list that did not change is the same list, so that its message does not render. */
export function useReactions(channel: string): ReadonlyMap<string, readonly Reaction[]> {
  const rows = useQuery(reactionsOf(channel), [channel])
  const known = useRef({ rows: NO_REACTIONS, byMessage: new Map<string, readonly Reaction[]>() })
  if (known.current.rows !== rows) {
    const before = known.current.byMessage
    const byMessage = new Map<string, readonly Reaction[]>()
    for (const [message, fresh] of Map.groupBy(rows, (row) => row.message)) {
      const old = before.get(message)
      byMessage.set(message, old !== undefined && sameRows(old, fresh) ? old : fresh)
    }
    known.current = { rows, byMessage }
  }
  return known.current.byMessage
}

interface ReactionsProps {
  readonly message: string
  readonly reactions: readonly Reaction[]
  readonly isMember: boolean
}

export function Reactions({ message, reactions, isMember }: ReactionsProps): ReactNode {
  const { subject } = useStore()
  const commit = useCommit()
  if (reactions.length === 0) return null
  return (
    <ul className="reactions" aria-label="Reactions">
      {[...Map.groupBy(reactions, ({ emoji }) => emoji)].map(([emoji, of]) => {
        const isMine = of.some(({ person }) => person === subject)
        const names = of.map(({ name }) => name).join(', ')
        const react = isMine ? events.reactionRemoved : events.reactionAdded
        return (
          <li key={emoji}>
            <button
              type="button"
              aria-pressed={isMine}
              aria-label={`${emoji} ${of.length}, ${names}`}
              title={names}
              disabled={!isMember && !isMine}
              onClick={() => commit(react({ message, emoji }))}
            >
              <span>{emoji}</span> {of.length}
            </button>
          </li>
        )
      })}
    </ul>
  )
}

interface PickerProps {
  readonly message: string
  readonly reactions: readonly Reaction[]
  readonly onDone: () => void
}

export function EmojiPicker({ message, reactions, onDone }: PickerProps): ReactNode {
  const { subject } = useStore()
  const commit = useCommit()
  const mine = new Set(reactions.filter(({ person }) => person === subject).map(({ emoji }) => emoji))
  return EMOJI.map((emoji, place) => (
    <button
      key={emoji}
      type="button"
      className="quiet emoji"
      aria-label={`React with ${emoji}`}
      aria-pressed={mine.has(emoji)}
      // biome-ignore lint/a11y/noAutofocus: the keyboard follows into what was opened
      autoFocus={place === 0}
      onClick={() => {
        const react = mine.has(emoji) ? events.reactionRemoved : events.reactionAdded
        commit(react({ message, emoji }))
        onDone()
      }}
    >
      {emoji}
    </button>
  ))
}

function sameRows(a: readonly Reaction[], b: readonly Reaction[]): boolean {
  return a.length === b.length && a.every((row, place) => row === b[place])
}
