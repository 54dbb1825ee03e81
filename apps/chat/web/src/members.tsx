// Who is in a channel.

import type { ReactNode } from 'react'
import { useQuery } from 'syncline/react'
import { Avatar } from './avatar'
import { members as membersOf } from './queries'

const SHOWN = 8

export function Members({ channel }: { channel: string }): ReactNode {
  const members = useQuery(membersOf(channel), [channel])
  if (members.length === 0) return null
  const names = members.map(({ name }) => name).join(', ')
  return (
    <p className="members" title={names}>
      {members.slice(0, SHOWN).map(({ id, name, avatar }) => (
        <Avatar key={id} subject={id} name={name} avatar={avatar} />
      ))}
      <span className="muted">{members.length === 1 ? '1 member' : `${members.length} members`}</span>
      <span className="visually-hidden">: {names}</span>
    </p>
  )
}
