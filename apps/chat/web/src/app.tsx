// Who is it? Then their store, or why it cannot open.

import type { ReactNode } from 'react'
import { useState } from 'react'
import { StoreProvider } from 'syncline/react'
import { Chat } from './chat'
import { browserStorage, forget, readIdentity, remember } from './identity'
import { Joining } from './joining'
import { model } from './model'
import { NoticeProvider } from './notices'
import { SignIn } from './sign-in'
import { Skeleton } from './skeleton'
import { Standstill } from './standstill'

const syncUrl = import.meta.env.VITE_SYNC_URL ?? 'http://localhost:8787'
const token = import.meta.env.VITE_AUTH_TOKEN ?? 'dev-token'

export function App(): ReactNode {
  const [identity, setIdentity] = useState(() => readIdentity(location.search, browserStorage()))
  if (identity === undefined) {
    return (
      <SignIn
        onSignIn={(chosen) => {
          remember(chosen, browserStorage())
          setIdentity(chosen)
        }}
      />
    )
  }
  const signOut = (): void => {
    forget(browserStorage())
    // The parameters would sign in again at once.
    location.replace(location.pathname)
  }
  return (
    <StoreProvider
      storeId={identity.store}
      subject={identity.subject}
      url={syncUrl}
      auth={token}
      {...model}
      fallback={<Skeleton />}
      blocked={({ reason, message }) => <Standstill code={reason} message={message} isWaiting />}
      failed={({ code, message }) => <Standstill code={code} message={message} />}
    >
      <NoticeProvider>
        <Joining name={identity.name}>
          <Chat onSignOut={signOut} />
        </Joining>
      </NoticeProvider>
    </StoreProvider>
  )
}
