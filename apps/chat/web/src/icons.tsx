// The chat's few pictures, drawn in the colour of their text.

import type { ComponentProps, ReactNode } from 'react'

const PATHS = {
  add: 'M12 5v14M5 12h14',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  clock: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  close: 'M6 6l12 12M18 6 6 18',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  hash: 'M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16',
  history: 'M4 5v4h4M4.5 9a8 8 0 1 1-.3 5M12 8v4.5l3 1.5',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  leave: 'M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h10',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  megaphone: 'M4 10v4h3l7 4V6l-7 4zM17.5 9.5a4 4 0 0 1 0 5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6v1',
  reply: 'M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6v1',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20',
  send: 'M5 12h13M12 5l7 7-7 7',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4.2 4.2 0 0 0 7 0M9 10h.01M15 10h.01',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  undo: 'M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6v1',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}

interface IconButtonProps
  extends Omit<ComponentProps<'button'>, 'children' | 'className' | 'title' | 'type'> {
  readonly icon: IconName
  readonly label: string
}

/** A button that says by a picture, and to who cannot see it by its label, what it does. */
export function IconButton({ icon, label, ...more }: IconButtonProps): ReactNode {
  return (
    <button type="button" className="quiet" aria-label={label} title={label} {...more}>
      <Icon name={icon} />
    </button>
  )
}

export function Logo(): ReactNode {
  return <img className="logo" src="/icon.svg" alt="" width="44" height="44" />
}
