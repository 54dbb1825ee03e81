// Messages out of their channel: pinned ones, and what a search has found.

import type { ReactNode } from 'react'
import type { FoundMessage } from './queries'
import { linkTo } from './route'
import { momentOf } from './time'

interface FoundProps {
  readonly messages: readonly FoundMessage[]
  readonly withChannel?: boolean
  readonly onFollow?: () => void
}

export function Found({ messages, withChannel = false, onFollow }: FoundProps): ReactNode {
  return (
    <ul className="found">
      {messages.map(({ id, channel, channel_name, name, posted_at, text }) => (
        <li key={id}>
          <a href={linkTo(channel, id)} onClick={onFollow}>
            <span className="muted">
              {withChannel ? `#${channel_name} · ` : ''}
              {name}, {momentOf(posted_at)}
            </span>
            <span>{text}</span>
          </a>
        </li>
      ))}
    </ul>
  )
}
