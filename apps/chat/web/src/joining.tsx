// Makes whoever signed in one of the people, under a name that nobody else has.

import type { FormEvent, ReactNode } from 'react'
import { useEffect, useRef, useState } from 'react'
import { useQuery, useStore, useSyncStatus } from 'syncline/react'
import { Logo } from './icons'
import { events } from './model'
import { useCommit } from './notices'
import { named, person, workspace } from './queries'
import { Skeleton } from './skeleton'

/** The code of the invite that led here. */
const invite = new URLSearchParams(location.search).get('invite')

export function Joining({ name, children }: { name: string; children: ReactNode }): ReactNode {
  const { subject } = useStore()
  const commit = useCommit()
  const { state } = useSyncStatus()
  const [me] = useQuery(person(subject), [subject])
  const hasTried = useRef(false)
  const [isRefused, setRefused] = useState(false)
  const hasJoined = me !== undefined
  // Whoever comes back to a team from a new browser is known there: that is told first.
  const canTell = state !== 'connecting'

  useEffect(() => {
    if (hasJoined) hasTried.current = true
    else if (hasTried.current) setRefused(true)
    else if (canTell) {
      hasTried.current = true
      if (!commit(events.personJoined({ name, invite }))) setRefused(true)
    }
  }, [canTell, commit, hasJoined, name])

  if (hasJoined) return children
  return isRefused ? <AnotherName name={name} /> : <Skeleton />
}

function AnotherName({ name }: { name: string }): ReactNode {
  const commit = useCommit()
  const [chosen, setChosen] = useState(name)
  const [code, setCode] = useState(invite ?? '')
  const [taken] = useQuery(named(name), [name])
  const [settings] = useQuery(workspace, [])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    commit(events.personJoined({ name: chosen.trim(), invite: code.trim() || null }))
  }
  return (
    <main className="centered">
      <form className="card" onSubmit={submit}>
        <Logo />
        {taken === undefined ? (
          <h1>Join this team</h1>
        ) : (
          <>
            <h1>Choose another name</h1>
            <p className="muted">Somebody in this team is called “{name}” already.</p>
          </>
        )}
        <label className="field">
          <span>Your name</span>
          <input value={chosen} onChange={(event) => setChosen(event.target.value)} maxLength={40} required />
        </label>
        {settings?.invite_only === 1 ? (
          <label className="field">
            <span>The code of your invite</span>
            <input value={code} onChange={(event) => setCode(event.target.value)} maxLength={64} required />
          </label>
        ) : null}
        <button type="submit" className="primary" disabled={chosen.trim() === ''}>
          Join
        </button>
      </form>
    </main>
  )
}
