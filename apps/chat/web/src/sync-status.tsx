// The pill that says how the sync is doing, and the facts behind it.

import type { FocusEvent, KeyboardEvent, ReactNode } from 'react'
import { useId, useState } from 'react'
import type { Status } from 'syncline'
import { useStore, useSyncStatus } from 'syncline/react'
import { useConflicted } from './pending'

const LABELS: Readonly<Record<Status['state'], string>> = {
  connecting: 'Connecting',
  online: 'Online',
  offline: 'Offline',
  'needs-auth': 'Sign in again',
  blocked: 'Blocked',
}

export function SyncStatus(): ReactNode {
  const status = useSyncStatus()
  const [isOpen, setOpen] = useState(false)
  const panel = useId()
  const label = LABELS[status.state]
  const waiting = status.pending === 0 ? '' : `${status.pending} pending`
  const close = (event: FocusEvent | KeyboardEvent): void => {
    if ('key' in event ? event.key === 'Escape' : !event.currentTarget.contains(event.relatedTarget))
      setOpen(false)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what closes the panel, wherever the focus is in it
    <div className="sync" onBlur={close} onKeyDown={close}>
      <button
        type="button"
        className="pill"
        data-state={status.state}
        data-hindered={status.reason !== undefined}
        aria-label="Sync status"
        aria-expanded={isOpen}
        aria-controls={panel}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="dot" aria-hidden="true" />
        <span className="label">{label}</span>
        {waiting === '' ? null : <span className="count">{status.pending}</span>}
      </button>
      <p className="visually-hidden" role="status">
        {[label, status.reason, waiting].filter(Boolean).join(', ')}
      </p>
      <div id={panel} className="panel" hidden={!isOpen}>
        <Facts status={status} />
      </div>
    </div>
  )
}

function Facts({ status }: { status: Status }): ReactNode {
  const { storeId } = useStore()
  const conflicted = useConflicted()
  const isMemory = status.storage === 'memory'
  return (
    <>
      {status.reason === undefined ? null : (
        <div className="why">
          <p>{status.message}</p>
          <code className="reason">{status.reason}</code>
        </div>
      )}
      <dl>
        <dt>Not confirmed yet</dt>
        <dd>{status.pending}</dd>
        {conflicted === 0 ? null : (
          <>
            <dt>No longer apply here</dt>
            <dd>{conflicted}</dd>
          </>
        )}
        <dt>Events in the log</dt>
        <dd>{status.head}</dd>
        <dt>Kept in</dt>
        <dd>{isMemory ? 'memory, until this tab is closed' : 'this browser'}</dd>
        <dt>Store</dt>
        <dd>{storeId}</dd>
      </dl>
      <a className="reset" href={resetUrl()}>
        Clear local data
      </a>
    </>
  )
}

/** What is not confirmed is lost with the local data; the rest comes back from the server. */
function resetUrl(): string {
  const url = new URL(location.href)
  url.searchParams.set('reset', '')
  return url.href
}
