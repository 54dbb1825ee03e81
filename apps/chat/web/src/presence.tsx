// Who else is here, and who is writing. None of it is in the log.

import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { Present } from 'syncline'
import { usePresence, useQuery, useStore } from 'syncline/react'
import { Avatar } from './avatar'
import { peopleOf } from './queries'

/** What each tab of the chat tells the others. */
interface Here {
  readonly channel: string
  readonly writing: boolean
}

const SHOWN = 4
/** Who has not pressed a key for so long is thinking, and not writing. */
const WRITING_MS = 5_000

/** Tells the others which channel is open here, and whether something is being written; returns how to say so. */
export function useHere(channel: string): (isWriting: boolean) => void {
  const [wroteAt, setWroteAt] = useState<number>()
  usePresence<Here>({ channel, writing: wroteAt !== undefined })
  useEffect(() => {
    if (wroteAt === undefined) return
    const ends = setTimeout(() => setWroteAt(undefined), WRITING_MS)
    return () => clearTimeout(ends)
  }, [wroteAt])
  return (isWriting) => setWroteAt(isWriting ? Date.now() : undefined)
}

/** Everybody else who has the store open. */
export function People(): ReactNode {
  const { subject } = useStore()
  const here = usePresence<Here>()
  const people = usePeople(here.filter((other) => other.subject !== subject))
  if (people.length === 0) return null
  const names = people.map(({ name }) => name).join(', ')
  return (
    <p className="people" title={`Here now: ${names}`}>
      <span className="visually-hidden">Here now: {names}</span>
      {people.slice(0, SHOWN).map(({ id, name, avatar }) => (
        <Avatar key={id} subject={id} name={name} avatar={avatar} />
      ))}
      {people.length > SHOWN ? (
        <span className="muted" aria-hidden="true">
          +{people.length - SHOWN}
        </span>
      ) : null}
    </p>
  )
}

export function Writing({ channel }: { channel: string }): ReactNode {
  const { subject } = useStore()
  const here = usePresence<Here>()
  const writes = (other: Present<Here>): boolean => other.value.writing && other.value.channel === channel
  const people = usePeople(here.filter((other) => other.subject !== subject && writes(other)))
  return (
    <p className="writing" role="status">
      {sentenceOf(people.map(({ name }) => name))}
    </p>
  )
}

function usePeople(here: readonly Present<Here>[]) {
  const subjects = [...new Set(here.map(({ subject }) => subject))].sort()
  return useQuery(peopleOf(subjects), [subjects.join('\n')])
}

function sentenceOf(names: readonly string[]): string {
  if (names.length === 0) return ''
  if (names.length > 2) return 'Several people are writing…'
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} writing…`
}
