// The workspace as a whole: its name, who is in it and as what, and who may come.

import type { FormEvent, ReactNode } from 'react'
import { useEffect, useRef, useState } from 'react'
import { freshId } from 'syncline'
import { useQuery, useStore } from 'syncline/react'
import { Avatar } from './avatar'
import { IconButton } from './icons'
import type { Role } from './model'
import { events } from './model'
import { useCommit } from './notices'
import { invites as allInvites, people as everybody, person, workspace } from './queries'
import { SampleData } from './sample'
import { momentOf } from './time'

const ROLES: readonly Role[] = ['member', 'admin', 'owner']
const DAY_MS = 24 * 60 * 60 * 1000

export function useMayAdminister(): boolean {
  const { subject } = useStore()
  const [me] = useQuery(person(subject), [subject])
  return me !== undefined && me.role !== 'member'
}

export function Workspace({ onClose }: { onClose: () => void }): ReactNode {
  const { storeId } = useStore()
  const isAdmin = useMayAdminister()
  const [settings] = useQuery(workspace, [])
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="workspace" aria-label="Workspace" onClose={onClose}>
      <header>
        <h2>{settings?.name ?? storeId}</h2>
        <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
      </header>
      {isAdmin ? <Settings name={settings?.name ?? ''} isInviteOnly={settings?.invite_only === 1} /> : null}
      {isAdmin ? <Invites /> : null}
      <People isAdmin={isAdmin} />
      <SampleData />
    </dialog>
  )
}

function Settings({ name, isInviteOnly }: { name: string; isInviteOnly: boolean }): ReactNode {
  const commit = useCommit()
  const [draft, setDraft] = useState(name)
  const change = (name: string, inviteOnly: boolean): boolean =>
    commit(events.workspaceChanged({ name: name.trim() || null, inviteOnly }))
  const rename = (event: FormEvent): void => {
    event.preventDefault()
    change(draft, isInviteOnly)
  }
  return (
    <section>
      <form className="line" onSubmit={rename}>
        <label className="field">
          <span>Name of the workspace</span>
          <input value={draft} maxLength={40} onChange={(event) => setDraft(event.target.value)} />
        </label>
        <button type="submit" disabled={draft.trim() === name}>
          Rename
        </button>
      </form>
      <label className="check">
        <input
          type="checkbox"
          checked={isInviteOnly}
          onChange={({ target }) => change(name, target.checked)}
        />
        Who is new needs an invite
      </label>
    </section>
  )
}

function Invites(): ReactNode {
  const commit = useCommit()
  const invites = useQuery(allInvites, [])
  const create = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [uses, days] = [Number(form.get('uses')), Number(form.get('days'))]
    const expiresAt = days === 0 ? null : Date.now() + days * DAY_MS
    commit(events.inviteCreated({ code: freshId(), uses: uses === 0 ? null : uses, expiresAt }))
  }
  return (
    <section aria-label="Invites">
      <h3>Invites</h3>
      <ul>
        {invites.map(({ code, expires_at, uses_left }) => (
          <li key={code}>
            <input readOnly aria-label="Link of the invite" value={linkOf(code)} onFocus={selectAll} />
            <span className="muted">
              {uses_left === null ? 'for anybody' : `${uses_left} left`}
              {expires_at === null ? '' : `, until ${momentOf(expires_at)}`}
            </span>
            <button type="button" className="small" onClick={() => commit(events.inviteRevoked({ code }))}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
      <form className="line" onSubmit={create}>
        <label className="field">
          <span>For</span>
          <select name="uses" defaultValue="0">
            <option value="0">anybody</option>
            <option value="1">one person</option>
            <option value="10">10 people</option>
          </select>
        </label>
        <label className="field">
          <span>Good for</span>
          <select name="days" defaultValue="7">
            <option value="1">a day</option>
            <option value="7">a week</option>
            <option value="0">ever</option>
          </select>
        </label>
        <button type="submit">Make an invite</button>
      </form>
    </section>
  )
}

const selectAll = ({ currentTarget }: { currentTarget: HTMLInputElement }): void => currentTarget.select()

function linkOf(invite: string): string {
  const url = new URL(location.href)
  const store = url.searchParams.get('store')
  url.search = new URLSearchParams({ ...(store === null ? {} : { store }), invite }).toString()
  url.hash = ''
  return url.href
}

function People({ isAdmin }: { isAdmin: boolean }): ReactNode {
  const commit = useCommit()
  const people = useQuery(everybody, [])
  return (
    <section aria-label="People">
      <h3>{people.length === 1 ? '1 person' : `${people.length} people`}</h3>
      <ul>
        {people.map(({ id, name, avatar, role }) => (
          <li key={id}>
            <Avatar subject={id} name={name} avatar={avatar} />
            <span className="name">{name}</span>
            {isAdmin ? (
              <select
                aria-label={`Role of ${name}`}
                value={role}
                onChange={({ target }) =>
                  commit(events.roleGiven({ person: id, role: target.value as Role }))
                }
              >
                {ROLES.map((role) => (
                  <option key={role}>{role}</option>
                ))}
              </select>
            ) : (
              <span className="muted">{role}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
