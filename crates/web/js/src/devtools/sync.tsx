// How the sync is doing, what waits, and the network as it might be.

import type { ReactNode } from 'react'
import { useState } from 'react'
import { useStore } from '../react/provider'
import { usePending, useRejected, useSyncStatus } from '../react/status'

const DELAYS = [0, 100, 500, 2_000]

export function Sync(): ReactNode {
  const store = useStore()
  const status = useSyncStatus()
  const [pending, rejected] = [usePending(), useRejected()]
  const [isCut, setCut] = useState(false)
  const [delay, setDelay] = useState(0)
  const facts = { ...status, store: store.storeId, subject: store.subject }
  const cut = (): void => {
    store.cut(!isCut)
    setCut(!isCut)
  }
  return (
    <>
      <div className="bar">
        <button type="button" aria-pressed={isCut} onClick={cut}>
          {isCut ? 'Let the connection again' : 'Cut the connection'}
        </button>
        <label>
          Delay, each way{' '}
          <select
            value={delay}
            onChange={({ target }) => {
              store.delay(Number(target.value))
              setDelay(Number(target.value))
            }}
          >
            {DELAYS.map((ms) => (
              <option key={ms} value={ms}>
                {ms === 0 ? 'none' : `${ms} ms`}
              </option>
            ))}
          </select>
        </label>
        <span className="muted">{isCut ? 'Work goes on offline, in all tabs of this browser.' : ''}</span>
      </div>
      <table>
        <tbody>
          {Object.entries(facts).map(([name, value]) => (
            <tr key={name}>
              <th>{name}</th>
              <td>{String(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Outbox</h3>
      {pending.length === 0 ? <p className="muted">Nothing waits for the server</p> : null}
      <ul>
        {pending.map(({ session, number, events, conflicted }) => (
          <li key={`${session}:${number}`}>
            {events.map(({ name }) => name).join(', ')}
            {conflicted === undefined ? null : <span className="bad"> {conflicted.message}</span>}
          </li>
        ))}
      </ul>
      {rejected.length === 0 ? null : <h3>Rejected</h3>}
      <ul>
        {rejected.map((commit) => (
          <li key={commit.counter}>
            {commit.events.map(({ name }) => name).join(', ')} <span className="bad">{commit.message}</span>{' '}
            <button type="button" onClick={() => store.dismiss(commit)}>
              Dismiss
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
