// What stands beside the conversation: a channel's details, or a search.

import type { KeyboardEvent, ReactNode } from 'react'
import { IconButton } from './icons'

interface DrawerProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Drawer({ title, onClose, children }: DrawerProps): ReactNode {
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose()
  }
  return (
    <aside className="drawer" aria-label={title} onKeyDown={closeOnEscape}>
      <header>
        <h2>{title}</h2>
        <IconButton icon="close" label={`Close ${title}`} onClick={onClose} />
      </header>
      {children}
    </aside>
  )
}
