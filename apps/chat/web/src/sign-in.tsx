// The first page: a name is all it takes.

import type { FormEvent, ReactNode } from 'react'
import { useState } from 'react'
import { Logo } from './icons'
import type { Identity } from './identity'
import { DEFAULT_STORE, subjectOf } from './identity'

export function SignIn({ onSignIn }: { onSignIn: (identity: Identity) => void }): ReactNode {
  const [name, setName] = useState('')
  const [store, setStore] = useState(new URLSearchParams(location.search).get('store') ?? DEFAULT_STORE)
  const isComplete = subjectOf(name) !== '' && /^[A-Za-z0-9_-]{1,64}$/.test(store)

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isComplete) onSignIn({ subject: subjectOf(name), name: name.trim(), store })
  }
  return (
    <main className="centered">
      <form className="card" onSubmit={submit}>
        <Logo />
        <h1>Welcome</h1>
        <p className="muted">A team chat that keeps working without a network.</p>
        <label className="field">
          <span>Your name</span>
          <input
            name="name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="nickname"
            maxLength={40}
            // biome-ignore lint/a11y/noAutofocus: the only thing to do on this page
            autoFocus
            required
          />
        </label>
        <label className="field">
          <span>Team</span>
          <input
            name="store"
            value={store}
            onChange={(event) => setStore(event.target.value.trim())}
            pattern="[A-Za-z0-9_\-]{1,64}"
            title="1 to 64 letters, digits, _ and -"
            autoComplete="off"
            spellCheck={false}
            required
          />
        </label>
        <button type="submit" className="primary" disabled={!isComplete}>
          Sign in
        </button>
      </form>
    </main>
  )
}
