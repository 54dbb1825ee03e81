// What kind a channel is of, as a picture.

import type { ReactNode } from 'react'
import type { IconName } from './icons'
import { Icon } from './icons'
import type { ChannelKind } from './model'

export const KINDS: Readonly<Record<ChannelKind, { icon: IconName; name: string; about: string }>> = {
  open: { icon: 'hash', name: 'Open to everybody', about: 'Everybody joins and writes.' },
  announcements: {
    icon: 'megaphone',
    name: 'Announcements, by admins',
    about: 'Admins write; everybody reads and reacts.',
  },
  private: {
    icon: 'lock',
    name: 'Private, for who is added',
    about: 'Its members add others. It is out of the way, not secret: everybody here has the same log.',
  },
}

export const ChannelIcon = ({ kind }: { kind: ChannelKind }): ReactNode => <Icon name={KINDS[kind].icon} />
