// Which messages are not confirmed yet.

import { useMemo } from 'react'
import { usePending } from 'syncline/react'
import type { ChatEvent } from './model'

/** Ids of the messages, and of the channels, that pending commits are about. */
export function usePendingIds(): ReadonlySet<string> {
  const pending = usePending()
  return useMemo(() => new Set(pending.flatMap(({ events }) => events.flatMap(idsOf))), [pending])
}

/** How many pending commits do not apply here at the moment. */
export const useConflicted = (): number => usePending().filter(({ conflicted }) => conflicted != null).length

function idsOf(event: ChatEvent): string[] {
  switch (event.name) {
    case 'messagePosted':
    case 'messageEdited':
    case 'messageDeleted':
    case 'messagePinned':
    case 'messageUnpinned':
    case 'channelCreated':
      return [event.args.id]
    case 'reactionAdded':
    case 'reactionRemoved':
      return [event.args.message]
    case 'channelChanged':
    case 'channelJoined':
    case 'channelLeft':
    case 'memberAdded':
      return [event.args.channel]
    case 'inviteCreated':
    case 'inviteRevoked':
    case 'personJoined':
    case 'roleGiven':
    case 'workspaceChanged':
      return []
  }
}
