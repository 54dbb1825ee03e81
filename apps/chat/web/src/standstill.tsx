// Shown in place of the chat where its store cannot open, or has to wait.

import type { ReactNode } from 'react'
import { Logo } from './icons'

interface StandstillProps {
  readonly code: string | undefined
  readonly message: string | undefined
  /** It goes on by itself. */
  readonly isWaiting?: boolean
}

export function Standstill({ code, message, isWaiting = false }: StandstillProps): ReactNode {
  return (
    <main className="centered">
      <div className="card" role="alert">
        <Logo />
        <h1>{titleOf(code, isWaiting)}</h1>
        <p className="muted">{message}</p>
        {code === undefined ? null : <code className="reason">{code}</code>}
        {isWaiting ? (
          <p className="waiting">
            <span className="spinner" aria-hidden="true" /> Waiting
          </p>
        ) : (
          <button type="button" className="primary" onClick={() => location.reload()}>
            Try again
          </button>
        )}
      </div>
    </main>
  )
}

function titleOf(code: string | undefined, isWaiting: boolean): string {
  if (code === 'another-tab') return 'Open in another tab'
  return isWaiting ? 'One moment' : 'The chat cannot open'
}
